/** Composition of mechanisms of which nothing but (ε, δ) is known. Pure. */
import { assert } from "../../base/assert.ts";

/** A guarantee. */
export interface ApproximateDp {
  readonly epsilon: number;
  readonly delta: number;
}

/**
 * `count` mechanisms, each (ε, δ), together: ε√(2k ln(1/δ′)) + kε(e^ε − 1)/(e^ε + 1) at kδ + δ′. An
 * upper bound, and a loose one: what is known of the mechanism itself gives far less.
 *
 * @param deltaPrime δ′ in (0, 1): the price of counting on the typical loss.
 * @see Dwork, Rothblum and Vadhan, Boosting and Differential Privacy, FOCS 2010, theorem III.3; with
 *   the mean loss ε·tanh(ε/2) of Kairouz, Oh and Viswanath, The Composition Theorem for Differential
 *   Privacy, ICML 2015.
 */
export function advancedComposition(
  each: ApproximateDp,
  count: number,
  deltaPrime: number,
): ApproximateDp {
  assert(Number.isInteger(count) && count >= 1, "mechanisms are counted from 1");
  assert(deltaPrime > 0 && deltaPrime < 1, "δ′ is in (0, 1)");
  const { epsilon, delta } = each;
  const spread = epsilon * Math.sqrt(-2 * count * Math.log(deltaPrime));
  const mean = count * epsilon * Math.tanh(epsilon / 2);
  return { epsilon: spread + mean, delta: Math.min(1, count * delta + deltaPrime) };
}
