/** Stretches of noise that occur twice: generators that were seeded alike, or that started again. Pure. */

export const WINDOW_DRAWS = 64;

const MULTIPLIER = 0x01000193;

/** How many windows of 64 draws in a row occurred before, at any offset of any sequence. */
export function repeatedWindows(sequences: readonly Int32Array[]): number {
  const seen = new Map<number, { readonly in: Int32Array; readonly at: number }>();
  let repeated = 0;
  for (const sequence of sequences) {
    const hash = rollingHash(sequence);
    for (let at = 0; at + WINDOW_DRAWS <= sequence.length; at++) {
      const key = hash(at);
      const before = seen.get(key);
      if (!before) seen.set(key, { in: sequence, at });
      else if (isSame(before, sequence, at)) repeated += 1;
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
  before: { readonly in: Int32Array; readonly at: number },
  sequence: Int32Array,
  at: number,
): boolean {
  for (let i = 0; i < WINDOW_DRAWS; i++)
    if (before.in[before.at + i] !== sequence[at + i]) return false;
  return true;
}
