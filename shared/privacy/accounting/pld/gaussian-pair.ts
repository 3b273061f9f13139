/**
 * Pairs of mixtures of Gaussians, in one dimension, whose loss rises with the outcome: what sums
 * with Gaussian noise come down to, with and without sampling. Pure.
 */
import { normalTail } from "../../../base/normal.ts";
import {
  type Adjacency,
  addCellInPlace,
  type LossNodes,
  type LossPair,
  type LossPmf,
  pmfBuilder,
  type TailCut,
} from "./pair.ts";

/** P = Σ p_j·N(c_j, σ²) and Q = Σ q_j·N(c_j, σ²). Weights may be 0. */
interface GaussianMixtures {
  readonly centres: readonly number[];
  readonly p: readonly number[];
  readonly q: readonly number[];
  readonly stdDev: number;
  /** No outcome's loss is below or above these. */
  readonly lossMin: number;
  readonly lossMax: number;
  lossAt(x: number): number;
  /** The outcome with this loss; ±Infinity beyond the losses there are. `near` may speed it up. */
  outcomeAt(loss: number, near: number): number;
}

const NODES_PER_STD_DEV = 6;

/** Add-or-remove-one: the unit's part of the sum is `centres[j]` ≥ 0 with probability `weights[j]`. */
export function mixtureAdjacency(
  centres: readonly number[],
  weights: readonly number[],
  stdDev: number,
): Adjacency {
  // Q is the Gaussian at 0, which gets a centre of its own.
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scaled = weights.map((weight) => weight / total);
  const remove = {
    centres: [0, ...centres],
    p: [0, ...scaled],
    q: [1, ...centres.map(() => 0)],
    stdDev,
    ...logMixture(centres, scaled, stdDev),
  };
  return { remove: pairOf(remove), add: pairOf(mirrored(remove)) };
}

/**
 * Replace-one on a Poisson sample: the unit adds 1 with probability `q`, and its replacement −1.
 * The loss l is at σ²·(l/2 + asinh(e^(1/2σ²)·sinh(l/2)·(1 − q)/q)), by a quadratic equation in e^(x/σ²).
 */
export function replaceOneAdjacency(q: number, stdDev: number): Adjacency {
  const variance = stdDev * stdDev;
  const logRatio = 1 / (2 * variance) + Math.log1p(-q) - Math.log(q);
  const one = logMixture([0, 1], [1 - q, q], stdDev);
  const pair = pairOf({
    centres: [-1, 0, 1],
    p: [0, 1 - q, q],
    q: [q, 1 - q, 0],
    stdDev,
    lossMin: Number.NEGATIVE_INFINITY,
    lossMax: Number.POSITIVE_INFINITY,
    lossAt: (x) => one.lossAt(x) - one.lossAt(-x),
    outcomeAt: (loss) => variance * (loss / 2 + asinhOfScaledSinh(logRatio, loss / 2)),
  });
  return { remove: pair, add: pair };
}

/** asinh(e^a·sinh(y)), also where the exponentials overflow. */
function asinhOfScaledSinh(a: number, y: number): number {
  const size = Math.abs(y);
  // ln(e^a·sinh|y|); −Infinity at 0 and, without sampling, where a is.
  const log = a + size + Math.log(-Math.expm1(-2 * size) / 2);
  const result = log > 300 ? log + Math.LN2 : Math.asinh(Math.exp(log));
  return Math.sign(y) * result;
}

/** One Gaussian of a mixture, relative to N(0, σ²): weight·e^(shift + slope·x). */
interface Term {
  readonly weight: number;
  readonly slope: number;
  readonly shift: number;
}

/** The loss of Σ w_j·N(c_j, σ²) against N(0, σ²), and its inverse. */
function logMixture(
  centres: readonly number[],
  weights: readonly number[],
  stdDev: number,
): Pick<GaussianMixtures, "lossMin" | "lossMax" | "lossAt" | "outcomeAt"> {
  const slopes = centres.map((centre) => centre / (stdDev * stdDev));
  const terms = centres
    .map((centre, j): Term => {
      const slope = slopes[j] ?? 0;
      return { weight: weights[j] ?? 0, slope, shift: -(slope * centre) / 2 };
    })
    .filter(({ weight }) => weight > 0);
  const flat = terms.reduce((sum, { slope, weight }) => sum + (slope === 0 ? weight : 0), 0);
  const [rising, another] = terms.filter(({ slope }) => slope > 0);
  const outcomeAt =
    rising !== undefined && another === undefined
      ? (loss: number) => outcomeOfSampled(rising, loss)
      : (loss: number, near: number) => newtonFromRight(terms, loss, near);
  const lossMin = Math.log(flat);
  return {
    lossMin,
    lossMax: Number.POSITIVE_INFINITY,
    lossAt: (x) => logSum(terms, x).log,
    outcomeAt: (loss, near) => (loss <= lossMin ? -Infinity : outcomeAt(loss, near)),
  };
}

/** One Gaussian beside that at 0: e^l = 1 + w·(e^(shift + slope·x) − 1). */
function outcomeOfSampled({ weight, slope, shift }: Term, loss: number): number {
  if (weight === 1) return (loss - shift) / slope;
  const log = loss < 500 ? Math.log1p(Math.expm1(loss) / weight) : loss - Math.log(weight);
  return Number.isNaN(log) ? -Infinity : (log - shift) / slope;
}

/** ln Σ weight·e^(shift + slope·x), and its derivative by x. */
function logSum(terms: readonly Term[], x: number): { log: number; slope: number } {
  let top = -Infinity;
  for (const { shift, slope } of terms) top = Math.max(top, shift + slope * x);
  let [sum, excess, weighted] = [0, 0, 0];
  for (const { weight, shift, slope } of terms) {
    const size = weight * Math.exp(shift + slope * x - top);
    sum += size;
    weighted += size * slope;
    // The weights sum to 1: near 0 the logarithm is that of 1 and a small difference.
    if (top < 1) excess += weight * Math.expm1(shift + slope * x);
  }
  const log = top < 1 && excess > -0.5 ? Math.log1p(excess) : top + Math.log(sum);
  return { log, slope: weighted / sum };
}

/** Newton's iteration on a rising convex function: after one step it comes down to the root. */
function newtonFromRight(terms: readonly Term[], loss: number, near: number): number {
  let x = Number.isFinite(near) ? near : 0;
  for (let i = 0; i < 200; i++) {
    const { log, slope } = logSum(terms, x);
    const step = (loss - log) / slope;
    if (!Number.isFinite(step)) return -Infinity;
    x += step;
    if (Math.abs(step) <= 1e-14 * (1 + Math.abs(x))) break;
  }
  return x;
}

/** The same neighbours the other way round, with outcomes mirrored so that the loss rises again. */
function mirrored(pair: GaussianMixtures): GaussianMixtures {
  return {
    centres: pair.centres.map((centre) => -centre),
    p: pair.q,
    q: pair.p,
    stdDev: pair.stdDev,
    lossMin: -pair.lossMax,
    lossMax: -pair.lossMin,
    lossAt: (x) => -pair.lossAt(-x),
    outcomeAt: (loss, near) => -pair.outcomeAt(-loss, -near),
  };
}

function pairOf(pair: GaussianMixtures): LossPair {
  return {
    lossMax: pair.lossMax,
    nodes: (cut) => nodesOf(pair, cut),
    discretize: (step, cut) => discretized(pair, step, cut),
  };
}

/** Outcomes below the first and above the last have at most the masses of the cut, under P. */
function outcomeRange(pair: GaussianMixtures, cut: TailCut): [number, number] {
  const present = pair.centres.filter((_, j) => (pair.p[j] ?? 0) > 0);
  return [
    Math.min(...present) - pair.stdDev * standardQuantile(cut.lowerMass),
    Math.max(...present) + pair.stdDev * standardQuantile(cut.upperMass),
  ];
}

/** The x ≥ 0 above which a standard normal variable is with this probability, or a little less. */
function standardQuantile(mass: number): number {
  let [low, high] = [0, 38];
  while (high - low > 1e-3) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > mass) low = middle;
    else high = middle;
  }
  return high;
}

function nodesOf(pair: GaussianMixtures, cut: TailCut): LossNodes {
  const [low, high] = outcomeRange(pair, cut);
  const step = pair.stdDev / NODES_PER_STD_DEV;
  const count = Math.ceil((high - low) / step) + 1;
  const losses = new Float64Array(count);
  const probabilities = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const x = low + i * step;
    losses[i] = pair.lossAt(x);
    let density = 0;
    for (let j = 0; j < pair.centres.length; j++) {
      const u = (x - (pair.centres[j] ?? 0)) / pair.stdDev;
      density += (pair.p[j] ?? 0) * Math.exp((-u * u) / 2);
    }
    probabilities[i] = density / (NODES_PER_STD_DEV * Math.sqrt(2 * Math.PI));
  }
  return { losses, probabilities };
}

/** Masses of all cells at once: an outcome on the border of two cells is looked up once. */
function discretized(pair: GaussianMixtures, step: number, cut: TailCut): LossPmf {
  const [low, high] = outcomeRange(pair, cut);
  const builder = pmfBuilder(step, pair.lossAt(low), pair.lossAt(high));
  const count = builder.probabilities.length - 2;
  const firstIndex = builder.first + 1;
  const borders = new Float64Array(count + 1);
  let near = low;
  for (let k = 0; k <= count; k++) {
    near = pair.outcomeAt((firstIndex + k) * step, near);
    borders[k] = Math.min(high, Math.max(low, near));
  }
  borders[0] = low;
  borders[count] = high;
  const p = new Float64Array(count);
  const q = new Float64Array(count);
  let infinity = 0;
  pair.centres.forEach((centre, j) => {
    const [weightP, weightQ] = [pair.p[j] ?? 0, pair.q[j] ?? 0];
    const mass = massesBetween(borders, centre, pair.stdDev);
    for (let k = 0; k < count; k++) {
      p[k] = (p[k] ?? 0) + weightP * (mass[k] ?? 0);
      q[k] = (q[k] ?? 0) + weightQ * (mass[k] ?? 0);
    }
    infinity += weightP * normalTail((high - centre) / pair.stdDev);
    // What is below the lowest loss that is kept is rounded up to the grid point after it.
    builder.probabilities[2] =
      (builder.probabilities[2] ?? 0) + weightP * normalTail((centre - low) / pair.stdDev);
  });
  for (let k = 0; k < count; k++) {
    const index = firstIndex + k;
    const scaledQ = (q[k] ?? 0) * Math.exp(index * step);
    // Where the exponential overflows, 0 rounds the whole cell up.
    addCellInPlace(builder, index, p[k] ?? 0, Number.isFinite(scaledQ) ? scaledQ : 0);
  }
  return { first: builder.first, probabilities: builder.probabilities, infinity };
}

/** Probabilities of N(centre, σ²) between successive borders, without cancellation in either tail. */
function massesBetween(borders: Float64Array, centre: number, stdDev: number): Float64Array {
  const masses = new Float64Array(borders.length - 1);
  let left = ((borders[0] ?? 0) - centre) / stdDev;
  let leftTail = normalTail(Math.abs(left));
  for (let k = 0; k < masses.length; k++) {
    const right = ((borders[k + 1] ?? 0) - centre) / stdDev;
    const rightTail = right === left ? leftTail : normalTail(Math.abs(right));
    if (left >= 0) masses[k] = leftTail - rightTail;
    else masses[k] = right <= 0 ? rightTail - leftTail : 1 - leftTail - rightTail;
    [left, leftTail] = [right, rightTail];
  }
  return masses;
}
