/** Do groups differ in their means? t-tests and analysis of variance from each group's moments, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { fisherTail, studentQuantile, studentTwoSided } from "./distributions.ts";
import { type Scale, varianceOf } from "./moments.ts";
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

/** Two means compared. p-values allow for the noise. */
export interface MeansTest {
  /** First mean less the second, in the column's own unit. */
  readonly difference: Told;
  /** With a 95 % interval of the sampling and the noise together. */
  readonly differenceSampled: Told;
  /** Null: not defined. */
  readonly t: number | null;
  readonly degrees: number | null;
  readonly pValue: number | null;
}

export interface VarianceAnalysis {
  readonly f: Told;
  readonly degreesBetween: number;
  readonly degreesWithin: number;
  readonly pValue: number;
  /** η²: the part of the variance that lies between the groups. */
  readonly shareBetween: Told;
}

interface Group {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** n, Σu, Σu² of each group in turn. */
const WIDTH = 3;

function groupsIn(sums: Float64Array): Group[] {
  assert(sums.length % WIDTH === 0, "groups have three sums each");
  return Array.from({ length: sums.length / WIDTH }, (_, g) => {
    const own = sums.subarray(g * WIDTH, (g + 1) * WIDTH);
    const [count = 0, first = 0] = own;
    return { count, mean: first / count, variance: varianceOf(own) };
  });
}

function meansIn(sums: Float64Array): number[] {
  return groupsIn(sums).map(({ mean }) => mean);
}

/** Welch's test: each group has a variance of its own. @see Welch 1947, Biometrika 34. */
export function welchTest(noised: NoisedSums, scale: Scale): MeansTest {
  return meansTest(noised, scale, ({ count, variance }) => [variance / count, count - 1]);
}

/** Student's test: both groups have one variance. */
export function pooledTest(noised: NoisedSums, scale: Scale): MeansTest {
  const { degrees, variance } = spreadWithin(groupsIn(noised.sums));
  const both = (count: number): [number, number] => [variance / count, Number.NaN];
  const test = meansTest(noised, scale, ({ count }) => both(count), degrees);
  return test;
}

/**
 * @param spreadOf A mean's variance, and its degrees of freedom where each group has its own.
 * @param shared Degrees of freedom of all the variances together, where they are one.
 * @see Satterthwaite 1946, also for the noise: its variance is known, and has degrees of freedom without end.
 */
function meansTest(
  noised: NoisedSums,
  { half }: Scale,
  spreadOf: (group: Group) => readonly [variance: number, degrees: number],
  shared?: number,
): MeansTest {
  const groups = groupsIn(noised.sums);
  assert(groups.length === 2, "a t-test compares two groups");
  const [told = null] = smoothTold(noised, (sums) => [differenceIn(sums)]);
  const difference = mapTold(told, (u) => half * u);
  const [noise = 0] = noiseVariances(noised, (sums) => [differenceIn(sums)]);
  const spreads = groups.map(spreadOf);
  const sampling = spreads.reduce((sum, [variance]) => sum + variance, 0);
  const below =
    shared === undefined
      ? spreads.reduce((sum, [variance, degrees]) => sum + variance ** 2 / degrees, 0)
      : sampling ** 2 / shared;
  const error = Math.sqrt(sampling + noise);
  const degrees = (sampling + noise) ** 2 / below;
  const t = differenceIn(noised.sums) / error;
  if (!Number.isFinite(t) || !(degrees > 0) || groups.some(({ variance }) => !(variance >= 0)))
    return { difference, differenceSampled: null, t: null, degrees: null, pValue: null };
  const interval = sampled(half * error * t, half * error, studentQuantile(0.05, degrees));
  const pValue = studentTwoSided(t, degrees);
  return { difference, differenceSampled: interval, t, degrees, pValue };
}

function differenceIn(sums: Float64Array): number {
  const [first = Number.NaN, second = Number.NaN] = meansIn(sums);
  return first - second;
}

/** The variance within groups, all taken together. */
function spreadWithin(groups: readonly Group[]): {
  readonly degrees: number;
  readonly variance: number;
} {
  const degrees = groups.reduce((sum, { count }) => sum + count - 1, 0);
  const squares = groups.reduce((sum, { count, variance }) => sum + (count - 1) * variance, 0);
  return { degrees, variance: squares / degrees };
}

/**
 * One-way analysis of variance.
 *
 * @param noised Of groups that have rows. Shape [3 × groups].
 * @returns Null where it is not defined, or drowned in noise.
 * @see Fisher 1925, Statistical Methods for Research Workers, ch. VII. Deviation under noise: each mean's variance is
 *   larger by the noise's, as in `projectedLaw`.
 */
export function varianceAnalysis(noised: NoisedSums): VarianceAnalysis | null {
  const groups = groupsIn(noised.sums);
  const between = groups.length - 1;
  const { degrees, variance } = spreadWithin(groups);
  if (between < 1 || !(degrees > 0) || !(variance > 0)) return null;
  if (groups.some(({ count }) => !(count > 0))) return null;
  const scaled = (sums: Float64Array): number[] =>
    deviations(sums, (own) => own.variance * between);
  const parts = (sums: Float64Array): number[] =>
    deviations(sums, (own, square) => square + own.variance * own.degrees);
  const f = squaredLengthTold(noised, scaled);
  const plain = scaled(noised.sums).reduce((sum, deviation) => sum + deviation ** 2, 0);
  if (f === null || !Number.isFinite(plain)) return null;
  return {
    f,
    degreesBetween: between,
    degreesWithin: degrees,
    pValue: pValueOf(noised, plain * between, variance, degrees),
    shareBetween: within(squaredLengthTold(noised, parts), 0, 1),
  };
}

/** √n·(mean − mean of all) of each group, over the root of what `divisor` says of them. */
function deviations(
  sums: Float64Array,
  divisor: (own: ReturnType<typeof spreadWithin>, square: number) => number,
): number[] {
  const groups = groupsIn(sums);
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const middle = groups.reduce((sum, { count, mean }) => sum + count * mean, 0) / total;
  const plain = groups.map(({ count, mean }) => Math.sqrt(count) * (mean - middle));
  const square = plain.reduce((sum, deviation) => sum + deviation ** 2, 0);
  const root = Math.sqrt(divisor(spreadWithin(groups), square));
  return plain.map((deviation) => deviation / root);
}

function pValueOf(noised: NoisedSums, square: number, variance: number, degrees: number): number {
  const groups = groupsIn(noised.sums);
  const between = groups.length - 1;
  if (noised.stdDev === 0) return fisherTail(square / between, between, degrees);
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const variances = noiseVariances(noised, meansIn).map(
    (noise, g) => 1 + (noise * (groups[g]?.count ?? 0)) / variance,
  );
  const part = (g: number): number => Math.sqrt((groups[g]?.count ?? 0) / total);
  const law = projectedLaw(variances, (i, j) => +(i === j) - part(i) * part(j));
  return fisherTail(square / (law.scale * law.degrees), law.degrees, degrees);
}
