/** A member's sketch: each identifier once, so many of a unit, and none at all of a set that is too small. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashSet } from "../../../models/overlap/hash-set.ts";
import {
  type IdentifiedRows,
  type SketchedCounts,
  sketchInPlace,
} from "../../../models/overlap/member-sketch.ts";
import {
  isLargeEnough,
  sizeNoiseStdDev,
  sketchSensitivity,
} from "../../../models/overlap/minimum.ts";
import { toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { identifierHasher } from "../../../shared/charter/identifier-hash.ts";
import { rng } from "../fixtures.ts";

const hasher = identifierHasher({ salt: "5a17", purpose: "overlap", type: "email" });
const rule = { type: "email" } as const;

/** Units by their rows' cells. */
function rowsOf(units: readonly (readonly string[])[]): IdentifiedRows {
  const unitStarts = [0];
  for (const rows of units) unitStarts.push((unitStarts.at(-1) ?? 0) + rows.length);
  return { cells: units.flat(), unitStarts: Uint32Array.from(unitStarts) };
}

function sketchOf(
  sides: readonly (readonly (readonly string[])[])[],
  perUnitMax: number,
  slots = 64,
): { sketch: Float64Array; counts: SketchedCounts } {
  const sketch = new Float64Array(slots);
  const options = { rule, hasher, perUnitMax, steps: 1 };
  const counts = sketchInPlace({ counts: sketch, values: null }, sides.map(rowsOf), options);
  return { sketch, counts };
}

/** By hand: slot from four bytes of the hash, sign from the next. */
function naive(values: Iterable<string>, slots = 64): Float64Array {
  const sketch = new Float64Array(slots);
  for (const value of new Set(values)) {
    const hash = hasher(value);
    const word = new DataView(hash.buffer, hash.byteOffset).getUint32(16, true);
    const slot = Math.floor((word / 2 ** 32) * slots);
    sketch[slot] = (sketch[slot] ?? 0) + ((hash[20] ?? 0) % 2 === 0 ? 1 : -1);
  }
  return sketch;
}

const address = (name: string): string => `${name}@example.com`;

test("each identifier counts once, in whichever spelling, row, unit and partition it is", () => {
  const train = [
    [address("a"), address("b"), " A@Example.com"],
    [address("b"), ""],
    ["a@b", "c"],
  ];
  const holdout = [[address("C"), address("d")], []];
  const { sketch, counts } = sketchOf([train, holdout], 5);
  expect(sketch).toEqual(naive(["a", "b", "c", "d"].map(address)));
  expect(counts).toEqual({ identifiers: 4, missingRows: 1, invalidRows: 2, cutUnits: 0 });
});

test("no identifiers, and one", () => {
  const none = { missingRows: 0, invalidRows: 0, cutUnits: 0 };
  const empty = { sketch: new Float64Array(64), counts: { ...none, identifiers: 0 } };
  expect(sketchOf([[], []], 1)).toEqual(empty);
  const one = sketchOf([[[address("x")]], []], 1);
  expect(one).toEqual({ sketch: naive([address("x")]), counts: { ...none, identifiers: 1 } });
});

test("of a unit with many the ones with the smallest hashes stay, the same at every member", () => {
  const many = Array.from({ length: 9 }, (_, i) => address(`id${i}`));
  const hashOf = (value: string): string => toHex(hasher(value));
  const three = [...many].sort((a, b) => (hashOf(a) < hashOf(b) ? -1 : 1)).slice(0, 3);
  expect(sketchOf([[[...many, ...many]]], 3).sketch).toEqual(naive(three));
  expect(sketchOf([[[...many].reverse()]], 3).sketch).toEqual(naive(three));
  expect(sketchOf([[[...many]]], 3).counts.identifiers).toBe(3);
});

test("a unit more or less moves the sketch by no more than the sensitivity, whoever else has its identifiers", () => {
  // One slot and few identifiers: the worst that can be is met.
  const cell = fc.constantFrom("", ...[..."abcdefghij"].map(address));
  const unit = fc.array(cell, { maxLength: 8 });
  const some = fc.array(unit, { minLength: 1, maxLength: 5 });
  let worst = 0;
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 3 }), (units, q) => {
      const whole = sketchOf([units], q, 1).sketch[0] ?? 0;
      const without = sketchOf([units.slice(1)], q, 1).sketch[0] ?? 0;
      worst = Math.max(worst, Math.abs(whole - without) / q);
      expect(Math.abs(whole - without)).toBeLessThanOrEqual(q);
    }),
    { numRuns: 500 },
  );
  expect(worst).toBe(1);
});

test("a set of hashes grows and forgets none", () => {
  const set = hashSet();
  const hashes = randomBytes(rng("hashes"), 5000 * 16);
  for (let round = 0; round < 2; round++)
    for (let at = 0; at < hashes.length; at += 16)
      expect(set.add(hashes.subarray(at, at + 16))).toBe(at / 16);
  expect(set.size).toBe(5000);
  // Alike but for one byte, those of the first word included: neighbours in the table.
  const alike = hashes.slice(0, 16);
  for (let i = 0; i < 16; i++)
    expect(set.add(alike.map((byte, at) => (at === i ? byte ^ 1 : byte)))).toBe(5000 + i);
});

test("a set is too small by its noised size: clear away from the minimum, even odds at it", () => {
  const minimum = { sizeMin: 1000, perUnitMax: 1, sketchCount: 1, noiseMultiplier: 4 } as const;
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
  for (const sketched of [
    { perUnitMax: 1, sketchCount: 1 },
    { perUnitMax: 3, sketchCount: 1 },
    { perUnitMax: 3, sketchCount: 2 },
  ] as const) {
    const { perUnitMax, sketchCount } = sketched;
    for (const noiseMultiplier of [0.5, 4, 40]) {
      const slotNoise = noiseMultiplier * sketchSensitivity(sketched);
      const sizeNoise = sizeNoiseStdDev({ ...sketched, noiseMultiplier });
      // 1/z² of each part, added up, is no more than that of the whole.
      const spent = sketchCount * (perUnitMax / slotNoise) ** 2 + (perUnitMax / sizeNoise) ** 2;
      expect(spent).toBeLessThanOrEqual(noiseMultiplier ** -2 * (1 + 1e-12));
    }
  }
});
