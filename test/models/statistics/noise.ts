/** What tests of statistics share: sums of rows, and how often intervals hold over many draws of the noise. Pure. */
import type { NoisedSums, Told } from "../../../models/statistics/noised.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";

export function exact(sums: ArrayLike<number>): NoisedSums {
  return { sums: Float64Array.from(sums), stdDev: 0 };
}

/** n, Σu and Σu² of each group, u within ±1 of the scale. */
export function momentSums(
  groups: readonly (readonly number[])[],
  middle: number,
  half: number,
): number[] {
  return groups.flatMap((values) => {
    const scaled = values.map((value) => (value - middle) / half);
    const total = (power: number): number => scaled.reduce((sum, u) => sum + u ** power, 0);
    return [values.length, total(1), total(2)];
  });
}

/** Of so many draws of noise, the share whose intervals hold what the exact sums give, of each number. */
export function coverage(
  sums: ArrayLike<number>,
  stdDev: number,
  draws: number,
  numbers: (noised: NoisedSums) => readonly Told[],
): number[] {
  const truth = numbers(exact(sums));
  const source = new UniformSource(rng("coverage of noise"));
  const held = truth.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const noised = Float64Array.from(sums, (sum) => sum + stdDev * source.normal());
    for (const [k, told] of numbers({ sums: noised, stdDev }).entries()) {
      if (told === null || typeof told === "number") continue;
      const value = truth[k];
      if (typeof value !== "number") throw new Error("without noise a number is itself");
      if (told.low <= value && value <= told.high) held[k] = (held[k] ?? 0) + 1;
    }
  }
  return held.map((count) => count / draws);
}
