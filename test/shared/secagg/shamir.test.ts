/** Any threshold of shares rebuild a secret; one fewer is consistent with every secret. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Rng, randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { combineShares, lagrangeWeights, weightedSum } from "../../../shared/secagg/shamir.ts";
import { multiply, shareAt } from "../../vectors/second/field.ts";

const setting = fc
  .record({
    count: fc.integer({ min: 2, max: 40 }),
    seed: fc.string(),
    secret: fc.uint8Array({ minLength: 8, maxLength: 32 }),
  })
  .chain((base) =>
    fc.integer({ min: 2, max: base.count }).chain((threshold) =>
      fc
        .shuffledSubarray(
          Array.from({ length: base.count }, (_, i) => i + 1),
          { minLength: threshold, maxLength: threshold },
        )
        .map((points) => ({ ...base, threshold, points })),
    ),
  );

/** As prekeys are dealt: the secret and all but one of the threshold's rows are drawn, the others follow. */
function splitSecret(secret: Uint8Array, threshold: number, count: number, rng: Rng): Uint8Array[] {
  const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);
  const given = [secret, ...upTo(threshold - 1).map(() => randomBytes(rng, secret.length))];
  const targets = upTo(count + 1 - threshold).map((i) => threshold + i);
  const weights = lagrangeWeights(upTo(threshold), targets);
  return [...given.slice(1), ...weights.map((row) => weightedSum(row, given))];
}

test("any threshold of shares rebuild the secret, and one fewer do not", () => {
  fc.assert(
    fc.property(setting, ({ count, threshold, points, secret, seed }) => {
      const shares = splitSecret(secret, threshold, count, reproducibleRng(seed));
      const chosen = points.map((point) => ({
        point,
        share: shares[point - 1] ?? new Uint8Array(),
      }));
      expect(combineShares(chosen)).toEqual(secret);
      expect(combineShares(chosen.slice(1))).not.toEqual(secret);
    }),
  );
});

test("one share of a threshold of two takes every value for one secret: it tells nothing", () => {
  const seen = new Set<number>();
  for (let drawn = 0; drawn < 256; drawn++) {
    const rng = { fill: (target: Uint8Array) => void target.fill(drawn) };
    seen.add(splitSecret(Uint8Array.of(42), 2, 3, rng)[2]?.[0] ?? -1);
  }
  expect(seen.size).toBe(256);
});

test("rows drawn at t - 1 points and coefficients drawn for a polynomial are the same sharings, each once", () => {
  const all = [...new Array(256).keys()];
  const byCoefficient = new Set<string>();
  const byRow = new Set<string>();
  for (const drawn of all) {
    byCoefficient.add(
      [1, 2, 3].map((point) => shareAt(Uint8Array.of(42), [Uint8Array.of(drawn)], point)).join(),
    );
    const rng = { fill: (target: Uint8Array) => void target.fill(drawn) };
    byRow.add(splitSecret(Uint8Array.of(42), 2, 3, rng).join());
  }
  expect(byRow.size).toBe(256);
  expect(byRow).toEqual(byCoefficient);
});

test("weights carry every polynomial from its points to any other, row by row", () => {
  const rng = reproducibleRng("weights");
  const points = [0, 3, 7, 200, 255];
  const coefficients = points.slice(1).map(() => randomBytes(rng, 40));
  const secret = randomBytes(rng, 40);
  const valueAt = (point: number): Uint8Array => shareAt(secret, coefficients, point);
  const targets = [1, 2, 4, 128, 254];
  const weights = lagrangeWeights(points, targets);
  expect(weights.length).toBe(5);
  for (const [i, target] of targets.entries())
    expect(weightedSum(weights[i] ?? new Uint8Array(), points.map(valueAt))).toEqual(
      valueAt(target),
    );
});

test("a weighted sum multiplies in the field; a missing weight or a shorter row is refused", () => {
  const [a, b] = [Uint8Array.of(0, 1, 2, 255), Uint8Array.of(9, 0, 128, 77)];
  const expected = a.map((byte, i) => multiply(3, byte) ^ multiply(254, b[i] ?? 0));
  expect(weightedSum(Uint8Array.of(3, 254), [a, b])).toEqual(expected);
  expect(() => weightedSum(Uint8Array.of(3), [a, b])).toThrow("a weight for each row");
  expect(() => weightedSum(Uint8Array.of(3, 4), [a, b.subarray(1)])).toThrow("differ in length");
});

test("the largest room works; repeated points, point 0 and points that are none are refused", () => {
  const secret = Uint8Array.of(1, 2, 3);
  const rng = reproducibleRng("large");
  const shares = splitSecret(secret, 171, 255, rng).map((share, i) => ({ point: i + 1, share }));
  expect(combineShares(shares.slice(84))).toEqual(secret);
  const [first] = shares;
  expect(() => combineShares(first ? [first, first] : [])).toThrow("repeated");
  expect(() => combineShares([{ point: 0, share: secret }])).toThrow("repeated");
  for (const point of [-1, 256, 1.5]) {
    expect(() => combineShares([{ point, share: secret }])).toThrow("out of range");
    expect(() => lagrangeWeights([1], [point])).toThrow("out of range");
  }
  expect(() => lagrangeWeights([1, 2], [2])).toThrow("repeated");
});
