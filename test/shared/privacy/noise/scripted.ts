/** Doubles for tests of exactness: a source of chosen words, and e^(−t) by another route. Pure. */
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";

/** Words in the order given, then endless ones of a seed; counts what is taken. */
export class ScriptedSource extends UniformSource {
  taken = 0;
  readonly #words: readonly number[];

  constructor(words: readonly number[]) {
    super(reproducibleRng(words.join()));
    this.#words = words;
  }

  override uint32(): number {
    this.taken += 1;
    return this.#words[this.taken - 1] ?? super.uint32();
  }
}

/** Splits a number of 32·count bits into words, the first bits first. */
export function wordsOf(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    Number((value >> BigInt(32 * (count - 1 - i))) & 0xffff_ffffn),
  );
}

export const PRECISION = 256n;

/**
 * ⌊e^(−p/q)·2^256⌋, within 2^20 units: the alternating series at t/2^h < 1, squared h times.
 * Another route than the product's, which divides by a series of positive terms.
 */
export function expNeg(numerator: bigint, denominator: bigint): bigint {
  let halvings = 0n;
  while (numerator > denominator << halvings) halvings += 1n;
  const work = PRECISION + 4n * halvings + 32n;
  const t = (numerator << work) / (denominator << halvings);
  let [sum, term] = [0n, 1n << work];
  for (let i = 1n; term !== 0n; i++) {
    sum += term;
    term = -((term * t) >> work) / i;
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) >> work;
  return sum >> (work - PRECISION);
}
