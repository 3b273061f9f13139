/** Vectors of Rényi accounting: the sampled Gaussian, trees, fixed-size samples, integer noises. Pure. */
import { z } from "zod";
import { rdpLimit } from "../accounting/budget.ts";
import { rdpTreeAggregation } from "../accounting/correlated-noise.ts";
import { sampledGaussian } from "../accounting/events.ts";
import {
  discreteGaussianSumGap,
  rdpDistributedGaussian,
  rdpPoissonSampled,
  rdpSkellam,
  roundedNorms,
} from "../accounting/integer-noise.ts";
import { deltaOfCurve, epsilonOfCurve, rdpCurve, rdpSampledGaussian } from "../accounting/rdp.ts";
import { rdpFixedSizeCurve } from "../accounting/without-replacement.ts";
import type { Kind } from "./check.ts";
import {
  AddOrRemoveOne,
  Count,
  Fraction,
  kind,
  Orders,
  Positive,
  ReplaceOne,
  SamplingProbability,
  WholeOrders,
} from "./kind.ts";
import type { Computed } from "./tolerance.ts";

const Sampled = z.object({
  sampling_probability: SamplingProbability,
  noise_multiplier: Positive,
  neighboring_relation: AddOrRemoveOne,
});
const Repeated = Sampled.extend({ steps: Count, orders: Orders });

const rdpOrder = kind(Sampled.extend({ order: z.number().gt(1).max(65_536) }), (inputs) => ({
  rdp: rdpSampledGaussian(inputs.sampling_probability, inputs.noise_multiplier, inputs.order),
}));

const poissonEpsilon = kind(Repeated.extend({ delta: Fraction }), (inputs) =>
  epsilonOf(repeatedCurve(inputs), inputs.delta, inputs.orders),
);

const poissonDelta = kind(Repeated.extend({ epsilon: z.number().min(0) }), (inputs) => ({
  delta: deltaOfCurve(repeatedCurve(inputs), inputs.epsilon, inputs.orders),
}));

const fixedSizeEpsilon = kind(
  z.object({
    dataset_size: Count,
    sample_size: Count,
    noise_to_replace_one_sensitivity: Positive,
    steps: Count,
    delta: Fraction,
    orders: Orders,
    neighboring_relation: ReplaceOne,
  }),
  (inputs) => {
    const release = {
      dataSize: inputs.dataset_size,
      sampleSize: inputs.sample_size,
      noiseMultiplier: inputs.noise_to_replace_one_sensitivity,
    };
    const curve = rdpFixedSizeCurve(release, inputs.orders);
    return epsilonOf(scaled(curve, inputs.steps), inputs.delta, inputs.orders);
  },
);

const treeEpsilon = kind(
  z.object({
    noise_multiplier: Positive,
    steps_per_tree: Count,
    trees: Count,
    delta: Fraction,
    orders: Orders,
  }),
  ({ noise_multiplier: noise, steps_per_tree: steps, trees, delta, orders }) =>
    epsilonOf(
      Float64Array.from(orders, (order) => rdpTreeAggregation(noise, steps, trees, order)),
      delta,
      orders,
    ),
);

const IntegerNoise = z.object({
  l2_clip: Positive,
  beta: z.number().min(0).lt(1),
  dim: Count,
  sampling_probability: SamplingProbability,
  steps: Count,
  delta: Fraction,
  orders: WholeOrders,
});

const distributedGaussianEpsilon = kind(
  IntegerNoise.extend({ gamma: Positive, local_stddev: Positive, num_clients: Count }),
  (inputs) => {
    const { gamma, dim: dimension, beta, num_clients: shares } = inputs;
    const norms = roundedNorms({ l2Steps: inputs.l2_clip / gamma, dimension, beta });
    const shareStdDev = inputs.local_stddev / gamma;
    const release = { ...norms, dimension, shareStdDev, shares };
    return {
      ...integerEpsilon(inputs, (order) => rdpDistributedGaussian(release, order)),
      rounded_l2_bound: norms.l2 * gamma,
      tau: discreteGaussianSumGap(shareStdDev, shares),
    };
  },
);

const skellamEpsilon = kind(
  IntegerNoise.extend({ scale: Positive, central_stddev: Positive }),
  (inputs) => {
    const { scale, dim: dimension, beta } = inputs;
    const norms = roundedNorms({ l2Steps: inputs.l2_clip * scale, dimension, beta });
    const variance = (inputs.central_stddev * scale) ** 2;
    return integerEpsilon(inputs, (order) => rdpSkellam(norms, variance, order));
  },
);

const filterBudget = kind(
  z.object({ epsilon: Positive, delta: Fraction, order: z.number().gt(1) }),
  ({ epsilon, delta, order }) => ({ rdp_budget: rdpLimit({ epsilon, delta, rdpOrder: order }) }),
);

export const rdpKinds: Readonly<Record<string, Kind>> = {
  rdp_order: rdpOrder,
  rdp_poisson_epsilon: poissonEpsilon,
  rdp_poisson_delta: poissonDelta,
  rdp_wor_epsilon: fixedSizeEpsilon,
  rdp_tree_epsilon: treeEpsilon,
  ddgauss_epsilon: distributedGaussianEpsilon,
  skellam_epsilon: skellamEpsilon,
  renyi_filter_budget: filterBudget,
};

function repeatedCurve(inputs: z.infer<typeof Repeated>): Float64Array {
  const event = sampledGaussian(inputs.sampling_probability, inputs.noise_multiplier);
  return rdpCurve({ kind: "selfComposed", event, count: inputs.steps }, inputs.orders);
}

function integerEpsilon(
  inputs: z.infer<typeof IntegerNoise>,
  rdp: (order: number) => number,
): Computed {
  const { sampling_probability: q, steps, delta, orders } = inputs;
  const curve = Float64Array.from(orders, (order) => rdpPoissonSampled(q, order, rdp));
  return epsilonOf(scaled(curve, steps), delta, orders);
}

function scaled(curve: Float64Array, count: number): Float64Array {
  return curve.map((rdp) => count * rdp);
}

/** The best order is not compared: where two are equally good, either is right. */
function epsilonOf(curve: Float64Array, delta: number, orders: readonly number[]): Computed {
  return { epsilon: epsilonOfCurve(curve, delta, orders).epsilon };
}
