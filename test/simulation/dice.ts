/** Seeded choices for simulations: the same seed, the same run. Protects nobody. */
import type { Rng } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";

export const unsafeSeededRng = (seed: string): Rng => reproducibleRng(seed);

export class UnsafeDice {
  readonly #rng: Rng;
  readonly #word = new Uint8Array(4);

  constructor(seed: string) {
    this.#rng = unsafeSeededRng(seed);
  }

  /** Uniform on [0, 1), in steps of 2^−32. */
  unit(): number {
    this.#rng.fill(this.#word);
    return new DataView(this.#word.buffer).getUint32(0, true) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Uniform on least … most, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  oneOf<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.#rng.fill(bytes);
    return bytes;
  }
}
