/**
 * The δ(ε) curve of composed losses, around one point of it: exponential tilting, one fast Fourier
 * transform per kind of release, and every error on the side of more loss. Pure.
 */
import type { RepeatedPair } from "./cumulants.ts";
import { fftPlan, inverseRealFftInPlace, realFft, type Spectrum } from "./fft.ts";
import type { LossPmf, TailCut } from "./pair.ts";

/** How the composed loss is to be computed. */
export interface CompositionPlan {
  readonly pairs: readonly RepeatedPair[];
  readonly cut: TailCut;
  /** Losses are multiples of this. */
  readonly step: number;
  /** Losses e^(tilt·l) times likelier are what is transformed. At least 0. */
  readonly tilt: number;
  /** Index of the window's lowest grid point. */
  readonly first: number;
  /** Grid points in the window: a power of two. */
  readonly length: number;
  /** Tilt for bounding the mass above the window; any gives a bound, at least `tilt`. */
  readonly tailTilt: number;
}

/** Probabilities of the composed loss in a window, tilted; each is an upper bound. */
export interface ComposedLoss {
  readonly plan: CompositionPlan;
  /** Entry k belongs to the loss (first + k)·step; its probability is e^(logScale − tilt·loss) times it. */
  readonly tilted: Float64Array;
  readonly logScale: number;
  /** Part of each entry that only covers the transform's rounding errors. */
  readonly noise: number;
  /** Mass that is called infinite: truncated, or above the window. */
  readonly infinity: number;
}

/** Unit round-off. */
const ROUND_OFF = 2 ** -53;
/**
 * A butterfly's error in unit round-offs: √5 for the complex product (Brent, Percival and Zimmermann
 * 2007), 1 for the root of unity, 1 for the sum.
 */
const ERRORS_PER_STAGE = 4.3;
/** Parts of a spectrum below this are as good as 0, and slow where they are subnormal. */
const NEGLIGIBLE = 1e-200;

/**
 * Composes. Circular convolution folds what is outside the window into it: from above, that mass is
 * bounded by Chernoff's inequality and charged to infinity; from below, it only raises the loss.
 */
export function composedLoss(plan: CompositionPlan): ComposedLoss {
  const { pairs, step, cut, tilt, length } = plan;
  const fft = fftPlan(length);
  const product = emptyProduct(length);
  const tails = tailTilts(plan).map((at) => ({ tilt: at, log: 0 }));
  let [logScale, infinity] = [0, 0];
  for (const { pair, count } of pairs) {
    const pmf = pair.discretize(step, cut);
    const logMoment = logMomentOf(pmf, step, tilt);
    logScale += count * logMoment;
    for (const tail of tails) tail.log += count * logMomentOf(pmf, step, tail.tilt);
    infinity += count * pmf.infinity;
    multiplyPowerInPlace(product, realFft(fft, foldedTilted(pmf, plan, logMoment)), count);
  }
  const error = errorOf(product);
  const values = inverseRealFftInPlace(fft, product);
  // What leaves the window at the top comes back at the bottom, and is counted once more here.
  const top = (plan.first + length) * step;
  const above = Math.exp(Math.min(...tails.map((tail) => tail.log - tail.tilt * top)));
  return {
    plan,
    tilted: rotated(values, plan.first, error),
    logScale,
    noise: error,
    infinity: Math.min(1, infinity + above),
  };
}

/** Above this, a grid point's tilt outweighs what rounding puts one point above the largest loss there is. */
const STEEP_TILT = 1000;

/** Where losses are bounded, the best tilt may be so steep that gentler ones tell more of the grid's losses. */
function tailTilts({ tilt, tailTilt }: CompositionPlan): number[] {
  const tilts = [tailTilt];
  for (let at = tailTilt / 10; at > Math.max(tilt, STEEP_TILT / 10); at /= 10)
    if (tailTilt > STEEP_TILT) tilts.push(at);
  return tilts;
}

/** ln Σ p·e^(tilt·l). */
function logMomentOf({ first, probabilities }: LossPmf, step: number, tilt: number): number {
  const top = tilt * step * (first + probabilities.length - 1);
  let sum = 0;
  for (let k = 0; k < probabilities.length; k++) {
    const p = probabilities[k] ?? 0;
    if (p > 0) sum += p * Math.exp(tilt * step * (first + k) - top);
  }
  return top + Math.log(sum);
}

/** p·e^(tilt·l − logMoment), summing to 1, each at its index l/step modulo the length. */
function foldedTilted(pmf: LossPmf, plan: CompositionPlan, logMoment: number): Float64Array {
  const { step, tilt, length } = plan;
  const folded = new Float64Array(length);
  let at = modulo(pmf.first, length);
  for (let k = 0; k < pmf.probabilities.length; k++) {
    const p = pmf.probabilities[k] ?? 0;
    const weight = p > 0 ? p * Math.exp(tilt * step * (pmf.first + k) - logMoment) : 0;
    folded[at] = (folded[at] ?? 0) + weight;
    at = at + 1 === length ? 0 : at + 1;
  }
  return folded;
}

function modulo(index: number, length: number): number {
  return ((index % length) + length) % length;
}

/** From index modulo length to index − first; each entry raised by its error, and not below 0. */
function rotated(values: Float64Array, first: number, error: number): Float64Array {
  const start = modulo(first, values.length);
  const result = new Float64Array(values.length);
  result.set(values.subarray(start));
  result.set(values.subarray(0, start), values.length - start);
  for (let k = 0; k < result.length; k++) result[k] = Math.max(0, result[k] ?? 0) + error;
  return result;
}

/** A product of powers of transforms of probabilities, with a bound on its rounding errors. */
interface PowerProduct {
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Relative error of each entry. */
  readonly relative: Float64Array;
  /** Largest error of a transform of numbers that sum to 1. */
  readonly transformError: number;
}

function emptyProduct(length: number): PowerProduct {
  const transformError = ERRORS_PER_STAGE * ROUND_OFF * (Math.log2(length) + 1);
  const count = length / 2 + 1;
  const relative = new Float64Array(count).fill(transformError);
  return {
    re: new Float64Array(count).fill(1),
    im: new Float64Array(count),
    relative,
    transformError,
  };
}

/** Multiplies each entry by the transform's to the power of `count`, by repeated squaring. */
function multiplyPowerInPlace(product: PowerProduct, spectrum: Spectrum, count: number): void {
  const { re, im, relative, transformError } = product;
  for (let k = 0; k < re.length; k++) {
    let [baseRe, baseIm] = [spectrum.re[k] ?? 0, spectrum.im[k] ?? 0];
    let [valueRe, valueIm] = [re[k] ?? 0, im[k] ?? 0];
    const size = Math.max(Number.MIN_VALUE, Math.sqrt(baseRe * baseRe + baseIm * baseIm));
    relative[k] = (relative[k] ?? 0) + count * (transformError / size + 4 * ROUND_OFF);
    for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) {
        const kept = valueRe * baseRe - valueIm * baseIm;
        valueIm = valueRe * baseIm + valueIm * baseRe;
        valueRe = kept;
      }
      const squared = baseRe * baseRe - baseIm * baseIm;
      baseIm = 2 * baseRe * baseIm;
      baseRe = squared;
      if (valueRe === 0 && valueIm === 0) break;
    }
    re[k] = Math.abs(valueRe) < NEGLIGIBLE ? 0 : valueRe;
    im[k] = Math.abs(valueIm) < NEGLIGIBLE ? 0 : valueIm;
  }
}

/** The largest error of an entry of the inverse transform: the mean of the errors of all frequencies. */
function errorOf({ re, im, relative }: PowerProduct): number {
  const last = re.length - 1;
  let sum = 0;
  for (let k = 0; k <= last; k++) {
    const size = Math.abs(re[k] ?? 0) + Math.abs(im[k] ?? 0);
    if (size > 0) sum += (k === 0 || k === last ? 1 : 2) * size * (relative[k] ?? 0);
  }
  return sum / (2 * last);
}
