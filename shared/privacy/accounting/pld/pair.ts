/**
 * The privacy loss of one release, in the form that composition needs: ln(P(o)/Q(o)) of an outcome o
 * that is drawn from P, for the two neighbours' distributions P and Q. Pure.
 */
import { assert } from "../../../base/assert.ts";

/** Losses and their probabilities: exact for discrete noise, a quadrature for continuous noise. */
export interface LossNodes {
  readonly losses: Float64Array;
  /** Under P. Shape as `losses`. */
  readonly probabilities: Float64Array;
}

/** How much of P's mass may be moved to make the rest finite. */
export interface TailCut {
  /** Mass of high losses that may be called infinite. */
  readonly upperMass: number;
  /** Mass of low losses that may be called the lowest that is kept. */
  readonly lowerMass: number;
}

/** A discrete distribution of losses that is at least as bad: entry k is the loss (first + k)·step. */
export interface LossPmf {
  readonly first: number;
  readonly probabilities: Float64Array;
  /** Mass of losses called infinite. */
  readonly infinity: number;
}

export interface LossPair {
  /** No outcome's loss is above this. Mostly infinite for Gaussian noise. */
  readonly lossMax: number;
  nodes(cut: TailCut): LossNodes;
  discretize(step: number, cut: TailCut): LossPmf;
}

/** Both neighbours in turn; one pair where they are alike. */
export interface Adjacency {
  readonly remove: LossPair;
  readonly add: LossPair;
}

/** Probabilities being collected over a range of grid points. */
export interface PmfBuilder {
  readonly step: number;
  readonly first: number;
  readonly probabilities: Float64Array;
}

/** @param lossMin Losses from here to `lossMax` will be added. */
export function pmfBuilder(step: number, lossMin: number, lossMax: number): PmfBuilder {
  assert(step > 0 && lossMin <= lossMax, "losses have an order and a step");
  const first = Math.floor(lossMin / step) - 1;
  const last = Math.ceil(lossMax / step) + 1;
  return { step, first, probabilities: new Float64Array(last - first + 1) };
}

/**
 * Adds the outcomes whose losses are between the grid points `index` and `index` + 1, by the masses
 * that P and Q give them. They are put on those two points so that both masses stay the same. All
 * hockey-stick divergences of the result are then at least the true ones, and equal at grid points.
 * Masses come from differences of distribution functions; none of divergences is taken.
 *
 * @param scaledQ Q's mass times e^(index·step), so that it is of p's size.
 * @see Doroshenko et al., Connect the Dots, PETS 2022, §3.
 */
export function addCellInPlace(
  builder: PmfBuilder,
  index: number,
  p: number,
  scaledQ: number,
): void {
  const { step, first, probabilities } = builder;
  const low = (scaledQ - p * Math.exp(-step)) / -Math.expm1(-step);
  // Rounding errors can only move what lies at an edge of the cell.
  const kept = Math.min(p, Math.max(0, low));
  const at = index - first;
  assert(at >= 0 && at + 1 < probabilities.length, "a loss is outside the range announced");
  probabilities[at] = (probabilities[at] ?? 0) + kept;
  probabilities[at + 1] = (probabilities[at + 1] ?? 0) + (p - kept);
}

/** Adds one loss of a discrete distribution, in the same way. */
export function addAtomInPlace(builder: PmfBuilder, loss: number, p: number): void {
  const index = Math.floor(loss / builder.step);
  addCellInPlace(builder, index, p, p * Math.exp(index * builder.step - loss));
}

/**
 * A release that is `first` with probability `weight` and else `second`, where the outcome shows
 * which: the losses of both, mixed.
 */
export function mixedPair(weight: number, first: LossPair, second: LossPair): LossPair {
  const scaled = (values: Float64Array, factor: number): Float64Array =>
    values.map((value) => value * factor);
  return {
    lossMax: Math.max(first.lossMax, second.lossMax),
    nodes(cut) {
      const [a, b] = [first.nodes(cut), second.nodes(cut)];
      return {
        losses: concatenated(a.losses, b.losses),
        probabilities: concatenated(
          scaled(a.probabilities, weight),
          scaled(b.probabilities, 1 - weight),
        ),
      };
    },
    discretize(step, cut) {
      const [a, b] = [first.discretize(step, cut), second.discretize(step, cut)];
      const start = Math.min(a.first, b.first);
      const end = Math.max(a.first + a.probabilities.length, b.first + b.probabilities.length);
      const probabilities = new Float64Array(end - start);
      probabilities.set(scaled(a.probabilities, weight), a.first - start);
      b.probabilities.forEach((p, k) => {
        const at = b.first - start + k;
        probabilities[at] = (probabilities[at] ?? 0) + (1 - weight) * p;
      });
      const infinity = weight * a.infinity + (1 - weight) * b.infinity;
      return { first: start, probabilities, infinity };
    },
  };
}

function concatenated(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
