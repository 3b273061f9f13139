/** Tests of `shared/privacy/accounting/events.ts`. */
import { expect, test } from "vitest";
import { DpEvent, sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";

const gaussian = { kind: "gaussian", noiseMultiplier: 2 } as const;
const mixture = {
  kind: "mixtureOfGaussians",
  noiseStdDev: 2,
  sensitivities: [0, 1],
  samplingProbabilities: [0.75, 0.25],
} as const;
const truncated = {
  kind: "truncatedSubsampledGaussian",
  datasetSize: 100,
  samplingProbability: 0.1,
  truncatedBatchSize: 20,
  noiseMultiplier: 1,
} as const;

test.each([
  gaussian,
  sampledGaussian(0.01, 1.1),
  { kind: "selfComposed", event: sampledGaussian(1, 1.1), count: 300 },
  { kind: "composed", events: [gaussian, { kind: "selfComposed", event: gaussian, count: 2 }] },
  { kind: "laplace", noiseMultiplier: 0.5 },
  { kind: "discreteLaplace", noiseParameter: 0.1, sensitivity: 3 },
  { kind: "discreteGaussian", sigmaSquared: 2.25, sensitivity: 1 },
  { kind: "zcdp", rho: 0.01 },
  mixture,
  { kind: "selfComposed", event: mixture, count: 9 },
  truncated,
])("event %# survives the ledger's JSON unchanged", (event) => {
  expect(DpEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
});

test.each([
  ["an unknown kind", { kind: "staircase", scale: 1 }],
  ["another library's field", { kind: "laplace", scale: 1 }],
  ["half a step", { kind: "discreteLaplace", noiseParameter: 1, sensitivity: 0.5 }],
  ["a free number", { kind: "discreteGaussian", sigmaSquared: 1, sensitivity: 0 }],
  ["no loss", { kind: "zcdp", rho: 0 }],
  ["a weight too few", { ...mixture, samplingProbabilities: [1] }],
  ["weights that miss 1", { ...mixture, samplingProbabilities: [0.75, 0.2] }],
  ["a batch of none", { ...truncated, truncatedBatchSize: 0 }],
  ["no kind", { noiseMultiplier: 1 }],
  ["no noise", { kind: "gaussian", noiseMultiplier: 0 }],
  ["infinite noise", { kind: "gaussian", noiseMultiplier: Number.POSITIVE_INFINITY }],
  ["NaN noise", { kind: "gaussian", noiseMultiplier: Number.NaN }],
  ["an unknown field", { ...gaussian, sensitivity: 1 }],
  ["probability 0", { kind: "poissonSampled", samplingProbability: 0, event: gaussian }],
  ["probability above 1", { kind: "poissonSampled", samplingProbability: 1.01, event: gaussian }],
  ["a sampled sample", { ...sampledGaussian(0.1, 1), event: sampledGaussian(0.1, 1) }],
  ["no repetition", { kind: "selfComposed", event: gaussian, count: 0 }],
  ["half a repetition", { kind: "selfComposed", event: gaussian, count: 1.5 }],
  ["an unknown part", { kind: "composed", events: [{ kind: "staircase" }] }],
])("%s is refused", (_, event) => {
  expect(DpEvent.safeParse(event).success).toBe(false);
});
