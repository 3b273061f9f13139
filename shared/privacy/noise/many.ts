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
  if (kernel === null) return false;
  if (placedStdDev !== places.stdDevParts) placeStrips(kernel, places);
  for (let next = 0; next < values.length; ) {
    next += addBlockInPlace(kernel, values.subarray(next), places, source);
  }
  return true;
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

/** Draws words once, and as many values as they give; forgets both. @returns How many values. */
function addBlockInPlace(
  { words, draws, open, decide }: TriesKernel,
  values: Int32Array,
  places: Places,
  source: UniformSource,
): number {
  // One try in twenty is refused; the kernel takes four at a time.
  const likely = 4 * ((values.length >>> 2) + (values.length >>> 6) + 2);
  const tries = likely < BLOCK_TRIES ? likely : BLOCK_TRIES;
  source.fill(words.subarray(0, 2 * tries));
  const count = decide(tries, values.length, places.width, places.stdDevParts);
  for (let i = 0; (open[i] ?? -1) >= 0; i += 2) {
    const at = 2 * (open[i + 1] ?? 0);
    draws[open[i] ?? 0] = settle(places, words[at] ?? 0, words[at + 1] ?? 0, source);
  }
  for (let i = 0; i < count; i++) values[i] = (values[i] ?? 0) + (draws[i] ?? 0);
  words.fill(0, 0, 2 * tries);
  draws.fill(0, 0, tries);
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
