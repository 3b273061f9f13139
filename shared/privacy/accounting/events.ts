/**
 * What was released, in privacy terms, as plain data: ledgers store it, accountants interpret it.
 * Pure. Names as in Google's dp_accounting. A flat grammar: parsing never recurses.
 */
import { z } from "zod";

/** Most units that an event may name. */
const UNITS_MAX = 2 ** 31;
/** Most steps by which one unit moves an integer. */
const SENSITIVITY_MAX = 2 ** 20;
/** Most coins of one number. */
export const BINOMIAL_TRIALS_MAX = 2 ** 20;

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

/** Numbers with independent Laplace noise of scale `noiseMultiplier` times the ℓ1 sensitivity. */
export const LaplaceDpEvent = z.strictObject({
  kind: z.literal("laplace"),
  noiseMultiplier: z.number().positive(),
});

/** Whole numbers with independent noise of probability tanh(a/2)·e^(−a|x|), a = `noiseParameter`. */
export const DiscreteLaplaceDpEvent = z.strictObject({
  kind: z.literal("discreteLaplace"),
  noiseParameter: z.number().positive(),
  /** ℓ1: the most by which one unit moves the numbers together. */
  sensitivity: z.int().min(1).max(SENSITIVITY_MAX),
});

/**
 * One whole number with discrete Gaussian noise: probabilities in proportion to e^(−x²/2σ²).
 * For vectors the loss depends on more than the ℓ2 sensitivity Δ; their event is `ZCDpEvent` with
 * ρ = Δ²/2σ² (Canonne, Kamath and Steinke 2020, theorem 4).
 */
export const DiscreteGaussianDpEvent = z.strictObject({
  kind: z.literal("discreteGaussian"),
  /** The parameter σ², which the noise's variance does not exceed. */
  sigmaSquared: z.number().positive(),
  /** The most by which one unit moves the number. */
  sensitivity: z.int().min(1).max(SENSITIVITY_MAX),
});

/** Any release that is known to be ρ-zCDP: Rényi divergence at most ρα at every order α. */
export const ZCDpEvent = z.strictObject({
  kind: z.literal("zcdp"),
  rho: z.number().positive(),
});

const Probability = z.number().gt(0).max(1);

/**
 * Gaussian noise on a sum to which one unit adds a random amount: `sensitivities[i]` with
 * probability `samplingProbabilities[i]`, as when a unit's records are sampled one by one.
 *
 * @see Ganesh, Tight Group-Level DP Guarantees for DP-SGD with Sampling via Mixture of Gaussians
 *   Mechanisms, 2023.
 */
export const MixtureOfGaussiansDpEvent = z
  .strictObject({
    kind: z.literal("mixtureOfGaussians"),
    noiseStdDev: z.number().positive(),
    sensitivities: z.array(z.number().min(0)).min(1).max(1024),
    samplingProbabilities: z.array(Probability).min(1).max(1024),
  })
  .refine(
    ({ sensitivities, samplingProbabilities: p }) =>
      p.length === sensitivities.length &&
      Math.abs(p.reduce((sum, one) => sum + one, 0) - 1) < 1e-9,
    "one probability per sensitivity, and they sum to 1",
  );

/**
 * A Gaussian sum over a Poisson sample of `datasetSize` units, of which, if there are more than
 * `truncatedBatchSize`, a random subset of that size is kept. Neighbours differ in one unit that is
 * replaced by one that adds nothing, since the data set's size is public here.
 *
 * @see Ganesh et al. 2025, arXiv 2508.15089.
 */
export const TruncatedSubsampledGaussianDpEvent = z.strictObject({
  kind: z.literal("truncatedSubsampledGaussian"),
  datasetSize: z.int().min(1).max(UNITS_MAX),
  samplingProbability: Probability,
  truncatedBatchSize: z.int().min(1).max(UNITS_MAX),
  noiseMultiplier: z.number().positive(),
});

/**
 * Whole numbers, each with Bin(M, ½) added, M = `trials`. Some outcomes are possible on one side only; so this event
 * takes `delta` from a budget's δ, and a Rényi divergence of what is left: see `rdp-binomial.ts`.
 */
export const BinomialDpEvent = z.strictObject({
  kind: z.literal("binomial"),
  trials: z.int().min(1).max(BINOMIAL_TRIALS_MAX),
  /** ℓ1: the most by which one unit moves the numbers together, all of them upwards or all downwards. */
  sensitivity: z.int().min(1).max(64),
  delta: z.number().min(1e-100).lt(1),
});

const SINGLE = [
  GaussianDpEvent,
  PoissonSampledDpEvent,
  LaplaceDpEvent,
  DiscreteLaplaceDpEvent,
  DiscreteGaussianDpEvent,
  ZCDpEvent,
  MixtureOfGaussiansDpEvent,
  TruncatedSubsampledGaussianDpEvent,
  BinomialDpEvent,
] as const;

/** What one round releases; what may be repeated. */
export const SingleDpEvent = z.discriminatedUnion("kind", SINGLE);

/** One event, `count` times over, each time with fresh noise and a fresh sample. */
export const SelfComposedDpEvent = z.strictObject({
  kind: z.literal("selfComposed"),
  event: SingleDpEvent,
  count: z.int().min(1),
});

/** Several events, each of whose parameters may depend on the outcomes of those before. */
export const ComposedDpEvent = z.strictObject({
  kind: z.literal("composed"),
  events: z.array(z.discriminatedUnion("kind", [...SINGLE, SelfComposedDpEvent])).max(1_000_000),
});

/** Add-or-remove-one of a privacy unit is the neighbouring relation of every event, unless it says so. */
export const DpEvent = z.discriminatedUnion("kind", [
  ...SINGLE,
  SelfComposedDpEvent,
  ComposedDpEvent,
]);

export type GaussianDpEvent = z.infer<typeof GaussianDpEvent>;
export type PoissonSampledDpEvent = z.infer<typeof PoissonSampledDpEvent>;
export type LaplaceDpEvent = z.infer<typeof LaplaceDpEvent>;
export type DiscreteLaplaceDpEvent = z.infer<typeof DiscreteLaplaceDpEvent>;
export type DiscreteGaussianDpEvent = z.infer<typeof DiscreteGaussianDpEvent>;
export type ZCDpEvent = z.infer<typeof ZCDpEvent>;
export type MixtureOfGaussiansDpEvent = z.infer<typeof MixtureOfGaussiansDpEvent>;
export type TruncatedSubsampledGaussianDpEvent = z.infer<typeof TruncatedSubsampledGaussianDpEvent>;
export type BinomialDpEvent = z.infer<typeof BinomialDpEvent>;
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

/** The same event `count` times over. */
export function repeated(event: SingleDpEvent, count: number): SelfComposedDpEvent {
  return { kind: "selfComposed", event, count };
}
