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
    { numRuns: 500, seed: 1 },
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

/** Rows of a unit: who, and how much. */
type Valued = readonly (readonly [string, number])[];

function valueSketchOf(
  units: readonly Valued[],
  perUnitMax: number,
  { slots, steps }: { readonly slots: number; readonly steps: number },
): { counts: Float64Array; values: Float64Array; cutUnits: number } {
  const sketches = { counts: new Float64Array(slots), values: new Float64Array(slots) };
  const rows = rowsOf(units.map((unit) => unit.map(([cell]) => cell)));
  const side = { ...rows, values: Float64Array.from(units.flat(), ([, value]) => value) };
  const { cutUnits } = sketchInPlace(sketches, [side], { rule, hasher, perUnitMax, steps });
  return { ...sketches, cutUnits };
}

test("an identifier adds what its rows come to, cut for each unit and again for all, where it adds itself", () => {
  const units: readonly Valued[] = [
    [
      [address("a"), 0.25],
      [address("A"), 0.5],
      [address("b"), -0.5],
      ["", 1],
    ],
    [[address("b"), 0.75]],
    [
      [address("c"), 0.8],
      [address("c"), 0.8],
    ],
    [[address("c"), -0.25]],
    [[address("d"), Number.NaN]],
    [[address("e"), -3]],
  ];
  const [slots, steps] = [4096, 64];
  const { counts, values, cutUnits } = valueSketchOf(units, 5, { slots, steps });
  const expected = { a: 0.75, b: 0.25, c: 0.75, d: 0, e: -1 };
  const sum = new Float64Array(slots);
  for (const [name, value] of Object.entries(expected))
    for (const [s, sign] of naive([address(name)], slots).entries())
      sum[s] = (sum[s] ?? 0) + sign * value * steps;
  expect(values).toEqual(sum);
  expect(counts).toEqual(naive(Object.keys(expected).map(address), slots).map((x) => x * steps));
  expect(cutUnits).toBe(2);
});

test("values of less than a step are not lost: they are rounded up as often as they should be", () => {
  const units = Array.from({ length: 4000 }, (_, i): Valued => [[address(`u${i}`), 0.3 / 32]]);
  const { counts, values } = valueSketchOf(units, 1, { slots: 2 ** 20, steps: 32 });
  const both = values.reduce((sum, x, s) => sum + x * Math.sign(counts[s] ?? 0), 0);
  // Each is 0 or 1 step, 1 in 3 of 10: 1200 ± 29, and a few collide.
  expect(Math.abs(both - 1200)).toBeLessThan(120);
});

test("a unit more or less moves either sketch by no more than its share of the sensitivity", () => {
  const row = fc.tuple(
    fc.constantFrom(...[..."abcde"].map(address)),
    fc.double({ min: -1.5, max: 1.5, noNaN: true }),
  );
  const unit = fc.array(row, { maxLength: 4 });
  const shape = { slots: 1, steps: 32 };
  const most = valueSketchOf([[[address("a"), 1.5]]], 1, shape);
  expect(Math.abs(most.values[0] ?? 0)).toBe(32);
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 4 }), fc.nat(), (units, at) => {
      const whole = valueSketchOf(units, 1, shape);
      const left = units.filter((_, i) => i !== at % units.length);
      const without = valueSketchOf(left, 1, shape);
      const moved = Math.abs((whole.values[0] ?? 0) - (without.values[0] ?? 0));
      expect(moved).toBeLessThanOrEqual(32);
      expect(Math.abs((whole.counts[0] ?? 0) - (without.counts[0] ?? 0))).toBeLessThanOrEqual(32);
      expect(valueSketchOf(units.toReversed(), 1, shape).values).toEqual(whole.values);
    }),
    { numRuns: 300 },
  );
});
