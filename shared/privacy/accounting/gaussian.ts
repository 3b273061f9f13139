/**
 * One Gaussian release without sampling, exactly: its (ε, δ) curve, and the least noise for a point
 * of it. Pure.
 *
 * @see Balle and Wang, Improving the Gaussian Mechanism for Differential Privacy: Analytical
 *   Calibration and Optimal Denoising, ICML 2018, theorem 8.
 */
import { assert } from "../../base/assert.ts";
import { logNormalCdf, normalCdf } from "../../base/normal.ts";

/**
 * δ at ε of noise with standard deviation σ on a value of sensitivity 1: Φ(1/2σ − εσ) −
 * e^ε Φ(−1/2σ − εσ). Written as a product, so that the small difference is taken between logarithms.
 */
export function gaussianDelta(sigma: number, epsilon: number): number {
  assert(Number.isFinite(sigma) && sigma > 0, "σ is positive and finite");
  assert(epsilon >= 0, "ε is not negative");
  const half = 1 / (2 * sigma);
  const upper = half - epsilon * sigma;
  const logRatio = epsilon + logNormalCdf(-half - epsilon * sigma) - logNormalCdf(upper);
  return Math.max(0, -normalCdf(upper) * Math.expm1(logRatio));
}

/**
 * The smallest σ, for sensitivity 1, whose δ at ε is at most the one given; from above, to a few
 * ulps. Bisection of ln σ: δ falls with σ.
 *
 * @param epsilon ≥ 0.
 * @param delta In (0, 1).
 */
export function gaussianSigma(epsilon: number, delta: number): number {
  assert(epsilon >= 0 && Number.isFinite(epsilon), "ε is finite and not negative");
  assert(delta > 0 && delta < 1, "δ is in (0, 1)");
  let high = 1;
  while (gaussianDelta(high, epsilon) > delta) high *= 2;
  let low = high / 2;
  while (gaussianDelta(low, epsilon) <= delta) [low, high] = [low / 2, low];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (gaussianDelta(middle, epsilon) > delta) low = middle;
    else high = middle;
  }
}
