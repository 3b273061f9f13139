/** Stretches of noise that occur twice: generators that were seeded alike, or that started again. Pure. */

export const WINDOW_DRAWS = 64;

const MULTIPLIER = 0x01000193;

/** How many windows of 64 draws in a row occurred before, at any offset of any sequence. */
export function repeatedWindows(sequences: readonly Int32Array[]): number {
  const stride = 1 + Math.max(0, ...sequences.map(({ length }) => length));
  // Where each hash was first seen: sequence · stride + offset.
  const seen = new Map<number, number>();
  let repeated = 0;
  for (const [index, sequence] of sequences.entries()) {
    const hash = rollingHash(sequence);
    for (let at = 0; at + WINDOW_DRAWS <= sequence.length; at++) {
      const key = hash(at);
      const place = seen.get(key);
      if (place === undefined) seen.set(key, index * stride + at);
      else if (isSame(sequences[Math.floor(place / stride)], place % stride, sequence, at))
        repeated += 1;
    }
  }
  return repeated;
}

/** Polynomial hash modulo 2^32 of the window at each place, asked for in order from 0. */
function rollingHash(sequence: Int32Array): (at: number) => number {
  let outgoing = 1;
  for (let i = 0; i < WINDOW_DRAWS; i++) outgoing = Math.imul(outgoing, MULTIPLIER);
  let hash = 0;
  for (let i = 0; i < WINDOW_DRAWS - 1; i++)
    hash = (Math.imul(hash, MULTIPLIER) + (sequence[i] ?? 0)) | 0;
  return (at) => {
    const left = at === 0 ? 0 : (sequence[at - 1] ?? 0);
    const entered = sequence[at + WINDOW_DRAWS - 1] ?? 0;
    hash = (Math.imul(hash, MULTIPLIER) + entered - Math.imul(left, outgoing)) | 0;
    return hash;
  };
}

function isSame(
  first: Int32Array | undefined,
  firstAt: number,
  second: Int32Array,
  secondAt: number,
): boolean {
  for (let i = 0; i < WINDOW_DRAWS; i++)
    if (first?.[firstAt + i] !== second[secondAt + i]) return false;
  return true;
}
