/**
 * What one training run says about a claimed (ε, δ): each of m canaries was included or not by a
 * fair coin, and an attacker guessed for some of them which. Too many correct guesses refute the
 * claim. Pure.
 */
import { assert } from "../../base/assert.ts";
import { binomialPmf, binomialUpperTail } from "../../base/binomial.ts";
import { normalCdf, normalQuantile } from "../../base/normal.ts";
import { gaussianSigma } from "../accounting/gaussian.ts";
import { logistic } from "./clopper-pearson.ts";

/** What the attacker did. */
export interface Guesses {
  /** m: canaries whose inclusion was drawn. */
  readonly canaries: number;
  /** Canaries for which a guess was made; for the others the attacker abstained. */
  readonly guesses: number;
  readonly correct: number;
}

/** The bound is found to this part of itself, from below: what is reported is refuted. */
const TOLERANCE = 1e-8;
/** No audit refutes more: with m canaries at most about ln m is possible. */
const EPSILON_MAX = 1024;

/**
 * The largest probability, under (ε, δ), of at least that many correct guesses. The claim is refuted
 * at significance α if it is below α.
 *
 * Under pure ε every guess is right with probability at most e^ε/(1 + e^ε), so that the count is
 * dominated by a binomial; δ adds 2mδ·max_i P(correct − i ≤ X < correct)/i.
 *
 * @see Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run, NeurIPS 2023,
 *   theorem 5.2 and its computation in appendix D.
 */
export function oneRunPValue(seen: Guesses, epsilon: number, delta: number): number {
  assertGuesses(seen);
  assert(epsilon >= 0 && delta >= 0 && delta <= 1, "ε is not negative, δ is in [0, 1]");
  const { canaries, guesses, correct } = seen;
  const law = { trials: guesses, success: logistic(epsilon), failure: logistic(-epsilon) };
  const pure = binomialUpperTail(correct, law);
  if (delta === 0) return pure;
  // The mean of P(correct − 1), P(correct − 2) …: grows up to the mode at least, then falls for good.
  let [sum, largestMean] = [0, 0];
  for (let i = 1; i <= correct; i++) {
    sum += binomialPmf(correct - i, law);
    if (sum / i < largestMean) break;
    largestMean = sum / i;
  }
  return Math.min(1, pure + 2 * canaries * delta * largestMean);
}

/** The largest ε that the guesses refute at this significance and δ, 0 if none. */
export function oneRunEpsilonLowerBound(
  seen: Guesses,
  significance: number,
  delta: number,
): number {
  assertSignificance(significance);
  return largestRefuted((epsilon) => oneRunPValue(seen, epsilon, delta) < significance);
}

/**
 * The same under the stronger hypothesis that the run is as private as one Gaussian mechanism that
 * is exactly (ε, δ): its whole trade-off curve is tested, which bounds ε more tightly.
 *
 * @param delta In (0, 1): a Gaussian mechanism has no finite ε at δ = 0.
 * @see Mahloujifar, Melis and Chaudhuri, Auditing f-Differential Privacy in One Run, 2024
 *   (arXiv 2410.22235), the recursion over r and h with a cap on guesses.
 */
export function oneRunEpsilonLowerBoundGaussian(
  seen: Guesses,
  significance: number,
  delta: number,
): number {
  assertGuesses(seen);
  assertSignificance(significance);
  assert(delta > 0 && delta < 1, "δ is in (0, 1)");
  return largestRefuted((epsilon) =>
    gaussianIsRefuted(seen, significance, 1 / gaussianSigma(epsilon, delta)),
  );
}

/**
 * Assumes that at least `correct` guesses are right with probability `significance`. Then the parts
 * of the canaries guessed rightly, r, and wrongly, h, must be at least so large, from the last
 * correct guess down to the first; refuted if together they exceed the guesses that were made.
 *
 * @param mu The Gaussian's ℓ2 sensitivity over its standard deviation: a set of probability x under
 *   one hypothesis has probability at least Φ(Φ⁻¹(x) − μ) under the other.
 */
function gaussianIsRefuted(seen: Guesses, significance: number, mu: number): boolean {
  const { canaries, guesses, correct } = seen;
  let right = (significance * correct) / canaries;
  let wrong = (significance * (guesses - correct)) / canaries;
  for (let i = correct - 1; i >= 0; i--) {
    const atLeast = normalCdf(normalQuantile(right) - mu);
    if (!(atLeast > wrong)) break; // From here on neither changes.
    right = Math.min(1, right + (i / (guesses - i)) * (atLeast - wrong));
    wrong = atLeast;
  }
  return right + wrong > guesses / canaries;
}

/** The boundary between refuted and not, found by doubling and bisection. */
function largestRefuted(isRefuted: (epsilon: number) => boolean): number {
  if (!isRefuted(0)) return 0;
  let [low, high] = [0, 1];
  while (high < EPSILON_MAX && isRefuted(high)) [low, high] = [high, 2 * high];
  while (high - low > TOLERANCE * high) {
    const middle = (low + high) / 2;
    if (isRefuted(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function assertGuesses({ canaries, guesses, correct }: Guesses): void {
  const ordered = correct >= 0 && correct <= guesses && guesses <= canaries && canaries >= 1;
  const whole = [canaries, guesses, correct].every(Number.isInteger);
  assert(ordered && whole, "correct guesses ≤ guesses ≤ canaries, all whole");
}

function assertSignificance(significance: number): void {
  assert(significance > 0 && significance < 1, "the significance is in (0, 1)");
}
