/** Privacy loss of Laplace, discrete Laplace, discrete Gaussian and binomial noise on numbers. Pure. */
import { binomialLowerTail, binomialPmf, binomialUpperTail } from "../../../base/binomial.ts";
import { badInput } from "../../../base/errors.ts";
import { binomialLoss } from "../rdp-binomial.ts";
import {
  type Adjacency,
  addAtomInPlace,
  addCellInPlace,
  type LossNodes,
  type LossPair,
  pmfBuilder,
  type TailCut,
} from "./pair.ts";

const LAPLACE_NODES = 1024;
/** Standard deviations beyond which discrete Gaussian and binomial noise is cut, and charged. */
const REACH = 12.5;
/** Above this σ² the losses of one release are too many to be listed. */
const SIGMA_SQUARED_MAX = 2 ** 30;

/**
 * Laplace noise of scale `noiseMultiplier` times the sensitivity; m is the inverse. The loss is m with
 * probability ½, −m with ½e^(−m), and between them has the density ¼e^((l − m)/2).
 */
export function laplaceAdjacency(noiseMultiplier: number): Adjacency {
  const m = 1 / noiseMultiplier;
  const pair: LossPair = {
    lossMax: m,
    nodes: () => laplaceNodes(m),
    discretize(step) {
      const builder = pmfBuilder(step, -m, m);
      addAtomInPlace(builder, -m, 0.5 * Math.exp(-m));
      addAtomInPlace(builder, m, 0.5);
      for (let index = Math.floor(-m / step); index * step < m; index++) {
        const low = Math.max(-m, index * step);
        const width = Math.min(m, (index + 1) * step) - low;
        const p = 0.5 * Math.exp((low - m) / 2) * Math.expm1(width / 2);
        const q = -0.5 * Math.exp(index * step - (low + m) / 2) * Math.expm1(-width / 2);
        if (width > 0) addCellInPlace(builder, index, p, q);
      }
      return { first: builder.first, probabilities: builder.probabilities, infinity: 0 };
    },
  };
  return { remove: pair, add: pair };
}

function laplaceNodes(m: number): LossNodes {
  const losses = new Float64Array(LAPLACE_NODES + 2);
  const probabilities = new Float64Array(LAPLACE_NODES + 2);
  const width = (2 * m) / LAPLACE_NODES;
  for (let i = 0; i < LAPLACE_NODES; i++) {
    const low = -m + i * width;
    losses[i] = low + width / 2;
    probabilities[i] = 0.5 * Math.exp((low - m) / 2) * Math.expm1(width / 2);
  }
  losses.set([-m, m], LAPLACE_NODES);
  probabilities.set([0.5 * Math.exp(-m), 0.5], LAPLACE_NODES);
  return { losses, probabilities };
}

/** Discrete Laplace noise of parameter a at integer sensitivity Δ: losses a(Δ − 2k), 0 ≤ k ≤ Δ. */
export function discreteLaplaceAdjacency(a: number, sensitivity: number): Adjacency {
  const losses = new Float64Array(sensitivity + 1);
  const probabilities = new Float64Array(sensitivity + 1);
  for (let k = 0; k <= sensitivity; k++) {
    losses[k] = a * (sensitivity - 2 * k);
    probabilities[k] = Math.tanh(a / 2) * Math.exp(-a * k);
  }
  // Outcomes outside 0 … Δ have the loss of the nearer end.
  const outside = 1 / (1 + Math.exp(-a));
  probabilities[0] = outside;
  probabilities[sensitivity] = outside * Math.exp(-a * sensitivity);
  const pair = latticePair({ losses, probabilities }, a * sensitivity, 0);
  return { remove: pair, add: pair };
}

/**
 * Discrete Gaussian noise of parameter σ² at integer sensitivity Δ: the outcome k, from P around 0,
 * has the loss Δ(Δ − 2k)/2σ² against Q around Δ.
 *
 * @throws {CloisterError} `privacy.event-not-counted` If σ² is above 2^30.
 */
export function discreteGaussianAdjacency(sigmaSquared: number, sensitivity: number): Adjacency {
  if (sigmaSquared > SIGMA_SQUARED_MAX) {
    throw badInput(
      "privacy.event-not-counted",
      `discrete Gaussian noise of σ² = ${sigmaSquared} has too many losses to be listed: ` +
        "account for it as ρ-zCDP, ρ = Δ²/2σ²",
    );
  }
  const reach = Math.ceil(REACH * Math.sqrt(sigmaSquared)) + 1;
  const losses = new Float64Array(2 * reach + 1);
  const probabilities = new Float64Array(2 * reach + 1);
  let total = 0;
  for (let i = 0; i <= 2 * reach; i++) {
    const k = i - reach;
    losses[i] = (sensitivity * (sensitivity - 2 * k)) / (2 * sigmaSquared);
    probabilities[i] = Math.exp((-k * k) / (2 * sigmaSquared));
    total += probabilities[i] ?? 0;
  }
  // The mass beyond the reach is below twice its first term times a geometric sum, and < 10^−33.
  const ratio = Math.exp(-(reach + 0.5) / sigmaSquared);
  const beyond = (2 * (probabilities[0] ?? 0) * ratio) / (1 - ratio) / total;
  for (let i = 0; i <= 2 * reach; i++) probabilities[i] = (probabilities[i] ?? 0) / total;
  const pair = latticePair({ losses, probabilities }, Number.POSITIVE_INFINITY, beyond);
  return { remove: pair, add: pair };
}

/**
 * Bin(M, ½), and the same moved by one: the outcome z has the loss ln((M − z + 1)/z), and 0 is possible on one side
 * only. Exact, but for what lies beyond the reach, which is charged. Mirrored, the pair is the same.
 */
export function binomialAdjacency(trials: number): Adjacency {
  const law = { trials, success: 0.5, failure: 0.5 };
  const reach = (REACH * Math.sqrt(trials)) / 2;
  const first = Math.max(1, Math.ceil(trials / 2 - reach));
  const last = Math.min(trials, Math.floor(trials / 2 + reach));
  const losses = new Float64Array(last - first + 1);
  const probabilities = new Float64Array(last - first + 1);
  for (let z = first; z <= last; z++) {
    losses[z - first] = binomialLoss(trials, 1, z);
    probabilities[z - first] = binomialPmf(z, law);
  }
  const beyond = binomialLowerTail(first - 1, law) + binomialUpperTail(last + 1, law);
  const pair = latticePair({ losses, probabilities }, Number.POSITIVE_INFINITY, beyond);
  return { remove: pair, add: pair };
}

/** A pair with finitely many losses. */
function latticePair(nodes: LossNodes, lossMax: number, infinity: number): LossPair {
  const { losses, probabilities } = nodes;
  const [one, other] = [losses[0] ?? 0, losses[losses.length - 1] ?? 0];
  return {
    lossMax,
    nodes: (_cut: TailCut) => nodes,
    discretize(step) {
      const builder = pmfBuilder(step, Math.min(one, other), Math.max(one, other));
      for (let i = 0; i < losses.length; i++) {
        addAtomInPlace(builder, losses[i] ?? 0, probabilities[i] ?? 0);
      }
      return { first: builder.first, probabilities: builder.probabilities, infinity };
    },
  };
}
