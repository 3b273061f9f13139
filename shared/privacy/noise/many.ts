/**
 * Draws for vectors, around zero: the kernel decides all but about one in a thousand tries; `strips.ts` and `places.ts`
 * decide the others, from the same words. Pure: randomness is an argument, and what the kernel keeps is tables.
 */
import type { UniformSource } from "../../base/uniform.ts";
import { cellsInto, guideInto } from "./cells.ts";
import { BLOCK_TRIES, openTriesKernel, STRIPS_MAX, type TriesKernel } from "./kernel/kernel.ts";
import { choosePlace, firstSteps, type Places, REFUSED } from "./places.ts";
import { chooseStrip, LAST_WORDS, STRIPS, WORD_STRIPS } from "./strips.ts";

const kernel = openTriesKernel();
if (kernel) {
  kernel.lasts.fill(2 ** 31 - 1);
  kernel.lasts.set(LAST_WORDS);
  guideInto(kernel.guide, STRIPS_MAX);
}
/** σ that the kernel's other tables are for. */
let placedStdDev = 0;

/**
 * Adds a draw to each entry, modulo 2^32 in two's complement.
 *
 * @param places Of whole grid steps.
 * @returns Whether it did: there may be no kernel.
 */
export function addManyInPlace(values: Int32Array, places: Places, source: UniformSource): boolean {
  return drawMany(values.length, places, source, ({ draws }, from, to) => {
    for (let i = from; i < to; i++) values[i] = (values[i] ?? 0) + (draws[i - from] ?? 0);
  });
}

/** How values become whole numbers. */
export interface Rounding {
  readonly factor: number;
  /** Nearest integers to value · factor with this absolute value or more are left to `roundInto`. */
  readonly bound: number;
  readonly roundInto: (values: Float64Array, target: Int32Array) => void;
}

/**
 * As `addManyInPlace` on rounded values.
 *
 * @param target Overwritten. Shape as `values`.
 */
export function addManyRounded(
  target: Int32Array,
  values: Float64Array,
  { factor, bound, roundInto }: Rounding,
  places: Places,
  source: UniformSource,
): boolean {
  return drawMany(values.length, places, source, (tries, from, to) => {
    const part = values.subarray(from, to);
    tries.values.set(part);
    if (tries.addRounded(to - from, factor, bound)) {
      target.set(tries.sums.subarray(0, to - from), from);
      return;
    }
    roundInto(part, target.subarray(from, to));
    for (let i = from; i < to; i++) target[i] = (target[i] ?? 0) + (tries.draws[i - from] ?? 0);
  });
}

/**
 * Draws for 0 … count − 1, a block at a time; `use` is given where a block begins and ends. What was drawn is forgotten.
 *
 * @returns Whether it did.
 */
function drawMany(
  count: number,
  places: Places,
  source: UniformSource,
  use: (kernel: TriesKernel, from: number, to: number) => void,
): boolean {
  if (kernel === null) return false;
  if (placedStdDev !== places.stdDevParts) placeStrips(kernel, places);
  for (let next = 0; next < count; ) {
    const tries = triesFor(count - next);
    try {
      const drawn = drawBlock(kernel, tries, count - next, places, source);
      use(kernel, next, next + drawn);
      next += drawn;
    } finally {
      kernel.words.fill(0, 0, 2 * tries);
      kernel.draws.fill(0, 0, tries);
    }
  }
  return true;
}

/** One try in twenty is refused; the kernel takes four at a time. */
function triesFor(wanted: number): number {
  const likely = 4 * ((wanted >>> 2) + (wanted >>> 6) + 2);
  return likely < BLOCK_TRIES ? likely : BLOCK_TRIES;
}

/** Where each strip's first integers lie. */
function placeStrips({ strips, slopes, cells }: TriesKernel, places: Places): void {
  cellsInto(cells, places);
  for (let strip = 0; strip < WORD_STRIPS; strip++) {
    for (const side of [0, 1]) {
      const distance = firstSteps(places, strip, side) + side;
      strips[8 * strip + 4 * side] = distance;
      strips[8 * strip + 4 * side + 1] = STRIPS * distance - strip * places.stdDevParts;
      slopes[4 * strip + 2 * side + 1] = strip / STRIPS;
    }
  }
  placedStdDev = places.stdDevParts;
}

/** Draws words once, and as many values as they give, into `draws`. @returns How many. */
function drawBlock(
  { words, draws, open, decide }: TriesKernel,
  tries: number,
  wanted: number,
  places: Places,
  source: UniformSource,
): number {
  source.fill(words.subarray(0, 2 * tries));
  const count = decide(tries, wanted, places.width, places.stdDevParts);
  for (let i = 0; (open[i] ?? -1) >= 0; i += 2) {
    const at = 2 * (open[i + 1] ?? 0);
    draws[open[i] ?? 0] = settle(places, words[at] ?? 0, words[at + 1] ?? 0, source);
  }
  return count;
}

/** A draw whose first try has these words. */
function settle(places: Places, word: number, placeWord: number, source: UniformSource): number {
  for (let [first, second] = [word, placeWord]; ; ) {
    const side = first & 1;
    const strip = chooseStrip(first >>> 1, source);
    const steps = choosePlace(places, strip, side, second, source);
    if (steps !== REFUSED) return side === 0 ? -steps : 1 + steps;
    first = source.uint32();
    second = source.uint32();
  }
}
