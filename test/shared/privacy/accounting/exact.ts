/** Exact δ(ε) of simple mechanisms, written without the accountants' code. */
import { normalTail } from "../../../../shared/base/normal.ts";

/** δ of Gaussian noise with multiplier z, n times over (Balle and Wang 2018, theorem 8). */
export function gaussianDelta(noiseMultiplier: number, count: number, epsilon: number): number {
  const mu = Math.sqrt(count) / noiseMultiplier;
  return normalTail(epsilon / mu - mu / 2) - Math.exp(epsilon) * normalTail(epsilon / mu + mu / 2);
}

/** δ of one step on a Poisson sample: P = (1 − q)·N(0, z²) + q·N(1, z²), Q = N(0, z²); ε > ln(1 − q). */
export function sampledGaussianDelta(q: number, noiseMultiplier: number, epsilon: number): number {
  const z = noiseMultiplier;
  const border = z * z * Math.log1p(Math.expm1(epsilon) / q) + 0.5;
  const [at0, at1] = [normalTail(border / z), normalTail((border - 1) / z)];
  return q * at1 - (Math.expm1(epsilon) + q) * at0;
}

/** δ of Laplace noise once. */
export function laplaceDelta(noiseMultiplier: number, epsilon: number): number {
  return Math.max(0, -Math.expm1((epsilon - 1 / noiseMultiplier) / 2));
}

/** Losses in units of the parameter, and their probabilities, of discrete Laplace noise n times over. */
export function discreteLaplaceLosses(
  a: number,
  sensitivity: number,
  count: number,
): Map<number, number> {
  const outcomes: [loss: number, p: number][] = [];
  const norm = (1 - Math.exp(-a)) / (1 + Math.exp(-a));
  for (let x = -4000; x <= 4000; x++) {
    const loss = Math.abs(x - sensitivity) - Math.abs(x);
    outcomes.push([loss, norm * Math.exp(-a * Math.abs(x))]);
  }
  const once = new Map<number, number>();
  for (const [loss, p] of outcomes) once.set(loss, (once.get(loss) ?? 0) + p);
  let all = new Map([[0, 1]]);
  for (let n = 0; n < count; n++) {
    const next = new Map<number, number>();
    for (const [sum, p] of all) {
      for (const [loss, r] of once) next.set(sum + loss, (next.get(sum + loss) ?? 0) + p * r);
    }
    all = next;
  }
  return all;
}

/** δ at ε of losses in units of `a`. */
export function deltaOfLosses(losses: Map<number, number>, a: number, epsilon: number): number {
  let sum = 0;
  for (const [loss, p] of losses) if (a * loss > epsilon) sum -= p * Math.expm1(epsilon - a * loss);
  return sum;
}

/** δ at ε of one number with discrete Gaussian noise. */
export function discreteGaussianDelta(
  sigmaSquared: number,
  sensitivity: number,
  epsilon: number,
): number {
  const weight = (k: number): number => Math.exp((-k * k) / (2 * sigmaSquared));
  let [sum, total] = [0, 0];
  for (let k = -500; k <= 500; k++) {
    total += weight(k);
    sum += Math.max(0, weight(k) - Math.exp(epsilon) * weight(k - sensitivity));
  }
  return sum / total;
}

/** δ at ε of Bin(M, ½) on a number that a unit moves by `shift`: from Pascal's triangle in whole numbers. */
export function binomialDelta(trials: number, shift: number, epsilon: number): number {
  const ways = choices(trials);
  const probability = (z: number): number =>
    Number(((ways[z] ?? 0n) << 1000n) >> BigInt(trials)) / 2 ** 1000;
  let sum = 0;
  for (let z = 0; z <= trials; z++)
    sum += Math.max(0, probability(z) - Math.exp(epsilon) * probability(z - shift));
  return sum;
}

/** C(M, 0) … C(M, M). */
export function choices(trials: number): bigint[] {
  const row = [1n];
  for (let z = 0; z < trials; z++) row.push(((row[z] ?? 0n) * BigInt(trials - z)) / BigInt(z + 1));
  return row;
}

/** The ε at which a falling function of it is `delta`, by bisection, from below. */
export function epsilonWhere(deltaAt: (epsilon: number) => number, delta: number): number {
  let [low, high] = [0, 500];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (deltaAt(middle) > delta) low = middle;
    else high = middle;
  }
  return low;
}
