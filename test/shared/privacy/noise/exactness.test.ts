/**
 * That the vector sampler's law is exact, not just close: every boundary between two outcomes lies
 * where the law puts it, to 2^−64 and beyond, and every integer is the outcome of one place only.
 */
import { expect, test } from "vitest";
import { expNegBounds } from "../../../../shared/privacy/noise/exp-bounds.ts";
import { CENTRE_PARTS } from "../../../../shared/privacy/noise/gaussian.ts";
import { choosePlace, placesOf, REFUSED } from "../../../../shared/privacy/noise/places.ts";
import { chooseStrip, STRIPS, WORD_STRIPS } from "../../../../shared/privacy/noise/strips.ts";
import { expNeg, PRECISION, ScriptedSource, wordsOf } from "./scripted.ts";

/** e^(−1), its first 60 decimals. */
const EXP_MINUS_ONE = 367879441171442321595523770161460867445811131031767834507836n;

test("both ways to compute e^(−t) give its known digits", () => {
  const decimals = 10n ** 60n;
  expect((expNeg(1n, 1n) * decimals) >> PRECISION).toBe(EXP_MINUS_ONE);
  const bounds = expNegBounds(1n, 1n, PRECISION);
  expect((bounds.lower * decimals) >> PRECISION).toBe(EXP_MINUS_ONE);
});

test.each([
  [0n, 1n],
  [1n, 3n],
  [7n, 8n],
  [99n, 2n],
  [12_345n, 100n],
  [1n, 10n ** 30n],
  [10n ** 30n + 1n, 10n ** 29n],
])("bounds of e^(−%i/%i) enclose it, and closely", (numerator, denominator) => {
  const value = expNeg(numerator, denominator);
  for (const bits of [0n, 31n, 64n, 128n, 200n]) {
    const { lower, upper } = expNegBounds(numerator, denominator, bits);
    const slack = 1n << 20n;
    expect(lower << (PRECISION - bits)).toBeLessThanOrEqual(value + slack);
    expect(upper << (PRECISION - bits)).toBeGreaterThanOrEqual(value - slack);
    expect(upper - lower).toBeLessThanOrEqual(2n);
  }
});

/** C_b·2^256 for b = 1 … 150, from sums of e^(−i²/128). */
const CUMULATIVE = cumulative();

function cumulative(): bigint[] {
  const sums: bigint[] = [];
  let sum = 0n;
  for (let i = 0n; i < 150n; i++) {
    sum += expNeg(i * i, 2n * BigInt(STRIPS) ** 2n);
    sums.push(sum);
  }
  return sums.map((part) => (part << PRECISION) / sum);
}

/** The strip of a uniform number with these first 31 + 64 bits. */
function stripOf(bits: bigint): number {
  const [last = 0, ...rest] = [Number(bits >> 64n), ...wordsOf(bits & (2n ** 64n - 1n), 2)];
  return chooseStrip(last, new ScriptedSource(rest));
}

test("each strip ends where the law says, to 95 bits", () => {
  for (const [strip, end] of CUMULATIVE.slice(0, 70).entries()) {
    const boundary = end >> (PRECISION - 95n);
    expect(stripOf(boundary - 1n)).toBe(strip);
    expect(stripOf(boundary + 1n)).toBe(strip + 1);
  }
});

test("where 31 bits decide on a strip, no more are drawn", () => {
  for (const end of CUMULATIVE.slice(0, 40)) {
    const word = Number(end >> (PRECISION - 31n));
    for (const [near, extra] of [
      [word - 1, 0],
      [word, 1],
      [word + 1, 0],
    ] as const) {
      const source = new ScriptedSource([]);
      chooseStrip(near, source);
      expect(source.taken).toBe(extra);
    }
  }
});

/** The vector sampler's choice in one strip, for one σ and one centre's fraction (in parts). */
interface Case {
  readonly stdDev: number;
  readonly scale: number;
  readonly parts: number;
}

/** What becomes of a uniform number with these first 64 bits, and how many words it took. */
function place(
  { stdDev, scale }: Case,
  strip: number,
  offset: number,
  bits: bigint,
): { steps: number; taken: number } {
  const source = new ScriptedSource(wordsOf(bits, 2));
  const steps = choosePlace(placesOf(stdDev, scale), strip, offset, source.uint32(), source);
  return { steps, taken: source.taken };
}

/** ⌈i·2^64/W⌉: the first 64 bits that choose place i; there, hardly anything is refused. */
function startOf(index: number, width: number): bigint {
  return ((BigInt(index) << 64n) + BigInt(width) - 1n) / BigInt(width);
}

const SMALL: Case[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 16, 21, 64, 100].map((stdDev) => ({ stdDev, scale: 1, parts: 0 })),
  ...[1, 5, 11, 64].flatMap((stdDev) =>
    [0, 1, CENTRE_PARTS / 2, CENTRE_PARTS - 1].map((parts) => ({
      stdDev,
      scale: CENTRE_PARTS,
      parts,
    })),
  ),
];

test.each(SMALL)("every integer is one place in one strip: %o", (law) => {
  const { stdDev, scale, parts } = law;
  const width = Math.ceil(stdDev / STRIPS);
  const found: number[] = [];
  for (const isBelow of [true, false]) {
    const offset = isBelow ? parts : scale - parts;
    for (let strip = 0; strip < 40; strip++) {
      for (let index = 0; index < width; index++) {
        const { steps } = place(law, strip, offset, startOf(index, width) + 1n);
        if (steps === REFUSED) continue;
        const excess = BigInt(STRIPS * (steps * scale + offset) - strip * stdDev * scale);
        expect(excess >= 0n && excess < BigInt(stdDev * scale)).toBe(true);
        found.push(isBelow ? 0 - steps : 1 + steps);
      }
    }
  }
  found.sort((a, b) => a - b);
  expect(found).toEqual(Array.from({ length: found.length }, (_, i) => i + (found[0] ?? 0)));
  const distances = [(found[0] ?? 0) * scale - parts, (found.at(-1) ?? 0) * scale - parts];
  for (const distance of distances)
    expect(Math.abs(Math.abs(distance) / scale - 5 * stdDev)).toBeLessThanOrEqual(1);
});

/** e^(−x²/2σ² + b²/128)·2^256, x the distance in parts: what a place at x in strip b is kept with. */
function keptWith(distance: number, strip: number, stdDevParts: number): bigint {
  const [x, b, s] = [BigInt(distance), BigInt(strip), BigInt(stdDevParts)];
  return expNeg(64n * x * x - b * b * s * s, 128n * s * s);
}

/** Places to test: all of a narrow strip, five of a wide one. */
function someOf(width: number): number[] {
  if (width < 5) return Array.from({ length: width }, (_, i) => i);
  return [0, 1, width >> 1, width - 2, width - 1];
}

const WIDE: Case[] = [1000, 37_876, 2 ** 20, 2 ** 24 + 1, 2 ** 26 - 1, 2 ** 26].map((stdDev) => ({
  stdDev,
  scale: 1,
  parts: 0,
}));

/** Asserts that a place is kept where it should be; how often that took more than a word, and all. */
function checkEdges(law: Case, strip: number, offset: number, index: number): [number, number] {
  const width = Math.ceil(law.stdDev / STRIPS);
  const [start, next] = [startOf(index, width), startOf(index + 1, width)];
  const { steps } = place(law, strip, offset, start + 1n);
  if (steps === REFUSED) return [0, 0];
  const kept = keptWith(steps * law.scale + offset, strip, law.stdDev * law.scale);
  if (kept === 1n << PRECISION) {
    // The strip's own start: t = 0, and all of the place is kept.
    expect(place(law, strip, offset, next - 4n).steps).toBe(steps);
    return [1, 1];
  }
  const edge = (((BigInt(index) << PRECISION) + kept) / BigInt(width)) >> (PRECISION - 64n);
  // The edge is within these 64 bits' interval, so they cannot decide.
  expect(place(law, strip, offset, edge).taken).toBeGreaterThan(2);
  // Where t is nearly 0, the next place is nearer than 2^33.
  const distances = [4n, 1n << 20n, 1n << 33n].filter((near) => edge + near < next);
  const settled = distances.map((near) => {
    const inside = place(law, strip, offset, edge - near);
    expect(inside.steps).toBe(steps);
    expect(place(law, strip, offset, edge + near).steps).toBe(REFUSED);
    return inside.taken > 1 ? 1 : 0;
  });
  return [settled.reduce<number>((sum, one) => sum + one, 0), settled.length];
}

test.each([...SMALL, ...WIDE])("a place is kept up to e^(−t), to 64 bits: %o", (law) => {
  let [settled, tested] = [0, 0];
  for (let strip = 0; strip < WORD_STRIPS + 3; strip++) {
    for (const offset of [law.parts, law.scale - law.parts]) {
      for (const index of someOf(Math.ceil(law.stdDev / STRIPS))) {
        const [more, all] = checkEdges(law, strip, offset, index);
        settled += more;
        tested += all;
      }
    }
  }
  expect(tested).toBeGreaterThan(10);
  // Within 2^20 of an edge, one word does not decide.
  expect(settled).toBeGreaterThanOrEqual(tested / 2);
});

test.each([...SMALL, ...WIDE])("one word decides unless it is near an edge: %o", (law) => {
  const places = placesOf(law.stdDev, law.scale);
  const source = new ScriptedSource([]);
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    choosePlace(places, i % 24, i % 2 ? law.scale : 0, source.uint32(), source);
  }
  const share = (source.taken - count) / count;
  expect(share).toBeLessThan(4 * (places.width / 2 ** 31) + 1e-3);
});
