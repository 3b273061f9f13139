/**
 * Reference values of accountants and calibration, recomputed: for each kind of vector, a function
 * from its inputs to named results. Pure.
 */
import { z } from "zod";
import type { PrivacyAccountant } from "../accounting/accountant.ts";
import { calibrateNoiseMultiplier } from "../accounting/calibrate.ts";
import { noiseMultiplierFor, stepCountFor } from "../accounting/calibrate-plan.ts";
import {
  type DpEvent,
  repeated,
  type SingleDpEvent,
  sampledGaussian,
} from "../accounting/events.ts";
import { groupEvent } from "../accounting/group.ts";
import { pldAccountant } from "../accounting/pld/accountant.ts";
import { epsilonOfCurve, rdpAccountant, rdpCurve } from "../accounting/rdp.ts";
import { rdpLaplace } from "../accounting/rdp-noise.ts";
import type { Kind } from "./check.ts";
import { Count, kind, Orders, SamplingProbability } from "./kind.ts";

const Delta = z.number().min(0).lt(1);

const Sampled = z.object({
  sampling_probability: SamplingProbability,
  noise_multiplier: z.number().positive(),
});
const Steps = Sampled.extend({
  steps: Count,
  neighboring_relation: z.enum(["ADD_OR_REMOVE_ONE", "REPLACE_ONE"]).default("ADD_OR_REMOVE_ONE"),
});
const Laplace = z.object({ scale: z.number().positive(), sensitivity: z.number().positive() });
const DiscreteLaplace = z.object({ parameter: z.number().positive(), sensitivity: Count });
const Counted = z.object({ count: Count, delta: Delta });

const Mechanism = z.discriminatedUnion("type", [
  Sampled.extend({ type: z.literal("poisson"), count: Count }),
  Sampled.omit({ sampling_probability: true }).extend({
    type: z.literal("gaussian"),
    count: Count,
  }),
  Laplace.extend({ type: z.literal("laplace"), count: Count }),
  DiscreteLaplace.extend({ type: z.literal("discrete_laplace"), count: Count }),
]);
type Mechanism = z.infer<typeof Mechanism>;

const Truncated = Sampled.extend({
  dataset_size: Count,
  truncated_batch_size: Count,
  steps: Count,
  delta: Delta,
});
const Group = Sampled.extend({
  records_per_unit: z.int().min(1).max(512),
  steps: Count,
  delta: Delta,
});
const Target = z.object({
  sampling_probability: SamplingProbability,
  epsilon: z.number().positive(),
  delta: Delta.gt(0),
});
const Published = Steps.extend({ delta: Delta, accountant: z.enum(["rdp", "pld"]) });

export const pldKinds: Readonly<Record<string, Kind>> = {
  pld_poisson_epsilon: kind(Steps.extend({ delta: Delta }), poissonEpsilon),
  pld_poisson_epsilon_replace_one: kind(Steps.extend({ delta: Delta }), poissonEpsilon),
  pld_poisson_delta: kind(Steps.extend({ epsilon: z.number().min(0) }), (inputs) => ({
    delta: afterSteps(inputs).getDelta(inputs.epsilon),
  })),
  pld_truncated_poisson_epsilon: kind(Truncated, truncatedEpsilon),
  pld_group_poisson_epsilon: kind(Group, groupEpsilon),
  pld_laplace_epsilon: kind(Laplace.extend(Counted.shape), (inputs) => ({
    epsilon: pldAfter(laplace(inputs), inputs.count).getEpsilon(inputs.delta),
    pure_dp: pldAfter(laplace(inputs), inputs.count).getEpsilon(0),
  })),
  pld_discrete_laplace_epsilon: kind(DiscreteLaplace.extend(Counted.shape), (inputs) => ({
    epsilon: pldAfter(discreteLaplace(inputs), inputs.count).getEpsilon(inputs.delta),
    pure_dp: pldAfter(discreteLaplace(inputs), inputs.count).getEpsilon(0),
  })),
  rdp_laplace_order: kind(Laplace.extend({ order: z.number().gt(1) }), (inputs) => ({
    rdp: rdpLaplace(inputs.scale / inputs.sensitivity, inputs.order),
  })),
  rdp_laplace_epsilon: kind(
    Laplace.extend(Counted.shape).extend({ orders: Orders }),
    ({ orders, ...inputs }) =>
      rdpEpsilon(repeated(laplace(inputs), inputs.count), inputs.delta, orders),
  ),
  calibrate_sigma_rdp: kind(Target.extend({ steps: Count }), calibratedByRdp),
  calibrate_sigma_pld: kind(Target.extend({ steps: Count }), calibratedByPld),
  max_steps_pld: kind(Target.extend(Sampled.shape), mostSteps),
  composition_epsilon: kind(
    z.object({ mechanisms: z.array(Mechanism).min(1), delta: Delta.gt(0), orders: Orders }),
    composition,
  ),
  published: kind(Published, published),
};

function pldAfter(event: SingleDpEvent, count: number): PrivacyAccountant {
  return pldAccountant().compose(repeated(event, count));
}

function afterSteps(inputs: z.infer<typeof Steps>): PrivacyAccountant {
  const replaced = inputs.neighboring_relation === "REPLACE_ONE";
  const accountant = pldAccountant({
    neighboringRelation: replaced ? "replace-one" : "add-or-remove-one",
  });
  const event = sampledGaussian(inputs.sampling_probability, inputs.noise_multiplier);
  return accountant.compose(repeated(event, inputs.steps));
}

function poissonEpsilon(inputs: z.infer<typeof Steps> & { delta: number }): Record<string, number> {
  return { epsilon: afterSteps(inputs).getEpsilon(inputs.delta) };
}

function truncatedEpsilon(inputs: z.infer<typeof Truncated>): Record<string, number> {
  const event = {
    kind: "truncatedSubsampledGaussian",
    datasetSize: inputs.dataset_size,
    samplingProbability: inputs.sampling_probability,
    truncatedBatchSize: inputs.truncated_batch_size,
    noiseMultiplier: inputs.noise_multiplier,
  } as const;
  return { epsilon: pldAfter(event, inputs.steps).getEpsilon(inputs.delta) };
}

/** Each of a unit's k records is sampled by itself: the unit moves the sum by Binomial(k, q) at most. */
function groupEpsilon(inputs: z.infer<typeof Group>): Record<string, number> {
  const one = sampledGaussian(inputs.sampling_probability, inputs.noise_multiplier);
  const event = groupEvent(one, inputs.records_per_unit);
  return { epsilon: pldAfter(event, inputs.steps).getEpsilon(inputs.delta) };
}

function laplace({ scale, sensitivity }: z.infer<typeof Laplace>): SingleDpEvent {
  return { kind: "laplace", noiseMultiplier: scale / sensitivity };
}

function discreteLaplace(inputs: z.infer<typeof DiscreteLaplace>): SingleDpEvent {
  const { parameter: noiseParameter, sensitivity } = inputs;
  return { kind: "discreteLaplace", noiseParameter, sensitivity };
}

function rdpEpsilon(
  event: DpEvent,
  delta: number,
  orders: readonly number[],
): Record<string, number> {
  return { epsilon: epsilonOfCurve(rdpCurve(event, orders), delta, orders).epsilon };
}

function calibratedByRdp(
  inputs: z.infer<typeof Target> & { steps: number },
): Record<string, number> {
  const { noiseMultiplier, epsilon } = calibrateNoiseMultiplier({
    epsilon: inputs.epsilon,
    delta: inputs.delta,
    samplingProbability: inputs.sampling_probability,
    roundCount: inputs.steps,
  });
  return { noise_multiplier: noiseMultiplier, epsilon_at_sigma: epsilon };
}

function calibratedByPld(
  inputs: z.infer<typeof Target> & { steps: number },
): Record<string, number> {
  const { sampling_probability: q, steps, delta } = inputs;
  const plan = { samplingProbability: q, stepCount: steps };
  const rough = noiseMultiplierFor(pldAccountant({ tolerance: 1e-3 }), plan, inputs);
  const noise = noiseMultiplierFor(pldAccountant(), plan, inputs, rough);
  const epsilon = pldAfter(sampledGaussian(q, noise), steps).getEpsilon(delta);
  return { noise_multiplier: noise, epsilon_at_sigma: epsilon };
}

function mostSteps(
  inputs: z.infer<typeof Target> & z.infer<typeof Sampled>,
): Record<string, number> {
  const { sampling_probability: q, noise_multiplier: noise } = inputs;
  const plan = { samplingProbability: q, noiseMultiplier: noise };
  // The ε beside them belong to the expected number of steps, which may be one off.
  return { steps: stepCountFor(pldAccountant(), plan, inputs) };
}

function composition(inputs: {
  mechanisms: Mechanism[];
  delta: number;
  orders: z.infer<typeof Orders>;
}): Record<string, number> {
  const events = inputs.mechanisms.map((part) => repeated(eventOf(part), part.count));
  const event: DpEvent = { kind: "composed", events };
  const byRdp = rdpEpsilon(event, inputs.delta, inputs.orders);
  return {
    epsilon_pld: pldAccountant().compose(event).getEpsilon(inputs.delta),
    epsilon_rdp: byRdp["epsilon"] ?? Number.NaN,
  };
}

function eventOf(part: Mechanism): SingleDpEvent {
  switch (part.type) {
    case "poisson":
      return sampledGaussian(part.sampling_probability, part.noise_multiplier);
    case "gaussian":
      return { kind: "gaussian", noiseMultiplier: part.noise_multiplier };
    case "laplace":
      return laplace(part);
    case "discrete_laplace":
      return discreteLaplace(part);
  }
}

/** A published value and the one that was recomputed with more digits are both of the same number. */
function published(inputs: z.infer<typeof Published>): Record<string, number> {
  const event = sampledGaussian(inputs.sampling_probability, inputs.noise_multiplier);
  const accountant = inputs.accountant === "rdp" ? rdpAccountant() : pldAccountant();
  const epsilon = accountant.compose(repeated(event, inputs.steps)).getEpsilon(inputs.delta);
  return { published: epsilon, recomputed: epsilon };
}
