/** Any threshold of shares rebuild a secret; one fewer is consistent with every secret. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { combineShares, splitSecret } from "../../../shared/secagg/shamir.ts";

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
  for (let coefficient = 0; coefficient < 256; coefficient++) {
    const rng = { fill: (target: Uint8Array): unknown => target.fill(coefficient) } as {
      fill(target: Uint8Array): void;
    };
    seen.add(splitSecret(Uint8Array.of(42), 2, 3, rng)[2]?.[0] ?? -1);
  }
  expect(seen.size).toBe(256);
});

test("the largest room works; repeated points, point 0 and bad thresholds are refused", () => {
  const secret = Uint8Array.of(1, 2, 3);
  const rng = reproducibleRng("large");
  const shares = splitSecret(secret, 171, 255, rng).map((share, i) => ({ point: i + 1, share }));
  expect(combineShares(shares.slice(84))).toEqual(secret);
  const [first] = shares;
  expect(() => combineShares(first ? [first, first] : [])).toThrow("repeated");
  expect(() => combineShares([{ point: 0, share: secret }])).toThrow("malformed");
  expect(() => splitSecret(secret, 4, 3, rng)).toThrow("threshold");
  expect(() => splitSecret(secret, 2, 256, rng)).toThrow("threshold");
});
