/** Clopper and Pearson's bound of a probability from counted successes. Pure. */
import { assert } from "../../base/assert.ts";
import { binomialLowerTail } from "../../base/binomial.ts";

/**
 * The largest probability that the count does not contradict: p with P(X ≤ successes) equal to the
 * significance. An upper bound that fails with at most that probability; 1 if all succeeded.
 *
 * @see Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26, 1934.
 */
export function clopperPearsonUpper(
  successes: number,
  trials: number,
  significance: number,
): number {
  assert(Number.isInteger(trials) && trials >= 1, "trials are a positive integer");
  assert(
    Number.isInteger(successes) && successes >= 0 && successes <= trials,
    "successes are at most the trials",
  );
  assert(significance > 0 && significance < 1, "the significance is in (0, 1)");
  if (successes === trials) return 1;
  // In the logits: there a probability and its complement are equally precise.
  let [low, high] = [-745, 745];
  while (high - low > 1e-15 * Math.max(1, Math.abs(low), Math.abs(high))) {
    const logit = (low + high) / 2;
    if (logit === low || logit === high) break;
    const law = { trials, success: logistic(logit), failure: logistic(-logit) };
    if (binomialLowerTail(successes, law) > significance) low = logit;
    else high = logit;
  }
  return logistic(high);
}

/** 1/(1 + e^(−x)). */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
