/** Rényi divergences, in closed form, of noise that is not Gaussian or not continuous. Pure. */
import { assert } from "../../base/assert.ts";

/** Exponents above this are not raised, but taken out of the logarithm. */
const EXPONENT_MAX = 500;
/** From this σ² on, the discrete Gaussian's divergence is αΔ²/2σ² up to a factor 1 + 10⁻³⁰. */
const SMOOTH_SIGMA_SQUARED = 4;

/**
 * Laplace noise of scale λ times the sensitivity: with t = 1/λ,
 * ln(α/(2α − 1)·e^((α−1)t) + (α−1)/(2α − 1)·e^(−αt))/(α − 1).
 *
 * @see Mironov, Rényi Differential Privacy, 2017, proposition 6.
 */
export function rdpLaplace(noiseMultiplier: number, order: number): number {
  assert(order > 1, "a Rényi order is above 1");
  const t = 1 / noiseMultiplier;
  const upper = order / (2 * order - 1);
  if ((order - 1) * t > EXPONENT_MAX) return t + Math.log(upper) / (order - 1);
  const excess = upper * Math.expm1((order - 1) * t) + (1 - upper) * Math.expm1(-order * t);
  return Math.min(t, Math.log1p(excess) / (order - 1));
}

/**
 * Discrete Laplace noise of parameter a at sensitivity Δ. The loss is aΔ with probability
 * 1/(1 + e^(−a)), −aΔ with e^(−aΔ) times that, and a(Δ − 2k) with tanh(a/2)e^(−ak) for 0 < k < Δ;
 * the moment of the last is a geometric sum.
 */
export function rdpDiscreteLaplace(
  noiseParameter: number,
  sensitivity: number,
  order: number,
): number {
  assert(order > 1, "a Rényi order is above 1");
  const pure = noiseParameter * sensitivity;
  const edge = 1 / (1 + Math.exp(-noiseParameter));
  const inner = Math.tanh(noiseParameter / 2);
  const sum = geometricSum(noiseParameter * (2 * order - 1), sensitivity - 1);
  const top = (order - 1) * pure;
  // What is left out beside the largest term is below e^(−2·500) of it.
  if (top > EXPONENT_MAX) return pure + Math.log(edge + inner * sum) / (order - 1);
  const edges = Math.expm1(top) + Math.exp(-pure) * Math.expm1(-top);
  const middle = Math.exp(top) * sum - geometricSum(noiseParameter, sensitivity - 1);
  return Math.min(pure, Math.log1p(edge * edges + inner * middle) / (order - 1));
}

/** Σ e^(−bk) over k = 1 … count. */
function geometricSum(b: number, count: number): number {
  return (Math.exp(-b) * Math.expm1(-b * count)) / Math.expm1(-b);
}

/**
 * Discrete Gaussian noise of parameter σ² at an integer sensitivity Δ, exactly:
 * αΔ²/2σ² + ln(Z(αΔ)/Z(0))/(α − 1), Z(c) = Σ_k e^(−(k−c)²/2σ²) over the integers. The last term is
 * never positive, and 0 where αΔ is whole (Canonne, Kamath and Steinke 2020, theorem 4).
 */
export function rdpDiscreteGaussian(
  sigmaSquared: number,
  sensitivity: number,
  order: number,
): number {
  assert(order > 1, "a Rényi order is above 1");
  const smooth = (order * sensitivity ** 2) / (2 * sigmaSquared);
  if (sigmaSquared >= SMOOTH_SIGMA_SQUARED) return smooth;
  const shift = order * sensitivity;
  const ratio = logTheta(shift - Math.round(shift), sigmaSquared) - logTheta(0, sigmaSquared);
  return smooth + Math.min(0, ratio) / (order - 1);
}

/** ln Z(c) for |c| ≤ 1/2. */
function logTheta(c: number, sigmaSquared: number): number {
  const reach = Math.ceil(9 * Math.sqrt(sigmaSquared)) + 1;
  let sum = 0;
  // (k − c)² − c², so that the nearest integer's term is 1.
  for (let k = -reach; k <= reach; k++) sum += Math.exp((-k * (k - 2 * c)) / (2 * sigmaSquared));
  return Math.log(sum) - (c * c) / (2 * sigmaSquared);
}
