/** Tests of a table of counts, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { Z_95 } from "../answers/estimate.ts";
import { chiSquareTail } from "./distributions.ts";
import {
  mapTold,
  type NoisedSums,
  noiseVariances,
  sampled,
  smoothTold,
  type Told,
  within,
} from "./noised.ts";
import { squaredLengthTold } from "./norm-told.ts";
import { projectedLaw } from "./quadratic-form.ts";

export interface TableTest {
  readonly chiSquare: Told;
  readonly degrees: number;
  /** Of counts as far apart if rows and columns were independent; the noise is allowed for. Null: not defined. */
  readonly pValue: number | null;
  readonly cramersV: Told;
}

interface Margins {
  readonly rows: Float64Array;
  readonly columns: Float64Array;
  readonly total: number;
}

/**
 * Pearson's χ² of independence and Cramér's V. Rows and columns without a count are left out.
 *
 * @param noised Counts. Shape [rowCount × columnCount], row after row.
 * @returns Null where fewer than two rows or columns are left.
 * @see Cramér 1946, Mathematical Methods of Statistics, 21.9 and 30.5. Deviation under noise: the p-value is of χ² with
 *   each cell's variance larger by the noise's (as in Gaboardi et al., Differentially private chi-squared hypothesis
 *   testing, ICML 2016, there by simulation).
 */
export function tableTest(noised: NoisedSums, columnCount: number): TableTest | null {
  const table = withoutEmpty(noised, columnCount);
  if (table === null) return null;
  const { counts, width, height } = table;
  const margins = marginsOf(counts.sums, width);
  const degrees = (height - 1) * (width - 1);
  const residuals = (sums: Float64Array): Float64Array => residualsOf(sums, width);
  const least = Math.min(height, width) - 1;
  const shares = (sums: Float64Array): Float64Array => {
    const scale = Math.sqrt(marginsOf(sums, width).total * least);
    return residualsOf(sums, width).map((residual) => residual / scale);
  };
  return {
    chiSquare: squaredLengthTold(counts, residuals),
    degrees,
    pValue: pValueOf(counts, margins, degrees),
    cramersV: within(mapTold(squaredLengthTold(counts, shares), Math.sqrt), 0, 1),
  };
}

/** (Observed − expected)/√expected. Where noise makes a margin negative, it is taken for none. */
function residualsOf(sums: Float64Array, width: number): Float64Array {
  const { rows, columns, total } = marginsOf(sums, width);
  return sums.map((count, i) => {
    const expected = ((rows[Math.floor(i / width)] ?? 0) * (columns[i % width] ?? 0)) / total;
    return expected > 0 ? (count - expected) / Math.sqrt(expected) : 0;
  });
}

function marginsOf(sums: Float64Array, width: number): Margins {
  assert(width > 0 && sums.length % width === 0, "a table has whole rows");
  const rows = new Float64Array(sums.length / width);
  const columns = new Float64Array(width);
  let total = 0;
  for (let i = 0; i < sums.length; i++) {
    const [row, column, count] = [Math.floor(i / width), i % width, sums[i] ?? 0];
    rows[row] = (rows[row] ?? 0) + count;
    columns[column] = (columns[column] ?? 0) + count;
    total += count;
  }
  return { rows, columns, total };
}

/** Rows and columns whose counts are more than their noise. */
function withoutEmpty(
  { sums, stdDev }: NoisedSums,
  columnCount: number,
): { readonly counts: NoisedSums; readonly width: number; readonly height: number } | null {
  const { rows, columns } = marginsOf(sums, columnCount);
  const isRow = rows.map((count) => +(count > Z_95 * stdDev * Math.sqrt(columns.length)));
  const isColumn = columns.map((count) => +(count > Z_95 * stdDev * Math.sqrt(rows.length)));
  const kept = sums.filter(
    (_, i) => isRow[Math.floor(i / columnCount)] && isColumn[i % columnCount],
  );
  const [height, width] = [isRow, isColumn].map((marks) => marks.reduce((a, b) => a + b, 0));
  if (!height || !width || height < 2 || width < 2) return null;
  return { counts: { sums: kept, stdDev }, width, height };
}

function pValueOf({ sums, stdDev }: NoisedSums, margins: Margins, degrees: number): number | null {
  const { rows, columns, total } = margins;
  const width = columns.length;
  const plain = residualsOf(sums, width).reduce((sum, residual) => sum + residual ** 2, 0);
  if (!Number.isFinite(plain)) return null;
  if (stdDev === 0) return chiSquareTail(plain, degrees);
  const variances = sums.map((_, i) => {
    const expected = ((rows[Math.floor(i / width)] ?? 0) * (columns[i % width] ?? 0)) / total;
    return 1 + stdDev ** 2 / expected;
  });
  const part = (marks: Float64Array, i: number, j: number): number =>
    +(i === j) - Math.sqrt((marks[i] ?? 0) * (marks[j] ?? 0)) / total;
  const law = projectedLaw(
    variances,
    (i, j) =>
      part(rows, Math.floor(i / width), Math.floor(j / width)) *
      part(columns, i % width, j % width),
  );
  return chiSquareTail(plain / law.scale, law.degrees);
}

/** What a table of two rows and two columns tells beyond χ². */
export interface TwoByTwo {
  readonly oddsRatio: Told;
  readonly relativeRisk: Told;
  /** 95 % intervals of the sampling and the noise together; null: not defined. */
  readonly oddsRatioSampled: Told;
  readonly relativeRiskSampled: Told;
}

/**
 * Odds ratio a·d/(b·c), and relative risk of the first column, of the first row against the second. Null where a count
 * that it divides by, or whose logarithm it needs, is not positive.
 *
 * @param noised Counts a, b, c, d: row after row.
 * @see Woolf 1955, On estimating the relation between blood group and disease, Annals of Human Genetics 19; Katz et al.
 *   1978, Obtaining confidence intervals for the risk ratio in cohort studies, Biometrics 34. Both on logarithms.
 */
export function twoByTwo(noised: NoisedSums): TwoByTwo {
  assert(noised.sums.length === 4, "two rows of two columns");
  const [odds = null, risk = null] = smoothTold(noised, logRatios);
  const [logOdds = 0, logRisk = 0] = logRatios(noised.sums);
  const [noiseOdds = 0, noiseRisk = 0] = noiseVariances(noised, logRatios);
  const [a = 0, b = 0, c = 0, d = 0] = noised.sums;
  const oddsVariance = 1 / a + 1 / b + 1 / c + 1 / d;
  const riskVariance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d);
  const both = (log: number, variance: number): Told =>
    mapTold(sampled(log, Math.sqrt(variance)), Math.exp);
  return {
    oddsRatio: mapTold(odds, Math.exp),
    relativeRisk: mapTold(risk, Math.exp),
    oddsRatioSampled: both(logOdds, oddsVariance + noiseOdds),
    relativeRiskSampled: both(logRisk, riskVariance + noiseRisk),
  };
}

function logRatios([a = 0, b = 0, c = 0, d = 0]: Float64Array): [number, number] {
  return [Math.log((a / b) * (d / c)), Math.log(a / (a + b)) - Math.log(c / (c + d))];
}
