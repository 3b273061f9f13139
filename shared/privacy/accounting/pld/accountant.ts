/**
 * The accountant of privacy loss distributions: the tightest there is for runs that are fixed in
 * advance. Pure. What it says is never below the exact value: every error is on the side of more loss.
 */
import { assert } from "../../../base/assert.ts";
import { binomialUpperTail } from "../../../base/binomial.ts";
import {
  merged,
  notCounted,
  type PrivacyAccountant,
  type Repeated,
  singleEvents,
} from "../accountant.ts";
import type { SingleDpEvent, TruncatedSubsampledGaussianDpEvent } from "../events.ts";
import type { RepeatedPair } from "./cumulants.ts";
import { mixtureAdjacency, replaceOneAdjacency } from "./gaussian-pair.ts";
import {
  binomialAdjacency,
  discreteGaussianAdjacency,
  discreteLaplaceAdjacency,
  laplaceAdjacency,
} from "./noise-pair.ts";
import { type Adjacency, type LossPair, mixedPair } from "./pair.ts";
import { deltaOfPairs, epsilonOfPairs } from "./solve.ts";

export type NeighboringRelation = "add-or-remove-one" | "replace-one";

export interface PldOptions {
  /** `replace-one` counts Gaussian and Poisson-sampled events only. Left out: add-or-remove-one. */
  readonly neighboringRelation?: NeighboringRelation;
  /** How far, relatively, the grid may raise ε. Left out: 2·10⁻⁵. */
  readonly tolerance?: number;
}

const TOLERANCE = 2e-5;
/** The neighbours' other order is looked at this much less closely first: mostly that settles it. */
const GLANCE = 50;

/** @throws {CloisterError} `privacy.event-not-counted` For zCDP, which has no distribution of its own. */
export function pldAccountant(options: PldOptions = {}): PrivacyAccountant {
  return withEvents([], options);
}

/** Whether the accountant has losses for it: of several numbers with binomial noise no dearest pair is known here. */
export const hasLossDistribution = (event: SingleDpEvent): boolean =>
  event.kind !== "zcdp" && (event.kind !== "binomial" || event.sensitivity === 1);

function withEvents(events: readonly Repeated[], options: PldOptions): PrivacyAccountant {
  const tolerance = options.tolerance ?? TOLERANCE;
  const pairs = pairsOf(events, options.neighboringRelation ?? "add-or-remove-one");
  return {
    compose: (event) => withEvents(merged(events, singleEvents(event)), options),
    getEpsilon(delta) {
      assert(delta >= 0 && delta < 1, "δ is in [0, 1)");
      if (delta === 0) return pureEpsilon(pairs.remove);
      return epsilonOfSides(pairs, delta, tolerance);
    },
    getDelta(epsilon) {
      assert(epsilon >= 0, "ε is not negative");
      return deltaOfSides(pairs, epsilon, tolerance);
    },
  };
}

/** The larger ε of the neighbours' two orders. */
function epsilonOfSides({ remove, add }: Sides, delta: number, tolerance: number): number {
  if (remove.length === 0) return 0;
  const first = epsilonOfPairs(remove, delta, { tolerance });
  if (add === remove || first === Number.POSITIVE_INFINITY) return first;
  // A coarse grid gives a higher δ, which is a bound too.
  const glance = deltaOfPairs(add, first, { tolerance: GLANCE * tolerance });
  return glance <= delta ? first : Math.max(first, epsilonOfPairs(add, delta, { tolerance }));
}

/** The larger δ of the neighbours' two orders. */
function deltaOfSides({ remove, add }: Sides, epsilon: number, tolerance: number): number {
  if (remove.length === 0) return 0;
  const first = deltaOfPairs(remove, epsilon, { tolerance });
  if (add === remove) return first;
  const glance = deltaOfPairs(add, epsilon, { tolerance: GLANCE * tolerance });
  return glance <= first ? first : Math.max(first, deltaOfPairs(add, epsilon, { tolerance }));
}

function pureEpsilon(pairs: readonly RepeatedPair[]): number {
  return pairs.reduce((sum, { pair, count }) => sum + count * pair.lossMax, 0);
}

/** The same releases with the neighbours in either order. The same list twice if all are symmetric. */
interface Sides {
  readonly remove: readonly RepeatedPair[];
  readonly add: readonly RepeatedPair[];
}

function pairsOf(events: readonly Repeated[], relation: NeighboringRelation): Sides {
  const all = withOneGaussian(events).map(({ event, count }) => ({
    adjacency: relation === "replace-one" ? replaceOne(event) : addOrRemoveOne(event),
    count,
  }));
  const side = (of: (adjacency: Adjacency) => LossPair): RepeatedPair[] =>
    all.map(({ adjacency, count }) => ({ pair: of(adjacency), count }));
  const remove = side((adjacency) => adjacency.remove);
  const symmetric = all.every(({ adjacency }) => adjacency.add === adjacency.remove);
  return { remove, add: symmetric ? remove : side((adjacency) => adjacency.add) };
}

/** Unsampled Gaussian releases together are one Gaussian release, with Σ 1/z² of theirs. */
function withOneGaussian(events: readonly Repeated[]): Repeated[] {
  const noises = events.map(({ event, count }) => ({ z: unsampledNoise(event), event, count }));
  const precision = noises.reduce(
    (sum, { z, count }) => sum + (z === null ? 0 : count / z ** 2),
    0,
  );
  const others = noises.filter(({ z }) => z === null).map(({ event, count }) => ({ event, count }));
  if (precision === 0) return others;
  return [{ event: { kind: "gaussian", noiseMultiplier: precision ** -0.5 }, count: 1 }, ...others];
}

function unsampledNoise(event: SingleDpEvent): number | null {
  if (event.kind === "gaussian") return event.noiseMultiplier;
  const unsampled = event.kind === "poissonSampled" && event.samplingProbability === 1;
  return unsampled ? event.event.noiseMultiplier : null;
}

function addOrRemoveOne(event: SingleDpEvent): Adjacency {
  switch (event.kind) {
    case "gaussian":
      return sampledAdjacency(1, event.noiseMultiplier);
    case "poissonSampled":
      return sampledAdjacency(event.samplingProbability, event.event.noiseMultiplier);
    case "mixtureOfGaussians":
      return mixtureAdjacency(event.sensitivities, event.samplingProbabilities, event.noiseStdDev);
    case "truncatedSubsampledGaussian":
      return truncatedAdjacency(event);
    case "laplace":
      return laplaceAdjacency(event.noiseMultiplier);
    case "discreteLaplace":
      return discreteLaplaceAdjacency(event.noiseParameter, event.sensitivity);
    case "discreteGaussian":
      return discreteGaussianAdjacency(event.sigmaSquared, event.sensitivity);
    case "binomial":
      if (event.sensitivity === 1) return binomialAdjacency(event.trials);
      throw notCounted("privacy loss", event.kind, "above sensitivity 1 use the Rényi accountant");
    default:
      throw notCounted("privacy loss", event.kind, "use the Rényi or the zCDP accountant");
  }
}

function replaceOne(event: SingleDpEvent): Adjacency {
  if (event.kind === "gaussian") return replaceOneAdjacency(1, event.noiseMultiplier);
  if (event.kind === "poissonSampled") {
    return replaceOneAdjacency(event.samplingProbability, event.event.noiseMultiplier);
  }
  throw notCounted("privacy loss", event.kind, "replace-one is for Gaussian noise only");
}

function sampledAdjacency(samplingProbability: number, noiseMultiplier: number): Adjacency {
  if (samplingProbability === 1) {
    // Mirrored, the pair is the same.
    const { remove } = mixtureAdjacency([1], [1], noiseMultiplier);
    return { remove, add: remove };
  }
  const weights = [1 - samplingProbability, samplingProbability];
  return mixtureAdjacency([0, 1], weights, noiseMultiplier);
}

/**
 * With probability τ the batch is full without the unit. Then the unit, if it gets in, takes the place
 * of another, so that both ways of sampling differ by up to 2: bounded by replace-one at half the
 * noise, with the probability that it gets in. Else the sample is an ordinary Poisson sample.
 *
 * @see Ganesh et al. 2025, arXiv 2508.15089; the bound is that of Google's dp_accounting.
 */
function truncatedAdjacency(event: TruncatedSubsampledGaussianDpEvent): Adjacency {
  const { datasetSize, samplingProbability, truncatedBatchSize, noiseMultiplier } = event;
  const sampled = sampledAdjacency(samplingProbability, noiseMultiplier);
  const law = { success: samplingProbability, failure: 1 - samplingProbability };
  const full = binomialUpperTail(truncatedBatchSize, { ...law, trials: datasetSize - 1 });
  if (full === 0) return sampled;
  const overfull = binomialUpperTail(truncatedBatchSize + 1, { ...law, trials: datasetSize });
  const getsIn = (overfull * truncatedBatchSize) / (full * datasetSize);
  const replaced = replaceOneAdjacency(Math.min(1, getsIn), noiseMultiplier / 2).remove;
  return {
    remove: mixedPair(full, replaced, sampled.remove),
    add: mixedPair(full, replaced, sampled.add),
  };
}
