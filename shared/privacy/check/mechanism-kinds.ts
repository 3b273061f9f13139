/** Vectors of single mechanisms: exact privacy curves, noise laws, shares and the grid. Pure. */
import { z } from "zod";
import { advancedComposition } from "../accounting/advanced-composition.ts";
import { prefixSquareRoot } from "../accounting/correlated-noise.ts";
import { gaussianDelta, gaussianSigma } from "../accounting/gaussian.ts";
import { epsilonOfZcdp } from "../accounting/zcdp.ts";
import { updateNoiseMultiplier } from "../mechanism/adaptive-clip.ts";
import { effectiveNoiseMultiplier, gridSensitivity, smoothingSlack } from "../mechanism/grid.ts";
import { honestSurvivors, noiseShareStdDev } from "../mechanism/noise-share.ts";
import {
  discreteGaussianDelta,
  discreteGaussianProbability,
  discreteGaussianVariance,
  discreteLaplaceProbability,
  discreteLaplaceVariance,
} from "../noise/probabilities.ts";
import type { Kind } from "./check.ts";
import { Count, Fraction, kind, Positive } from "./kind.ts";

/** Coefficients that a vector may list. */
const COEFFICIENTS_SHOWN = 1000;

/** Beyond, an exact sum takes longer than anybody waits. */
const SUMMED_VARIANCE_MAX = 1e12;

const Points = z.array(z.int()).min(1);
const NotNegative = z.number().min(0);

export const mechanismKinds: Readonly<Record<string, Kind>> = {
  gaussian_delta: kind(
    z.object({ sigma: Positive, sensitivity: Positive, epsilon: NotNegative }),
    ({ sigma, sensitivity, epsilon }) => ({ delta: gaussianDelta(sigma / sensitivity, epsilon) }),
  ),
  gaussian_sigma: kind(
    z.object({ epsilon: NotNegative, delta: Fraction, sensitivity: Positive }),
    ({ epsilon, delta, sensitivity }) => ({ sigma: sensitivity * gaussianSigma(epsilon, delta) }),
  ),
  discrete_gaussian_delta: kind(
    z.object({
      sigma_squared: Positive.max(SUMMED_VARIANCE_MAX),
      sensitivity: Count,
      epsilon: NotNegative,
      dimension: z.literal(1, "only one dimension is computed exactly").optional(),
    }),
    (inputs) => ({
      delta: discreteGaussianDelta(inputs.sigma_squared, inputs.sensitivity, inputs.epsilon),
    }),
  ),
  discrete_gaussian_pmf: kind(
    z.object({ sigma_squared: Positive, points: Points }),
    ({ sigma_squared: squared, points }) => ({
      pmf: points.map((n) => discreteGaussianProbability(n, squared)),
      variance: discreteGaussianVariance(squared),
    }),
  ),
  discrete_laplace_pmf: kind(
    z.object({ scale: Positive, points: Points }),
    ({ scale, points }) => ({
      pmf: points.map((n) => discreteLaplaceProbability(n, scale)),
      variance: discreteLaplaceVariance(scale),
    }),
  ),
  zcdp_to_epsilon: kind(z.object({ rho: Positive, delta: Fraction }), ({ rho, delta }) => {
    const { epsilon, order } = epsilonOfZcdp(rho, delta);
    return { epsilon, optimal_order: order };
  }),
  advanced_composition: kind(
    z.object({
      epsilon: NotNegative,
      delta: z.number().min(0).lt(1),
      count: Count,
      delta_prime: Fraction,
    }),
    ({ epsilon, delta, count, delta_prime: prime }) => ({
      ...advancedComposition({ epsilon, delta }, count, prime),
    }),
  ),
  noise_share: kind(
    z.object({
      noise_multiplier: Positive,
      clip_norm: Positive,
      members: Count,
      max_dropouts: z.int().min(0),
      max_colluders: z.int().min(0),
    }),
    (inputs) => {
      const { noise_multiplier: noise, clip_norm: clipNorm, members } = inputs;
      const cohort = {
        memberCount: members,
        maxDropouts: inputs.max_dropouts,
        maxColluders: inputs.max_colluders,
      };
      const share = noiseShareStdDev(noise, clipNorm, cohort);
      const all = share * Math.sqrt(members);
      return {
        share_stddev: share,
        stddev_if_nobody_drops: all,
        worst_case_effective_noise_multiplier:
          (share * Math.sqrt(honestSurvivors(cohort))) / clipNorm,
        best_case_noise_multiplier: all / clipNorm,
      };
    },
  ),
  grid_effective_noise: kind(
    z.object({
      stddev_grid: Positive,
      grid_steps_per_clip: Positive,
      dimension: Count,
      float_slack: NotNegative,
      smoothing_variance: Positive,
    }),
    (inputs) => {
      const { dimension, float_slack: floatSlack, grid_steps_per_clip: gridSteps } = inputs;
      const smoothingVariance = inputs.smoothing_variance;
      const noise = { stdDev: inputs.stddev_grid, dimension, floatSlack, gridSteps };
      return {
        l2_sensitivity_grid: gridSensitivity(dimension, floatSlack, gridSteps),
        effective_noise_multiplier: effectiveNoiseMultiplier({ ...noise, smoothingVariance }),
        pure_dp_slack_per_release: smoothingSlack(dimension, smoothingVariance),
      };
    },
  ),
  adaptive_clip_noise: kind(
    z.object({ noise_multiplier: Positive, clipped_count_stddev: Positive }),
    ({ noise_multiplier: noise, clipped_count_stddev: count }) => ({
      update_noise_multiplier: updateNoiseMultiplier(noise, count),
    }),
  ),
  mf_prefix_sqrt: kind(z.object({ steps: Count.max(100_000_000) }), ({ steps }) => {
    const { coefficients, sensitivity, maxError } = prefixSquareRoot(steps, COEFFICIENTS_SHOWN);
    return { coefficients_head: coefficients, sensitivity, max_error_at_unit_noise: maxError };
  }),
};
