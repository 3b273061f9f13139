/** The only doors through which time and randomness enter the pure code. Pure: interfaces only. */

/** Wall-clock milliseconds since the epoch. */
export interface Clock {
  nowMs(): number;
}

/** A source of uniform bytes. What protects anyone gets the operating system's generator. */
export interface Rng {
  /** Overwrites all of `target` with uniform random bytes. */
  fill(target: Uint8Array): void;
}

/** `count` fresh bytes from `rng`. */
export function randomBytes(rng: Rng, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  rng.fill(bytes);
  return bytes;
}
