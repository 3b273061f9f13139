/** Correlations from sums of products, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { studentTwoSided } from "./distributions.ts";
import { mapTold, type NoisedSums, noiseVariances, sampled, type Told, told } from "./noised.ts";

export interface Correlation {
  /** Which columns; `first` < `second`. */
  readonly first: number;
  readonly second: number;
  readonly r: Told;
  /** With a 95 % interval of the sampling and the noise together. */
  readonly rSampled: Told;
  /** Of an r as far from 0 where there is no correlation; the noise is allowed for. Null: not defined. */
  readonly pValue: number | null;
}

/** Row count, sums of each column, then of the products u_i·u_j, i ≤ j, row after row. */
export function correlationLength(columns: number): number {
  return 1 + columns + (columns * (columns + 1)) / 2;
}

/**
 * Pearson's r of each pair of columns. Intervals are symmetric in Fisher's z = artanh r.
 *
 * @param noised Shape [correlationLength(columns)].
 * @see Fisher 1921, On the probable error of a coefficient of correlation, Metron 1; the exact test is Student's.
 */
export function correlations(noised: NoisedSums, columns: number): Correlation[] {
  assert(noised.sums.length === correlationLength(columns), "sums and products of all columns");
  const pairs = Array.from({ length: columns }, (_, first) =>
    Array.from({ length: columns - first - 1 }, (_, i) => [first, first + 1 + i] as const),
  ).flat();
  return pairs.map(([first, second]) => {
    const places = placesOf(columns, first, second);
    const sums = Float64Array.from(places, (place) => noised.sums[place] ?? 0);
    return { first, second, ...correlationOf({ sums, stdDev: noised.stdDev }) };
  });
}

/** Where the count, both sums and the three products of a pair are. */
function placesOf(columns: number, i: number, j: number): number[] {
  const product = (a: number, b: number): number =>
    1 + columns + a * columns - (a * (a - 1)) / 2 + (b - a);
  return [0, 1 + i, 1 + j, product(i, i), product(i, j), product(j, j)];
}

function correlationOf(noised: NoisedSums): Pick<Correlation, "r" | "rSampled" | "pValue"> {
  const { sums, stdDev } = noised;
  const [n = 0] = sums;
  const r = rOf(sums);
  if (stdDev === 0 && Math.abs(r) === 1) return { r, rSampled: null, pValue: null };
  const z = Math.atanh(r);
  const [noise = 0] = noiseVariances(noised, (all) => [Math.atanh(rOf(all))]);
  const sampling = 1 / (n - 3);
  const value = stdDev === 0 ? finite(r) : mapTold(told(z, Math.sqrt(noise)), Math.tanh);
  if (value === null || !(sampling > 0)) return { r: value, rSampled: null, pValue: null };
  const t = r * Math.sqrt((n - 2) / (1 - r * r) / (1 + noise / sampling));
  return {
    r: value,
    rSampled: mapTold(sampled(z, Math.sqrt(sampling + noise)), Math.tanh),
    pValue: studentTwoSided(t, n - 2),
  };
}

/** What rounding leaves beyond ±1 is cut off; what noise does is no correlation. */
function rOf([n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0]: Float64Array): number {
  const r = (n * xy - x * y) / Math.sqrt(n * xx - x * x) / Math.sqrt(n * yy - y * y);
  return Math.abs(Math.abs(r) - 1) < 1e-12 ? Math.sign(r) : r;
}

function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
