/**
 * Sums over rows, as integers: exact where a run adds no noise, and with noise that is an integer where it does. What
 * questions are made of. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import {
  type FixedPoint,
  readSum as readLimbs,
  writeSumInPlace as writeLimbsInPlace,
} from "./boost/fixed-point.ts";
import type { Aggregate, Payers, ReleaseShape, TaskContext } from "./task.ts";

export interface SumsPlan {
  /** How many sums. */
  readonly length: number;
  /** `reals`: they are rounded once, each member's whole sum. A row's part of a sum has absolute value 1 at most. */
  readonly values: "integers" | "reals";
  /** ℓ2 bound of one row's part of the vector. */
  readonly rowNorm: number;
  /** Under noise, so many rows of one unit take part at most. */
  readonly rowsPerUnitMax: number;
  /** ℓ2 bound of one unit's part. Left out: that of `rowsPerUnitMax` rows, all in one place. */
  readonly unitNorm?: number;
  /** Whose rows are added up, and whose budgets pay. Left out: all. */
  readonly payers?: Payers;
}

type SumsContext = Pick<TaskContext<unknown>, "noise" | "rowsMax" | "memberCount">;

/** Steps to 1 under noise at most; finer is of no use beside it. */
const SCALE_MAX = 2 ** 16;
/** Of the ring of 32 bits all members' rows may take one half, noise the other. */
const ROOM = 2 ** 30;
/** A member's units are hardly more than so many times all that are expected. */
const UNITS_FACTOR = 4;

/** Of the 32-bit ring what sums of limbs stay within. */
const RING_MAX = 2 ** 31 - 1;
/** Whole numbers of so many bits are exact in float64, sums of all members among them. */
const FLOAT_BITS = 52;

/** Relative room for the rounding of float64 sums, as one unit can move them. */
const FLOAT_SLACK = 1e-9;

/** Limbs of exact reals, or one integer each. */
function exactPoint({ rowsMax, memberCount }: SumsContext, { values }: SumsPlan): FixedPoint {
  if (values === "integers") return { scale: 1, limbs: 1, base: 1, limbMax: rowsMax };
  // As fine as float64 sums are: variances and correlations are small differences of large sums.
  const scale = 2 ** Math.floor(FLOAT_BITS - Math.log2(rowsMax * memberCount));
  const base = 2 ** Math.floor(Math.log2(RING_MAX / memberCount));
  const upperMax = Math.ceil((rowsMax * scale) / base) + 1;
  assert(upperMax <= RING_MAX / memberCount, "the upper limbs of all members fit the ring");
  return { scale, limbs: 2, base, limbMax: Math.max(base, upperMax) };
}

/** Steps to 1 of a noised sum: a power of two, as fine as the ring allows. */
function noisedScale({ noise, rowsMax, memberCount }: SumsContext, plan: SumsPlan): number {
  assert(noise !== null, "only noised sums have this scale");
  const rows = Math.min(rowsMax, UNITS_FACTOR * noise.unitsExpected * plan.rowsPerUnitMax);
  const scale = 2 ** Math.floor(Math.log2(ROOM / (memberCount * rows)));
  return Math.min(SCALE_MAX, Math.max(1, scale));
}

/** How the sums leave a member; they are of all its units. */
export function sumsShape(context: SumsContext, plan: SumsPlan): ReleaseShape {
  const { noise } = context;
  const { length, values, rowNorm, rowsPerUnitMax, payers = "all" } = plan;
  const { unitNorm = rowsPerUnitMax * rowNorm } = plan;
  if (noise === null) {
    const { limbs, limbMax } = exactPoint(context, plan);
    const bounds = { magnitudeMax: limbMax, ringBits: 32, exact: true } as const;
    return { dimension: length * limbs, release: { kind: "bounded", ...bounds } };
  }
  const steps = unitNorm * noisedScale(context, plan);
  // A unit moves a rounded sum by one step more at most, in each coordinate.
  const sensitivity = values === "integers" ? steps : steps * (1 + FLOAT_SLACK) + Math.sqrt(length);
  return {
    dimension: length,
    release: {
      kind: "noised",
      sensitivity,
      samplingProbability: 1,
      noiseMultiplier: payers === "holdout" ? noise.holdoutMultiplier : noise.trainMultiplier,
      partition: payers,
      integers: true,
    },
  };
}

/**
 * @param sums One member's. Shape [length].
 * @returns The contribution, of integers. Shape [dimension].
 */
export function writeSums(context: SumsContext, plan: SumsPlan, sums: Float64Array): Float64Array {
  assert(sums.length === plan.length, "as many sums as planned");
  if (context.noise !== null) {
    const scale = noisedScale(context, plan);
    return sums.map((sum) => Math.round(sum * scale));
  }
  const point = exactPoint(context, plan);
  const vector = new Float64Array(sums.length * point.limbs);
  for (const [i, sum] of sums.entries())
    writeLimbsInPlace(vector, i * point.limbs, Math.round(sum * point.scale), point);
  return vector;
}

export interface OpenedSums {
  /** Shape [length]. */
  readonly sums: Float64Array;
  /** Of the noise in each, in its own unit; 0 without noise. If members are missing it is less. */
  readonly stdDev: number;
}

export function readSums(context: SumsContext, plan: SumsPlan, aggregate: Aggregate): OpenedSums {
  const { noise } = context;
  const { release } = sumsShape(context, plan);
  if (noise !== null && release.kind === "noised") {
    const scale = noisedScale(context, plan);
    const { sensitivity, noiseMultiplier } = release;
    const stdDev = (noiseMultiplier * sensitivity * (noise.inflation ?? 1)) / scale;
    return { sums: aggregate.map((steps) => steps / scale), stdDev };
  }
  const point = exactPoint(context, plan);
  const sums = new Float64Array(plan.length);
  for (let i = 0; i < sums.length; i++)
    sums[i] = readLimbs(aggregate, i * point.limbs, point) / point.scale;
  return { sums, stdDev: 0 };
}
