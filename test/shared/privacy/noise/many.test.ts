/** That the kernel decides a vector's tries as `chooseStrip` and `choosePlace` do, and hands on what it cannot decide. */
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { addManyInPlace } from "../../../../shared/privacy/noise/many.ts";
import {
  choosePlace,
  firstSteps,
  placesOf,
  REFUSED,
} from "../../../../shared/privacy/noise/places.ts";
import { chooseStrip, LAST_WORDS } from "../../../../shared/privacy/noise/strips.ts";

/** As both words of a try: the first place of strip 0, which is kept with certainty. The draw is 0. */
const KEPT = 0;

/** A block in which one of the first four tries has these words; all others are `KEPT`. */
class OneTry extends UniformSource {
  taken = 0;
  readonly #words: readonly [number, number];
  readonly #lane: number;

  constructor(words: readonly [number, number], lane: number) {
    super(reproducibleRng("unused"));
    this.#words = words;
    this.#lane = lane;
  }

  override fill(target: Uint32Array): void {
    target.fill(KEPT);
    target.set(this.#words, 2 * this.#lane);
  }

  override uint32(): number {
    this.taken += 1;
    return KEPT;
  }
}

/** The draw of a try, or of the one that follows if it is refused. */
function expected(stdDev: number, [word, placeWord]: readonly [number, number]): number {
  const source = new OneTry([word, placeWord], 0);
  const strip = chooseStrip(word >>> 1, source);
  const side = word & 1;
  const steps = choosePlace(placesOf(stdDev, 1), strip, side, placeWord, source);
  if (steps === REFUSED) return 0;
  return side === 0 ? 0 - steps : 1 + steps;
}

let turn = 0;

/** The kernel takes four tries at a time: each lane in turn. */
function drawn(stdDev: number, words: readonly [number, number]): { draw: number; taken: number } {
  const lane = turn % 4;
  turn += 1;
  const source = new OneTry(words, lane);
  const values = new Int32Array(5);
  expect(addManyInPlace(values, placesOf(stdDev, 1), source)).toBe(true);
  if (values.some((value, at) => at !== lane && value !== 0))
    expect([...words, values]).toEqual([]);
  return { draw: values[lane] ?? 0, taken: source.taken };
}

/** Both sides of zero, for numbers of 31 bits. */
function bothSides(numbers: readonly number[]): number[] {
  return numbers.flatMap((number) => [2 * number, 2 * number + 1]);
}

/** Next to where strips end; in the far tail several end close together. */
const ENDS = [...LAST_WORDS].flatMap((last) => [last - 1, last, Math.min(last + 1, 2 ** 31 - 1)]);
const MIDDLES = [...LAST_WORDS].map((last, strip) =>
  Math.floor((last + (LAST_WORDS[strip - 1] ?? 0)) / 2),
);

/** Where a place ends, where what is kept of it ends, and next to both: of the outer places of one of its sixteen parts. */
function placeWords(stdDev: number, word: number): number[] {
  const places = placesOf(stdDev, 1);
  const strip = LAST_WORDS.findIndex((last) => word >>> 1 <= last);
  const [side, { width }] = [word & 1, places];
  const part = (strip + 5 * side) % 16;
  const outer = [Math.floor((part * width) / 16), Math.ceil(((part + 1) * width) / 16) - 1];
  const edges = outer.flatMap((index) => {
    const distance = firstSteps(places, strip, side) + side + index;
    const kept = Math.exp((strip * strip) / 128 - distance ** 2 / (2 * stdDev ** 2));
    return [index, index + Math.min(1, kept), index + 1].map((at) => (at / width) * 2 ** 32);
  });
  return [0, ...edges.flatMap((edge) => [-300, -2, -1, 0, 1, 2, 300].map((by) => edge + by))]
    .map(Math.floor)
    .filter((place) => place >= 0 && place < 2 ** 32);
}

test.each([
  1, 100, 65_537,
])("each try near a strip's end is what the slow way makes of it: σ = %i", (stdDev) => {
  for (const word of bothSides(ENDS)) {
    const words = [word, 2 ** 20] as const;
    expect([word, drawn(stdDev, words).draw]).toEqual([word, expected(stdDev, words)]);
  }
});

test.each([
  1,
  2,
  3,
  7,
  8,
  16,
  21,
  100,
  1000,
  37_876,
  65_537,
  2 ** 20,
  2 ** 24 + 1,
  2 ** 26 - 1,
  2 ** 26,
])("and each near where what is kept of a place ends: σ = %i", (stdDev) => {
  for (const word of bothSides(MIDDLES)) {
    for (const place of placeWords(stdDev, word)) {
      const words = [word, place] as const;
      const { draw } = drawn(stdDev, words);
      if (draw !== expected(stdDev, words)) expect([...words, draw]).toEqual([]);
    }
  }
});

test.each([1, 5, 64, 37_876, 2 ** 26])("and so is any other: σ = %i", (stdDev) => {
  const source = new UniformSource(reproducibleRng(`tries ${stdDev}`));
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    const words = [source.uint32(), source.uint32()] as const;
    const one = drawn(stdDev, words);
    taken += one.taken;
    if (one.draw !== expected(stdDev, words)) expect([...words, one.draw]).toEqual([]);
  }
  // The kernel decides nearly all of them.
  expect(taken).toBeLessThan(stdDev > 2 ** 20 ? 1000 : 50);
});

test("an odd number of draws, of any length, and no word twice: sums add up", () => {
  for (const length of [1, 2, 3, 31, 8191, 8192, 8193, 20_001]) {
    const source = new UniformSource(reproducibleRng(`length ${length}`));
    const values = new Int32Array(length).fill(1_000_000);
    addManyInPlace(values, placesOf(1000, 1), source);
    expect(values.every((value) => Math.abs(value - 1_000_000) < 7000)).toBe(true);
    expect(values.filter((value) => value === 1_000_000).length).toBeLessThan(1 + length / 400);
  }
});
