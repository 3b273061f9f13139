/** Factorials without their large logarithms: what Stirling's formula leaves over, and deviances. Pure. */

/** From here on five terms of the series are below 10⁻¹⁶. */
const SERIES_FROM = 16;

/**
 * ln Γ(n + 1) − ln(√(2πn)·(n/e)^n), of any n > 0. Below 16 by the recurrence
 * δ(n) = δ(n + 1) + (n + ½)·ln(1 + 1/n) − 1.
 *
 * @see Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.
 */
export function stirlingError(n: number): number {
  let below = 0;
  let at = n;
  for (; at < SERIES_FROM; at++) below += (at + 0.5) * Math.log1p(1 / at) - 1;
  const s = 1 / (at * at);
  return below + (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / at;
}

/** x ln(x/m) + m − x: what x successes deviate from m expected ones. Near m by its series. */
export function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x;
  const v = (x - m) / (x + m);
  let power = 2 * x * v;
  let sum = (x - m) * v;
  for (let j = 1; j < 60; j++) {
    power *= v * v;
    const next = sum + power / (2 * j + 1);
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
