/** Tests of `shared/privacy/encoding/rotation.ts` and of what `flatness.ts` says about its output. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import {
  clampedEnergyMax,
  FLATNESS,
  flatMagnitudeMax,
} from "../../../../shared/privacy/encoding/flatness.ts";
import { rotate, rotateBack, rotationOrder } from "../../../../shared/privacy/encoding/rotation.ts";
import type { WalshHadamard } from "../../../../shared/privacy/encoding/walsh-hadamard.ts";
import { l2Norm } from "../../../../shared/privacy/mechanism/clip.ts";

/** Not so small that the square of an entry has no digits left. */
const entry = fc
  .double({ min: -1e6, max: 1e6, noNaN: true })
  .map((value) => (Math.abs(value) < 1e-100 ? 0 : value));
const vectors = fc.array(entry, { minLength: 1, maxLength: 300 });

test("a rotation keeps the length and the norm, and can be undone, whatever the dimension", () => {
  fc.assert(
    fc.property(vectors, fc.string(), (entries, seed) => {
      const values = Float64Array.from(entries);
      const norm = l2Norm(values);
      const rotated = rotate(values, reproducibleRng(seed));
      expect([...values]).toEqual(entries);
      expect(rotated.length).toBe(values.length);
      expect(Math.abs(l2Norm(rotated) - norm)).toBeLessThanOrEqual(1e-14 * norm);
      const back = rotateBack(rotated, reproducibleRng(seed));
      const error = l2Norm(back.map((value, i) => value - (values[i] ?? 0)));
      expect(error).toBeLessThanOrEqual(2e-14 * norm);
    }),
  );
});

test("the sum of rotated vectors is the rotation of the sum", () => {
  fc.assert(
    fc.property(vectors, (entries) => {
      const values = Float64Array.from(entries);
      const other = values.map((value, i) => Math.cos(i) - value);
      const sum = values.map((value, i) => value + (other[i] ?? 0));
      const [a, b, c] = [values, other, sum].map((v) => rotate(v, reproducibleRng("linear")));
      const error = c?.map((value, i) => value - (a?.[i] ?? 0) - (b?.[i] ?? 0));
      expect(l2Norm(error ?? values)).toBeLessThanOrEqual(1e-13 * (l2Norm(values) + 300));
    }),
  );
});

test("other signs give another rotation, and the wrong ones do not undo it", () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => i);
  const rotated = rotate(values, reproducibleRng("one"));
  expect(rotate(values, reproducibleRng("two"))).not.toEqual(rotated);
  const wrong = rotateBack(rotated, reproducibleRng("two"));
  expect(l2Norm(wrong.map((value, i) => value - i))).toBeGreaterThan(0.5 * l2Norm(values));
});

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [1_000_000, 2 ** 19],
  [2 ** 24 - 1, 2 ** 23],
  [2 ** 24, 2 ** 24],
])("%i coordinates are rotated by windows of %i", (dimension, order) => {
  expect(rotationOrder(dimension)).toBe(order);
});

test("a transform that is passed in is the one that is used, on windows that cover the vector", () => {
  const seen: [number, number][] = [];
  const nothing: WalshHadamard = (window) => {
    seen.push([window.byteOffset / 8, window.length]);
  };
  rotate(new Float64Array(1000), reproducibleRng("x"), nothing);
  rotate(new Float64Array(1024), reproducibleRng("x"), nothing);
  rotateBack(new Float64Array(1000), reproducibleRng("x"), nothing);
  expect(seen).toEqual([
    [0, 512],
    [488, 512],
    [0, 1024],
    [488, 512],
    [0, 512],
  ]);
});

/** Vectors of norm 1 that an adversary might choose to break flatness with. */
const adversarial: [string, (d: number) => Float64Array][] = [
  [
    "all in the first coordinate",
    (d) => Float64Array.from({ length: d }, (_, i) => (i === 0 ? 1 : 0)),
  ],
  ["all in the last", (d) => Float64Array.from({ length: d }, (_, i) => (i === d - 1 ? 1 : 0))],
  ["spread evenly", (d) => new Float64Array(d).fill(1 / Math.sqrt(d))],
  [
    "half in three coordinates",
    (d) => {
      const values = new Float64Array(d).fill(1 / Math.sqrt(2 * d));
      for (const i of [3, d >> 1, d - 2]) values[i] = 1 / Math.sqrt(6);
      return values;
    },
  ],
];
const dimensions = [1024, 1025, 1500, 2047];
const cases = adversarial.flatMap(([name, make]) =>
  dimensions.map((d) => [name, d, make] as const),
);

test.each(cases)("of a vector that is %s, d = %i, few coordinates stick out", (_, d, make) => {
  const values = make(d);
  const trials = 400;
  const bounds = [3, 3.5];
  const above = bounds.map(() => 0);
  const unit = 1 / Math.sqrt(rotationOrder(d));
  let cutOff = 0;
  for (let trial = 0; trial < trials; trial++) {
    for (const y of rotate(values, reproducibleRng(`signs ${trial}`))) {
      for (const [k, bound] of bounds.entries())
        if (Math.abs(y) > bound * unit) above[k] = (above[k] ?? 0) + 1;
      cutOff += Math.max(0, Math.abs(y) - 3 * unit) ** 2;
    }
  }
  for (const [k, bound] of bounds.entries()) {
    const probability = (above[k] ?? 0) / (trials * d);
    expect(probability).toBeLessThan(2 * Math.exp(-(bound ** 2) / 2));
  }
  // At 3 rather than at κ = 5, where cuts are too rare to be averaged.
  expect(cutOff / trials).toBeLessThan((d * unit ** 2 * 4 * Math.exp(-9 / 2)) / 9);
});

test("the clamped energy's bound is the integral it is derived from, at its edge", () => {
  // ∫ 2u·2e^(−(κ+u)²/2) du is below the bound, and not far below.
  let exact = 0;
  for (let u = 0.0005; u < 12; u += 0.001) {
    exact += 0.001 * 2 * u * 2 * Math.exp(-((FLATNESS + u) ** 2) / 2);
  }
  const bound = clampedEnergyMax(2 ** 20);
  expect(exact).toBeLessThan(bound);
  expect(exact).toBeGreaterThan(bound / 1.2);
  expect(clampedEnergyMax(2 ** 20 + 2 ** 19)).toBe(1.5 * bound);
});

test("a hundredth of a vector's energy per layer or all of it in one: flat alike", () => {
  const d = 4096;
  const source = new UniformSource(reproducibleRng("layers"));
  const uneven = Float64Array.from({ length: d }, (_, i) => source.normal() * 10 ** -(i >> 9));
  const before = uneven.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const after = rotate(uneven, reproducibleRng("x")).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  expect(before / l2Norm(uneven)).toBeGreaterThan(0.1);
  expect(after).toBeLessThan(flatMagnitudeMax(l2Norm(uneven), d));
});
