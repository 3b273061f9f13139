/**
 * The second implementation: the shuffle that a seed stands for, the graph on the shuffled circle, and the
 * committee. Neighbours are found by distance on the circle, not by walking it. Pure.
 */
import { keystream } from "./cipher.ts";
import { at, byteAt, frameHash } from "./primitives.ts";

/** Words of 32 bits, little-endian, of the seed's keystream. */
function* wordsOf(seed: Uint8Array): Generator<number> {
  for (let from = 0; ; from += 256) {
    const bytes = keystream(seed, 256, from);
    for (let i = 0; i < 256; i += 4)
      yield byteAt(bytes, i) +
        256 * byteAt(bytes, i + 1) +
        65_536 * byteAt(bytes, i + 2) +
        16_777_216 * byteAt(bytes, i + 3);
  }
}

/** Fisher-Yates from the end; a word too large to be fair is passed over. */
export function shuffled(members: readonly number[], seed: Uint8Array): number[] {
  const order = [...members];
  const words = wordsOf(seed);
  const next = (bound: number): number => {
    const fair = 2 ** 32 - (2 ** 32 % bound);
    let word = words.next().value;
    while (word >= fair) word = words.next().value;
    return word % bound;
  };
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = next(last + 1);
    [order[last], order[chosen]] = [at(order, chosen), at(order, last)];
  }
  return order;
}

/** Everyone at most degree/2 places away on the circle; or everyone, where that is no more. */
export function neighboursOf(order: readonly number[], degree: number, member: number): number[] {
  const place = order.indexOf(member);
  const near = order.filter((other, there) => {
    const apart = Math.abs(there - place);
    return other !== member && 2 * Math.min(apart, order.length - apart) <= degree;
  });
  return near.sort((a, b) => a - b);
}

export function committeeOf(
  members: readonly number[],
  size: number,
  graphSeed: Uint8Array,
): number[] {
  const order = shuffled(members, frameHash("cloister/3/committee", graphSeed));
  return order.slice(0, size).sort((a, b) => a - b);
}
