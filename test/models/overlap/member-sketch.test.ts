/** A member's sketch: each identifier once, so many of a unit, and none at all of a set that is too small. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { digestSet } from "../../../models/overlap/digest-set.ts";
import { type IdentifiedRows, sketchInPlace } from "../../../models/overlap/member-sketch.ts";
import {
  isLargeEnough,
  sizeNoiseStdDev,
  sketchSensitivity,
} from "../../../models/overlap/minimum.ts";
import { concatBytes, toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import {
  DIGEST_BYTES,
  identifierDigest,
  identifierHasher,
} from "../../../shared/charter/identifier-hash.ts";
import { rng } from "../fixtures.ts";

const hasher = identifierHasher({ salt: "5a17", purpose: "sketch", type: "text" });
const NONE = new Uint8Array(DIGEST_BYTES);

/** Units by their rows' identifiers; an empty text is none. */
function rowsOf(units: readonly (readonly string[])[]): IdentifiedRows {
  const unitStarts = [0];
  for (const rows of units) unitStarts.push((unitStarts.at(-1) ?? 0) + rows.length);
  const digests = units.flat().map((text) => (text === "" ? NONE : identifierDigest("text", text)));
  return { digests: concatBytes(...digests), unitStarts: Uint32Array.from(unitStarts) };
}

function sketchOf(
  sides: readonly (readonly (readonly string[])[])[],
  perUnitMax: number,
  slots = 64,
): { sketch: Float64Array; size: number } {
  const sketch = new Float64Array(slots);
  const size = sketchInPlace(sketch, sides.map(rowsOf), { hasher, perUnitMax });
  return { sketch, size };
}

/** By hand: slot from the hash's first four bytes, sign from the fifth. */
function naive(texts: Iterable<string>, slots = 64): Float64Array {
  const sketch = new Float64Array(slots);
  for (const text of new Set(texts)) {
    const hash = hasher.whole(identifierDigest("text", text));
    const word = new DataView(hash.buffer, hash.byteOffset).getUint32(0, true);
    const slot = Math.floor((word / 2 ** 32) * slots);
    sketch[slot] = (sketch[slot] ?? 0) + ((hash[4] ?? 0) % 2 === 0 ? 1 : -1);
  }
  return sketch;
}

test("each identifier counts once, in whichever rows, units and partitions it is; empty cells do not count", () => {
  const train = [["a", "b", "a"], ["b", ""], [""], ["c"]];
  const holdout = [["c", "d"], []];
  const { sketch, size } = sketchOf([train, holdout], 5);
  expect(sketch).toEqual(naive(["a", "b", "c", "d"]));
  expect(size).toBe(4);
});

test("no identifiers, and one", () => {
  expect(sketchOf([[], []], 1)).toEqual({ sketch: new Float64Array(64), size: 0 });
  expect(sketchOf([[["x"]], []], 1)).toEqual({ sketch: naive(["x"]), size: 1 });
});

test("of a unit with many the ones with the smallest hashes stay, the same at every member", () => {
  const many = Array.from({ length: 9 }, (_, i) => `id ${i}`);
  const hashOf = (text: string): string => toHex(hasher.whole(identifierDigest("text", text)));
  const kept = [...many].sort((a, b) => (hashOf(a) < hashOf(b) ? -1 : 1)).slice(0, 3);
  expect(sketchOf([[[...many, ...many]]], 3)).toEqual({ sketch: naive(kept), size: 3 });
  expect(sketchOf([[[...many].reverse()]], 3).sketch).toEqual(naive(kept));
});

test("a unit more or less moves the sketch by no more than the sensitivity, whoever else has its identifiers", () => {
  // One slot and few identifiers: the worst that can be is met.
  const unit = fc.array(fc.constantFrom("", ..."abcdefghij"), { maxLength: 8 });
  let worst = 0;
  fc.assert(
    fc.property(
      fc.array(unit, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      (units, q) => {
        const whole = sketchOf([units], q, 1).sketch[0] ?? 0;
        const without = sketchOf([units.slice(1)], q, 1).sketch[0] ?? 0;
        worst = Math.max(worst, Math.abs(whole - without) / q);
        expect(Math.abs(whole - without)).toBeLessThanOrEqual(q);
      },
    ),
    { numRuns: 500 },
  );
  expect(worst).toBe(1);
});

test("a set of digests grows and forgets none", () => {
  const set = digestSet();
  const digests = randomBytes(rng("digests"), 5000 * DIGEST_BYTES);
  for (let round = 0; round < 2; round++)
    for (let at = 0; at < digests.length; at += DIGEST_BYTES)
      expect(set.add(digests, at)).toBe(round === 0);
  expect(set.size).toBe(5000);
  // Alike but for one byte, the first word included: neighbours in the table.
  const alike = digests.slice(0, DIGEST_BYTES);
  for (let i = 0; i < DIGEST_BYTES; i++) {
    const other = alike.map((byte, at) => (at === i ? byte ^ 1 : byte));
    expect(set.add(other, 0)).toBe(true);
  }
});

test("a set is too small by its noised size: clear away from the minimum, even odds at it", () => {
  const minimum = { sizeMin: 1000, perUnitMax: 1, noiseMultiplier: 4 };
  const random = rng("minimum");
  const passed = (size: number): number =>
    Array.from({ length: 400 }, () => isLargeEnough(size, minimum, random)).filter(Boolean).length;
  expect(sizeNoiseStdDev(minimum)).toBe(101);
  expect(passed(0)).toBe(0);
  expect(passed(500)).toBe(0);
  expect(passed(1500)).toBe(400);
  expect(Math.abs(passed(1000) - 200)).toBeLessThan(40);
  // One standard deviation above: 84 %.
  expect(Math.abs(passed(1101) - 336)).toBeLessThan(30);
});

test("what the comparison adds to the sensitivity is what its noise costs", () => {
  for (const perUnitMax of [1, 3]) {
    const sensitivity = sketchSensitivity(perUnitMax);
    for (const noiseMultiplier of [0.5, 4, 40]) {
      const slotNoise = noiseMultiplier * sensitivity;
      const sizeNoise = sizeNoiseStdDev({ perUnitMax, noiseMultiplier });
      // 1/z² of each part, added up, is no more than that of the whole.
      const spent = (perUnitMax / slotNoise) ** 2 + (perUnitMax / sizeNoise) ** 2;
      expect(spent).toBeLessThanOrEqual(noiseMultiplier ** -2 * (1 + 1e-12));
    }
  }
});
