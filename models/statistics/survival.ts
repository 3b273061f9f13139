/** Survival curves from events and withdrawals on a grid of time, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import {
  mapTold,
  type NoisedSums,
  noiseVariances,
  sampled,
  type Told,
  told,
  within,
} from "./noised.ts";

/** At the end of a cell of the grid. */
export interface SurvivalPoint {
  readonly atRisk: Told;
  readonly events: Told;
  /** Null from where the noise is as large as what is left. */
  readonly survival: Told;
  /** With a 95 % interval of the sampling and the noise together; null where it has none. */
  readonly survivalSampled: Told;
}

/** Below so many of its noise's standard deviations a count at risk tells nothing. */
const NOISE_FACTOR = 4;

/**
 * Kaplan and Meier's estimate on a grid: exact at its ends where nobody withdraws within a cell, and else as if all
 * withdrew at the cell's end.
 *
 * @param noised Rows with an event in each cell, then rows withdrawn in each. Shape [2 × cells].
 * @see Kaplan and Meier 1958, JASA 53; Greenwood 1926 for the variance; its interval on ln(−ln S) as in Kalbfleisch and
 *   Prentice 1980, 1.3.
 */
export function survivalCurve(noised: NoisedSums): SurvivalPoint[] {
  const { sums, stdDev } = noised;
  const cells = sums.length / 2;
  assert(Number.isInteger(cells), "events and withdrawals of the same cells");
  const risk = atRisk(sums);
  const logs = logSurvival(sums);
  const noise = noiseVariances(noised, logSurvival);
  let greenwood = 0;
  let isKnown = true;
  return Array.from({ length: cells }, (_, j) => {
    const [n, d, log] = [risk[j] ?? 0, sums[j] ?? 0, logs[j] ?? 0];
    const riskStdDev = stdDev * Math.sqrt(2 * (cells - j));
    isKnown &&= stdDev === 0 || n > NOISE_FACTOR * riskStdDev;
    greenwood += d > 0 ? d / (n * (n - d)) : 0;
    const own = noise[j] ?? 0;
    return {
      atRisk: within(told(n, riskStdDev), 0, Number.POSITIVE_INFINITY),
      events: within(told(d, stdDev), 0, Number.POSITIVE_INFINITY),
      survival: isKnown ? survivalOf(log, own) : null,
      survivalSampled: isKnown ? sampledSurvival(log, greenwood + own) : null,
    };
  });
}

function survivalOf(log: number, variance: number): Told {
  if (log === Number.NEGATIVE_INFINITY && variance === 0) return 0;
  return within(mapTold(told(log, Math.sqrt(variance)), Math.exp), 0, 1);
}

function sampledSurvival(log: number, variance: number): Told {
  if (!(log < 0)) return null;
  const interval = sampled(Math.log(-log), Math.sqrt(variance) / -log);
  if (interval === null) return null;
  const back = (x: number): number => Math.exp(-Math.exp(x));
  return { value: Math.exp(log), low: back(interval.high), high: back(interval.low) };
}

/** Rows that are neither gone before a cell: all that have their end in it or later. Shape [cells]. */
export function atRisk(sums: Float64Array): Float64Array {
  const cells = sums.length / 2;
  const risk = new Float64Array(cells);
  let left = 0;
  for (let j = cells - 1; j >= 0; j--) {
    left += (sums[j] ?? 0) + (sums[cells + j] ?? 0);
    risk[j] = left;
  }
  return risk;
}

/** ln S at each cell's end. A cell that nobody reaches changes nothing. */
function logSurvival(sums: Float64Array): Float64Array {
  let log = 0;
  return atRisk(sums).map((n, j) => {
    if (n !== 0) log += Math.log1p(-(sums[j] ?? 0) / n);
    return log;
  });
}

/** The first cell at whose end no more than `share` survive; -1 where there is none. */
export function firstAtMost(survival: readonly (number | null)[], share: number): number {
  return survival.findIndex((value) => value !== null && value <= share);
}
