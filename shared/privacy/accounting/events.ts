/**
 * What was released, in privacy terms, as plain data: ledgers store it, accountants interpret it.
 * Pure. Names as in Google's dp_accounting. A flat grammar: parsing never recurses.
 */
import { z } from "zod";

/** A sum with Gaussian noise of standard deviation `noiseMultiplier` times the ℓ2 sensitivity. */
export const GaussianDpEvent = z.strictObject({
  kind: z.literal("gaussian"),
  noiseMultiplier: z.number().positive(),
});

/** The same on a sample in which each unit takes part independently with this probability. */
export const PoissonSampledDpEvent = z.strictObject({
  kind: z.literal("poissonSampled"),
  samplingProbability: z.number().gt(0).max(1),
  event: GaussianDpEvent,
});

/** What one round releases; what may be repeated. */
export const SingleDpEvent = z.discriminatedUnion("kind", [GaussianDpEvent, PoissonSampledDpEvent]);

/** One event, `count` times over, each time with fresh noise and a fresh sample. */
export const SelfComposedDpEvent = z.strictObject({
  kind: z.literal("selfComposed"),
  event: SingleDpEvent,
  count: z.int().min(1),
});

const RepeatedDpEvent = z.discriminatedUnion("kind", [
  GaussianDpEvent,
  PoissonSampledDpEvent,
  SelfComposedDpEvent,
]);

/** Several events, each of whose parameters may depend on the outcomes of those before. */
export const ComposedDpEvent = z.strictObject({
  kind: z.literal("composed"),
  events: z.array(RepeatedDpEvent).max(1_000_000),
});

/** Add-or-remove-one of a privacy unit is the neighbouring relation of every event. */
export const DpEvent = z.discriminatedUnion("kind", [
  GaussianDpEvent,
  PoissonSampledDpEvent,
  SelfComposedDpEvent,
  ComposedDpEvent,
]);

export type GaussianDpEvent = z.infer<typeof GaussianDpEvent>;
export type PoissonSampledDpEvent = z.infer<typeof PoissonSampledDpEvent>;
export type SingleDpEvent = z.infer<typeof SingleDpEvent>;
export type SelfComposedDpEvent = z.infer<typeof SelfComposedDpEvent>;
export type ComposedDpEvent = z.infer<typeof ComposedDpEvent>;
export type DpEvent = z.infer<typeof DpEvent>;

/** One noised release of a Poisson sample of units. At probability 1 there is no sampling. */
export function sampledGaussian(
  samplingProbability: number,
  noiseMultiplier: number,
): PoissonSampledDpEvent {
  return {
    kind: "poissonSampled",
    samplingProbability,
    event: { kind: "gaussian", noiseMultiplier },
  };
}
