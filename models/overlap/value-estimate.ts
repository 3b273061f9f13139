/**
 * What a member's customers come to whom another one has too, and the rest of them: number, sum and mean, with 95 %
 * intervals, from one sketch of identifiers for each member and one of values for some. Pure.
 */
import type { Estimate } from "../answers/answer.ts";
import { interval, ratioEstimate } from "./estimate.ts";
import { type Gram, lessWeights, measured, pairWeights, type Weights } from "./gram.ts";

/** Places of sketches. */
export interface ValuePair {
  /** Of the identifiers of the member whose values are added up. */
  readonly own: number;
  /** Of its values. */
  readonly values: number;
  /** Of the other's identifiers. */
  readonly other: number;
}

/** Unbiased, where 1 is the most that a customer comes to. */
export interface ValueEstimate {
  readonly count: Estimate;
  readonly sum: Estimate;
  /** Null: their number is too unsure to divide by. */
  readonly mean: Estimate | null;
}

/** Of those that the other has too: s_other·s_own of them, which come to s_other·w_own. */
export function commonValue(gram: Gram, { own, values, other }: ValuePair): ValueEstimate {
  const { sketchCount } = gram;
  return estimated(
    gram,
    pairWeights(sketchCount, other, own),
    pairWeights(sketchCount, other, values),
  );
}

/** Of those that the other has not. All are s_own·s_own less noise, and come to s_own·w_own. */
export function restValue(gram: Gram, { own, values, other }: ValuePair): ValueEstimate {
  const { sketchCount } = gram;
  const weights = (a: number, b: number): Weights => pairWeights(sketchCount, a, b);
  return estimated(
    gram,
    lessWeights(weights(own, own), weights(other, own)),
    lessWeights(weights(own, values), weights(other, values)),
  );
}

function estimated(gram: Gram, count: Weights, sum: Weights): ValueEstimate {
  return {
    count: interval(measured(gram, count)),
    sum: interval(measured(gram, sum)),
    mean: ratioEstimate(gram, sum, count),
  };
}
