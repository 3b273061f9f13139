/** Vectors of what is decided and observed about releases: partition selection and audits. Pure. */
import { z } from "zod";
import { clopperPearsonUpper } from "../audit/clopper-pearson.ts";
import {
  type Guesses,
  oneRunEpsilonLowerBound,
  oneRunEpsilonLowerBoundGaussian,
  oneRunPValue,
} from "../audit/one-run.ts";
import { partitionKeepProbability } from "../selection/partition.ts";
import { gaussianThreshold, laplaceThreshold } from "../selection/threshold.ts";
import type { Kind } from "./check.ts";
import { Count, Fraction, kind, Positive } from "./kind.ts";

const Contribution = z.object({
  max_partitions_contributed: Count,
  max_contributions_per_partition: Positive,
  epsilon: Positive,
  threshold_delta: Fraction,
});

const OneRun = z.object({
  canaries: Count,
  guesses: z.int().min(0),
  correct: z.int().min(0),
  delta: z.number().min(0).lt(1),
});

export const releaseKinds: Readonly<Record<string, Kind>> = {
  partition_keep_probability: kind(
    z.object({
      unit_count: z.int().min(0),
      max_partitions_contributed: Count,
      epsilon: Positive,
      delta: Fraction,
      strategy: z.literal("truncated_geometric").optional(),
    }),
    ({ unit_count: count, max_partitions_contributed: most, epsilon, delta }) => ({
      probability: partitionKeepProbability(count, {
        epsilon,
        delta,
        maxPartitionsContributed: most,
      }),
    }),
  ),
  gaussian_threshold: kind(Contribution.extend({ noise_delta: Fraction }), (inputs) => {
    const { epsilon, noise_delta: noiseDelta, threshold_delta: thresholdDelta } = inputs;
    const rule = gaussianThreshold(contributionOf(inputs), epsilon, noiseDelta, thresholdDelta);
    return { sigma: rule.noise, threshold: rule.threshold };
  }),
  laplace_threshold: kind(Contribution, (inputs) => {
    const { epsilon, threshold_delta: thresholdDelta } = inputs;
    const rule = laplaceThreshold(contributionOf(inputs), epsilon, thresholdDelta);
    return { scale: rule.noise, threshold: rule.threshold };
  }),
  one_run_p_value: kind(OneRun.extend({ epsilon: z.number().min(0) }), (inputs) => ({
    p_value: oneRunPValue(guessesOf(inputs), inputs.epsilon, inputs.delta),
  })),
  one_run_epsilon_lower_bound: kind(OneRun.extend({ significance: Fraction }), (inputs) => {
    const { significance, delta } = inputs;
    const seen = guessesOf(inputs);
    const epsilon = oneRunEpsilonLowerBound(seen, significance, delta);
    // No Gaussian mechanism is (ε, 0).
    if (delta === 0) return { epsilon };
    const gaussian = oneRunEpsilonLowerBoundGaussian(seen, significance, delta);
    return { epsilon, epsilon_fdp_gaussian: gaussian };
  }),
  clopper_pearson_upper: kind(
    z.object({ successes: z.int().min(0), trials: Count, significance: Fraction }),
    ({ successes, trials, significance }) => ({
      upper: clopperPearsonUpper(successes, trials, significance),
    }),
  ),
};

function contributionOf(inputs: z.infer<typeof Contribution>): {
  maxPartitionsContributed: number;
  maxContributionsPerPartition: number;
} {
  return {
    maxPartitionsContributed: inputs.max_partitions_contributed,
    maxContributionsPerPartition: inputs.max_contributions_per_partition,
  };
}

function guessesOf({ canaries, guesses, correct }: z.infer<typeof OneRun>): Guesses {
  return { canaries, guesses, correct };
}
