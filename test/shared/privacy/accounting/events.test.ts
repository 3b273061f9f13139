/** Tests of `shared/privacy/accounting/events.ts`. */
import { expect, test } from "vitest";
import { DpEvent, sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";

const gaussian = { kind: "gaussian", noiseMultiplier: 2 } as const;

test.each([
  gaussian,
  sampledGaussian(0.01, 1.1),
  { kind: "selfComposed", event: sampledGaussian(1, 1.1), count: 300 },
  { kind: "composed", events: [gaussian, { kind: "selfComposed", event: gaussian, count: 2 }] },
])("event %# survives the ledger's JSON unchanged", (event) => {
  expect(DpEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
});

test.each([
  ["an unknown kind", { kind: "laplace", scale: 1 }],
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
  ["an unknown part", { kind: "composed", events: [{ kind: "laplace", scale: 1 }] }],
])("%s is refused", (_, event) => {
  expect(DpEvent.safeParse(event).success).toBe(false);
});
