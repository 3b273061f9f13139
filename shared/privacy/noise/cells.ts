/**
 * What the vector sampler's kernel decides tries by at a glance: bounds of e^(−t), in whole numbers, over a sixteenth of
 * the places of a strip. A try that they leave open is looked at more closely. Pure.
 */
import { firstSteps, type Places, ROUNDING } from "./places.ts";
import { LAST_WORDS, STRIPS, WORD_BITS, WORD_STRIPS } from "./strips.ts";

/** Parts of a strip: the first four bits of V. */
const PARTS = 16;
/** A cell is four 32-bit words; a strip has cells for both sides. */
const PART_WORDS = 4;
const SIDE_WORDS = PARTS * PART_WORDS;
const STRIP_WORDS = 2 * SIDE_WORDS;
const TWO_TO_32 = 2 ** 32;
/** Turns unsigned order into signed order. */
const TOP = 0x8000_0000;

/** Words of all cells, of at most so many strips and one of which nothing is known. */
export function cellWords(stripsMax: number): number {
  return STRIP_WORDS * stripsMax;
}

/**
 * Where cells start, in bytes, for each run of 31-bit numbers with the same first bits: those of their strip. Where
 * they have several, or any leaves two open: those of the last of `stripsMax`, which decide nothing.
 *
 * @param guide Shape [2^bits].
 */
export function guideInto(guide: Uint16Array, stripsMax: number): void {
  const perRun = 2 ** WORD_BITS / guide.length;
  for (let run = 0; run < guide.length; run++) {
    const strip = LAST_WORDS.findIndex((last) => last >= run * perRun);
    const isTold = (LAST_WORDS[strip] ?? 0) >= (run + 1) * perRun;
    guide[run] = 4 * STRIP_WORDS * (isTold ? strip : stripsMax - 1);
  }
}

/**
 * Cells [strip, side, part]: distance of the side's first integer from zero; what the fraction F, in units of 2^−32, is
 * below of a try that is surely kept, and what above of one that is surely refused; how many integers the strip holds.
 *
 * F is known to W·2^−32. With I the whole part of V·W, V in [j/16, (j + 1)/16), I is at least ⌊jW/16⌋ and below (j + 1)W/16:
 * at most ⌈(j + 1)W/16⌉ − 1. e^(−t) falls with t, and so with I; its bounds are those of `choosePlace`.
 */
export function cellsInto(cells: Int32Array, places: Places): void {
  for (let at = 0; at < cells.length; at += PART_WORDS) {
    cells.set([0, toSigned(0), toSigned(TWO_TO_32 - 1), places.width], at);
  }
  for (let strip = 0; strip < WORD_STRIPS; strip++) {
    for (const side of [0, 1]) {
      const first = firstSteps(places, strip, side) + side;
      const behind = (strip + 1) * places.stdDevParts;
      const count = Math.max(0, Math.ceil((behind - STRIPS * first) / STRIPS));
      for (let part = 0; part < PARTS; part++) {
        const nearest = Math.floor((part * places.width) / PARTS);
        const farthest = Math.min(count, Math.ceil(((part + 1) * places.width) / PARTS)) - 1;
        const surely = Math.floor(TWO_TO_32 * lowerBound(places, strip, first + farthest));
        const hardly = Math.ceil(TWO_TO_32 * upperBound(places, strip, first + nearest));
        const keptBelow = Math.max(0, surely - places.width + 1);
        const refusedAfter = Math.min(TWO_TO_32, hardly) - 1;
        const at = STRIP_WORDS * strip + SIDE_WORDS * side + PART_WORDS * part;
        // A strip without integers has neither bound: it refuses all by their count.
        const bounds = count === 0 ? [0, TWO_TO_32 - 1] : [keptBelow, refusedAfter];
        cells.set([first, ...bounds.map(toSigned), count], at);
      }
    }
  }
}

function toSigned(unsigned: number): number {
  return (unsigned ^ TOP) | 0;
}

/** t of a place at this distance from zero. */
function exponent({ stdDevParts }: Places, strip: number, distance: number): number {
  const y = (STRIPS * distance - strip * stdDevParts) / (STRIPS * stdDevParts);
  return y * (strip / STRIPS + y / 2);
}

function lowerBound(places: Places, strip: number, distance: number): number {
  const t = exponent(places, strip, distance);
  return 1 - t * (1 - t * (1 / 2 - t * (1 / 6))) - ROUNDING;
}

function upperBound(places: Places, strip: number, distance: number): number {
  const t = exponent(places, strip, distance);
  return 1 - t * (1 - t * (1 / 2 - t * (1 / 6))) + t * t * t * t * (1 / 24) + ROUNDING;
}
