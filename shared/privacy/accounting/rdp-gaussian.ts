/**
 * Rényi divergences of the Poisson-sampled Gaussian at any real order, by quadrature of a
 * non-negative integrand: nothing cancels. Pure.
 */
import { assert } from "../../base/assert.ts";

/** Highest order that is computed. */
const ORDER_MAX = 2 ** 16;
/** Below this noise multiplier the sample's amplification is not computed, but left out. */
const QUADRATURE_NOISE_MIN = 1 / 8;
const STEPS_PER_STD_DEV = 16;
/** The integrand beyond this many standard deviations is below 10⁻³¹ of the whole. */
const TAIL_STD_DEVS = 12;
/** Below this |αu|, (1 + u)^α − 1 − αu is summed as a series, whose terms fall by tenfolds. */
const SERIES_MAX = 0.1;
/** Exponents above this are summed relative to the largest, so that nothing overflows. */
const EXPONENT_MAX = 500;

/**
 * Rényi divergence of order α of a sum with Gaussian noise, on a Poisson sample:
 * ln E[(1 + u)^α]/(α − 1), u = q(e^((2x−1)/2z²) − 1), x ~ N(0, z²). As E[u] = 0, the expectation is
 * 1 + E[(1 + u)^α − 1 − αu], whose integrand is never negative; the trapezoid rule with step z/16
 * has an error below 10⁻¹³ of it. Below z = 1/8 the sample is not taken into account: α/2z², an
 * upper bound.
 *
 * @param samplingProbability q in (0, 1].
 * @param noiseMultiplier z > 0.
 * @param order α in (1, 2^16], any real number.
 * @see Mironov, Talwar and Zhang, Rényi Differential Privacy of the Sampled Gaussian Mechanism,
 *   2019, §3: this direction of the divergence is the larger of the two.
 */
export function rdpSampledGaussian(
  samplingProbability: number,
  noiseMultiplier: number,
  order: number,
): number {
  const [q, z] = [samplingProbability, noiseMultiplier];
  assert(q > 0 && q <= 1, "the sampling probability is in (0, 1]");
  assert(Number.isFinite(z) && z > 0, "the noise multiplier is positive and finite");
  assert(order > 1 && order <= ORDER_MAX, "a Rényi order is above 1 and at most 2^16");
  const unsampled = order / (2 * z * z);
  if (q === 1 || z < QUADRATURE_NOISE_MIN) return unsampled;
  const scaled = (order - 1) * unsampled > EXPONENT_MAX ? logMomentScaled(q, z, order) : Number.NaN;
  // A small moment is never taken from the scaled form, which loses what is small beside 1.
  const logMoment = scaled > 1 ? scaled : Math.log1p(excessMoment(q, z, order));
  return Math.min(unsampled, logMoment / (order - 1));
}

/** E[(1 + u)^α − 1 − αu], where it does not overflow. */
function excessMoment(q: number, z: number, order: number): number {
  const step = z / STEPS_PER_STD_DEV;
  let sum = 0;
  for (let x = -TAIL_STD_DEVS * z; x <= order + TAIL_STD_DEVS * z; x += step) {
    const a = (2 * x - 1) / (2 * z * z);
    const gauss = -(x * x) / (2 * z * z);
    const u = q * Math.expm1(a);
    sum +=
      order * Math.abs(u) < SERIES_MAX
        ? Math.exp(gauss) * excessSeries(u, order)
        : excessDirect(q, a, order, gauss);
  }
  return (sum * step) / (z * Math.sqrt(2 * Math.PI));
}

/** (1 + u)^α − 1 − αu for small αu: Σ_{k ≥ 2} C(α, k) u^k. */
function excessSeries(u: number, order: number): number {
  let term = order * u;
  let sum = 0;
  for (let k = 2; k <= 16; k++) {
    term *= ((order - k + 1) / k) * u;
    sum += term;
  }
  return sum;
}

/** e^gauss·((1 + u)^α − 1 − αu), u = q(e^a − 1), without a large power times a small weight. */
function excessDirect(q: number, a: number, order: number, gauss: number): number {
  const logPower = order * logOnePlusU(q, a);
  if (logPower < 1) return Math.exp(gauss) * (Math.expm1(logPower) - order * q * Math.expm1(a));
  const linear = Math.exp(gauss) + order * q * (Math.exp(a + gauss) - Math.exp(gauss));
  return Math.exp(logPower + gauss) - linear;
}

/** ln E[(1 + u)^α] for large α/z: relative to the largest term. */
function logMomentScaled(q: number, z: number, order: number): number {
  const step = z / STEPS_PER_STD_DEV;
  const pointCount = Math.ceil((order + 2 * TAIL_STD_DEVS * z) / step) + 1;
  const exponents = new Float64Array(pointCount);
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < pointCount; i++) {
    const x = -TAIL_STD_DEVS * z + i * step;
    const exponent = order * logOnePlusU(q, (2 * x - 1) / (2 * z * z)) - (x * x) / (2 * z * z);
    exponents[i] = exponent;
    largest = Math.max(largest, exponent);
  }
  let sum = 0;
  for (let i = 0; i < pointCount; i++) sum += Math.exp((exponents[i] ?? 0) - largest);
  return largest + Math.log((sum * step) / (z * Math.sqrt(2 * Math.PI)));
}

/** ln(1 + q(e^a − 1)) for any a, also where e^a overflows. */
function logOnePlusU(q: number, a: number): number {
  if (a < EXPONENT_MAX) return Math.log1p(q * Math.expm1(a));
  return a + Math.log(q) + Math.log1p(((1 - q) / q) * Math.exp(-a));
}
