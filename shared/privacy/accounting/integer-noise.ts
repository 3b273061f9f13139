/**
 * Rényi curves of two integer noises as published: the distributed discrete Gaussian and Skellam,
 * after conditional randomised rounding. Pure. Our own releases are accounted by the smoothing of
 * `mechanism/grid.ts`, which is tighter; these are for checking plans of systems that use them.
 */
import { assert } from "../../base/assert.ts";

/** A vector of d coordinates, clipped, scaled to a grid and rounded at random to whole steps. */
export interface RoundedRelease {
  /** Clip norm over the width of a grid step. */
  readonly l2Steps: number;
  readonly dimension: number;
  /** β: rounding is repeated until the norm is one exceeded with at most this probability. */
  readonly beta: number;
}

/** How far one rounded vector reaches, in grid steps. */
export interface RoundedNorms {
  readonly l1: number;
  readonly l2: number;
}

/**
 * @see Kairouz, Liu and Steinke, The Distributed Discrete Gaussian Mechanism for Federated Learning
 *   with Secure Aggregation, ICML 2021, theorem 1 and proposition 22 (arXiv 2102.06387): the smaller
 *   of two bounds. For integers ‖y‖₁ ≤ ‖y‖₂² also holds, beside ‖y‖₁ ≤ √d·‖y‖₂.
 */
export function roundedNorms({ l2Steps, dimension, beta }: RoundedRelease): RoundedNorms {
  assert(Number.isFinite(l2Steps) && l2Steps > 0, "the norm is positive and finite");
  assert(Number.isInteger(dimension) && dimension >= 1, "a release has at least one coordinate");
  assert(beta >= 0 && beta < 1, "β is in [0, 1)");
  const root = Math.sqrt(dimension);
  const deviation = beta === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(2 * Math.log(1 / beta));
  const likely = l2Steps ** 2 + dimension / 4 + deviation * (l2Steps + root / 2);
  const l2 = Math.min(l2Steps + root, Math.sqrt(likely));
  return { l1: l2 * Math.min(root, l2), l2 };
}

/**
 * τ: what a sum of n discrete Gaussians of variance σ² each differs from one of variance nσ², as
 * max-divergence per coordinate.
 *
 * @see Kairouz, Liu and Steinke 2021, theorem 1.
 */
export function discreteGaussianSumGap(shareStdDevSteps: number, shares: number): number {
  assert(Number.isInteger(shares) && shares >= 1, "there is at least one share");
  let sum = 0;
  for (let k = 1; k < shares; k++) {
    sum += Math.exp(-2 * (Math.PI * shareStdDevSteps) ** 2 * (k / (k + 1)));
  }
  return 10 * sum;
}

/** One release with the distributed discrete Gaussian. All lengths in grid steps. */
export interface DistributedGaussian extends RoundedNorms {
  readonly dimension: number;
  readonly shareStdDev: number;
  /** How many shares are in the opened sum. */
  readonly shares: number;
}

/** @see Kairouz, Liu and Steinke 2021, proposition 14: the smallest of three bounds. */
export function rdpDistributedGaussian(release: DistributedGaussian, order: number): number {
  const { l1, l2, dimension, shareStdDev, shares } = release;
  const tau = discreteGaussianSumGap(shareStdDev, shares);
  const total = Math.sqrt(shares) * shareStdDev;
  const [a, b] = [l1 / total, l2 / total];
  return Math.min(
    (order / 2) * b ** 2 + tau * dimension,
    (order / 2) * (b ** 2 + 2 * a * tau + tau ** 2 * dimension),
    (order / 2) * (b + Math.sqrt(dimension) * tau) ** 2,
  );
}

/**
 * Skellam noise, the difference of two Poisson variables. All lengths in grid steps.
 *
 * @param variance Of the whole noise in the opened sum, in squared grid steps.
 * @param order A whole number: the bound is proved for those.
 * @see Agarwal, Kairouz and Liu, The Skellam Mechanism for Differentially Private Federated
 *   Learning, NeurIPS 2021, theorem 3.5.
 */
export function rdpSkellam({ l1, l2 }: RoundedNorms, variance: number, order: number): number {
  const gaussian = (order * l2 ** 2) / (2 * variance);
  const fine = ((2 * order - 1) * l2 ** 2 + 6 * l1) / (4 * variance ** 2);
  return gaussian + Math.min(fine, (3 * l1) / (2 * variance));
}

/**
 * Divergence at a whole order of any mechanism on a Poisson sample, from its own curve; never more
 * than without the sample.
 *
 * @param rdp The mechanism's divergence at whole orders, add-or-remove-one.
 * @see Zhu and Wang, Poisson Subsampled Rényi Differential Privacy, ICML 2019, theorem 5.
 */
export function rdpPoissonSampled(
  samplingProbability: number,
  order: number,
  rdp: (order: number) => number,
): number {
  const q = samplingProbability;
  assert(q > 0 && q <= 1, "the sampling probability is in (0, 1]");
  assert(Number.isInteger(order) && order >= 2, "the order is a whole number above 1");
  if (q === 1) return rdp(order);
  const [logOut, logIn] = [Math.log1p(-q), Math.log(q)];
  const logs = [(order - 1) * logOut + Math.log1p((order - 1) * q)];
  let logBinomial = Math.log(order);
  for (let j = 2; j <= order; j++) {
    logBinomial += Math.log((order - j + 1) / j);
    const factor = j === 2 ? 0 : Math.log(3);
    logs.push(factor + logBinomial + (order - j) * logOut + j * logIn + (j - 1) * rdp(j));
  }
  const largest = logs.reduce((a, b) => Math.max(a, b));
  const sum = logs.reduce((total, value) => total + Math.exp(value - largest), 0);
  return Math.min(rdp(order), (largest + Math.log(sum)) / (order - 1));
}
