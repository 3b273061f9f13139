/** Exact probabilities of the integer noises: discrete Gaussian and discrete Laplace. Pure. */
import { assert } from "../../base/assert.ts";

/** Below this variance sums over the integers converge at once, above it their Poisson transforms. */
const DIRECT_VARIANCE_MAX = 0.5;
/** Terms of such a sum that can matter: at the boundary already the fourth is below 10⁻¹⁶. */
const TERMS = 8;
/** What is left out of a tail, relative to it. */
const NEGLIGIBLE = 1e-20;

/**
 * P(n) ∝ e^(−n²/2σ²) over the integers.
 *
 * @see Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, NeurIPS 2020,
 *   definition 1.
 */
export function discreteGaussianProbability(n: number, variance: number): number {
  return Math.exp((-n * n) / (2 * variance)) / gaussianNormaliser(variance);
}

/**
 * Its true variance, a little below σ²: 2σ⁴ times the derivative of ln Σ e^(−n²/2σ²) by σ². Where
 * σ² is large, of the sum's transform √(2πσ²)·Σ e^(−2π²σ²k²).
 */
export function discreteGaussianVariance(variance: number): number {
  assertVariance(variance);
  const direct = variance < DIRECT_VARIANCE_MAX;
  const rate = direct ? 1 / (2 * variance) : 2 * Math.PI ** 2 * variance;
  let [sum, squares] = [1, 0];
  for (let k = 1; k <= TERMS; k++) {
    const weight = 2 * Math.exp(-rate * k * k);
    sum += weight;
    squares += weight * k * k;
  }
  if (direct) return squares / sum;
  return variance - (4 * Math.PI ** 2 * variance ** 2 * squares) / sum;
}

/**
 * δ at ε of the discrete Gaussian mechanism in one dimension, exactly: Σ_n max(0, P(n) −
 * e^ε P(n − Δ)). The terms that count are those up to Δ/2 − εσ²/Δ; none is a difference of sums.
 *
 * @param sensitivity Δ, a positive integer: how far a neighbour moves the true value.
 * @see Canonne, Kamath and Steinke 2020, theorem 7.
 */
export function discreteGaussianDelta(
  variance: number,
  sensitivity: number,
  epsilon: number,
): number {
  assert(Number.isInteger(sensitivity) && sensitivity >= 1, "the sensitivity is a whole number");
  assert(epsilon >= 0, "ε is not negative");
  const normaliser = gaussianNormaliser(variance);
  let sum = 0;
  const last = Math.floor(sensitivity / 2 - (epsilon * variance) / sensitivity);
  // Further out than 40σ every weight is zero as a double.
  for (let n = Math.min(last, Math.ceil(40 * Math.sqrt(variance))); ; n--) {
    const loss = (sensitivity * (sensitivity - 2 * n)) / (2 * variance);
    const probability = Math.exp((-n * n) / (2 * variance));
    sum += probability * Math.max(0, -Math.expm1(epsilon - loss));
    if (n <= 0 && probability <= NEGLIGIBLE * sum) return Math.min(1, sum / normaliser);
  }
}

/** P(n) = tanh(a/2)·e^(−a|n|), a = 1/scale. */
export function discreteLaplaceProbability(n: number, scale: number): number {
  assertScale(scale);
  return Math.tanh(1 / (2 * scale)) * Math.exp(-Math.abs(n) / scale);
}

/** 2e^(−a)/(1 − e^(−a))², written so that nothing cancels for large scales. */
export function discreteLaplaceVariance(scale: number): number {
  assertScale(scale);
  return 1 / (2 * Math.sinh(1 / (2 * scale)) ** 2);
}

/** Σ_n e^(−n²/2σ²). */
function gaussianNormaliser(variance: number): number {
  assertVariance(variance);
  const direct = variance < DIRECT_VARIANCE_MAX;
  const rate = direct ? 1 / (2 * variance) : 2 * Math.PI ** 2 * variance;
  let sum = 1;
  for (let k = 1; k <= TERMS; k++) sum += 2 * Math.exp(-rate * k * k);
  return direct ? sum : sum * Math.sqrt(2 * Math.PI * variance);
}

function assertVariance(variance: number): void {
  assert(Number.isFinite(variance) && variance > 0, "σ² is positive and finite");
}

function assertScale(scale: number): void {
  assert(Number.isFinite(scale) && scale > 0, "the scale is positive and finite");
}
