/** The binomial distribution with full relative precision, for any number of trials. Pure. */
import { assert } from "./assert.ts";
import { deviance, stirlingError } from "./stirling.ts";

/** Independent trials. Both probabilities are given, so that neither loses its small digits. */
export interface Binomial {
  readonly trials: number;
  readonly success: number;
  /** 1 − success. */
  readonly failure: number;
}

/** Terms below this part of a tail's sum are left out. */
const NEGLIGIBLE = 1e-18;

/**
 * P(X = k), by Stirling's formula with its error and the deviances computed apart, so that no large
 * logarithms cancel.
 *
 * @see Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.
 */
export function binomialPmf(k: number, { trials: n, success: p, failure: q }: Binomial): number {
  assert(Number.isInteger(n) && n >= 0, "trials are a non-negative integer");
  assert(p >= 0 && q >= 0 && Math.abs(p + q - 1) < 1e-12, "two probabilities that make up one");
  if (k < 0 || k > n) return 0;
  if (p === 0 || q === 0) return k === (p === 0 ? 0 : n) ? 1 : 0;
  if (k === 0) return Math.exp(n * logComplement(q, p));
  if (k === n) return Math.exp(n * logComplement(p, q));
  const logCorrection =
    stirlingError(n) -
    stirlingError(k) -
    stirlingError(n - k) -
    deviance(k, n * p) -
    deviance(n - k, n * q);
  return Math.exp(logCorrection) * Math.sqrt(n / (2 * Math.PI * k * (n - k)));
}

/** P(X ≥ k): summed from k outwards where the terms fall, else one minus the other tail. */
export function binomialUpperTail(k: number, law: Binomial): number {
  if (k <= 0) return 1;
  return k > law.trials * law.success ? upwards(k, law) : 1 - downwards(k - 1, law);
}

/** P(X ≤ k). */
export function binomialLowerTail(k: number, law: Binomial): number {
  return k < law.trials * law.success ? downwards(k, law) : 1 - upwards(k + 1, law);
}

function upwards(from: number, law: Binomial): number {
  const { trials, success, failure } = law;
  let term = binomialPmf(from, law);
  let sum = 0;
  for (let k = from; k <= trials && term > NEGLIGIBLE * sum; k++) {
    sum += term;
    term *= ((trials - k) * success) / ((k + 1) * failure);
  }
  return Math.min(1, sum);
}

function downwards(from: number, { trials, success, failure }: Binomial): number {
  return upwards(trials - from, { trials, success: failure, failure: success });
}

/** ln x, from whichever of x and 1 − x is the smaller. */
function logComplement(x: number, complement: number): number {
  return x < 0.5 ? Math.log(x) : Math.log1p(-complement);
}
