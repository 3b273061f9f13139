/**
 * How the noise of one release is divided among the members, so that those who stay and do not
 * collude still add all of it. Pure.
 */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import { gridSensitivity, SMOOTHING_VARIANCE } from "./grid.ts";

/** Who may be missing from a release's noise. Part of the manifest, checked by every agent. */
export interface Cohort {
  /** K: members that take part when the round begins. */
  readonly memberCount: number;
  /** D: members that may vanish; with more missing the round aborts, and nothing is opened. */
  readonly maxDropouts: number;
  /** t: members that collude with the coordinator, and so tell it their noise. */
  readonly maxColluders: number;
}

/**
 * Who adds the noise. `distributed`: members, each a share, so that together they add what is needed.
 * `local`: each member all of it, against everybody else colluding. `central`: the coordinator, who
 * sees the exact sum and is trusted to add it.
 */
type NoisePlacement = "distributed" | "local" | "central";

/** The cohort whose shares make up the noise: for `local`, one in which nobody counts on another. */
export function noiseCohort(cohort: Cohort, placement: Exclude<NoisePlacement, "central">): Cohort {
  if (placement === "distributed") return cohort;
  const { memberCount } = cohort;
  return { memberCount, maxDropouts: 0, maxColluders: memberCount - 1 };
}

/** One who adds all noise: a trusted coordinator. */
export const ALONE: Cohort = { memberCount: 1, maxDropouts: 0, maxColluders: 0 };

/** Smallest share, in grid steps. */
const SHARE_STD_DEV_MIN = 4;

/**
 * The defaults: t = max(1, ⌊K/4⌋), for each member can subtract its own share; D = max(1, ⌊K/5⌋)
 * from five members on, none below.
 *
 * @throws {CloisterError} `privacy.too-few-members` If nobody would be left to add noise (K < 2).
 */
export function defaultCohort(memberCount: number): Cohort {
  const cohort = {
    memberCount,
    maxDropouts: memberCount >= 5 ? Math.max(1, Math.floor(memberCount / 5)) : 0,
    maxColluders: Math.max(1, Math.floor(memberCount / 4)),
  };
  honestSurvivors(cohort);
  return cohort;
}

/**
 * K − D − t, the members whose noise is certain to be in the sum and unknown to the adversary.
 *
 * @throws {CloisterError} `privacy.too-few-members` If it is below one.
 */
export function honestSurvivors(cohort: Cohort): number {
  const { memberCount, maxDropouts, maxColluders } = cohort;
  for (const count of [memberCount, maxDropouts, maxColluders]) {
    assert(Number.isInteger(count) && count >= 0, "a count of members is a non-negative integer");
  }
  const honest = memberCount - maxDropouts - maxColluders;
  if (honest < 1) {
    throw badInput(
      "privacy.too-few-members",
      `${memberCount} members, of whom ${maxDropouts} may drop out and ${maxColluders} collude, ` +
        "leave nobody to add noise: admit more members, or allow fewer to be missing",
    );
  }
  return honest;
}

/** Factor on the noise when all members stay and none collude: √(K/(K − D − t)). */
export function noiseInflation(cohort: Cohort): number {
  return Math.sqrt(cohort.memberCount / honestSurvivors(cohort));
}

/**
 * σ_share = zC/√(K − D − t), in the unit of `sensitivity`, over the reals. What members really
 * add is `gridNoiseShare`.
 */
export function noiseShareStdDev(
  noiseMultiplier: number,
  sensitivity: number,
  cohort: Cohort,
): number {
  return (noiseMultiplier * sensitivity) / Math.sqrt(honestSurvivors(cohort));
}

/** One member's noise on the grid, and what the whole of it guarantees. */
export interface GridNoiseShare {
  /** σ of one member's discrete Gaussian, in grid steps. An integer. */
  readonly shareStdDev: number;
  /** What the honest survivors' noise is worth. Invariant: ≥ the multiplier asked for. */
  readonly noiseMultiplier: number;
}

/**
 * One member's share on the grid, rounded up: the smallest integer s ≥ 4 with
 * (K − D − t)·s² ≥ (zS)² + 4, S the grid sensitivity; the 4 is what smoothing costs (`grid.ts`).
 *
 * From 4 steps on, a sum of discrete Gaussians is as good as one: the loss is e^(±τd) with
 * τ ≤ 10·K·e^(−π²s²) < K·10⁻⁶⁷ (Kairouz, Liu and Steinke, The Distributed Discrete Gaussian
 * Mechanism for Federated Learning with Secure Aggregation, ICML 2021).
 *
 * @param noiseMultiplier z: standard deviation of the opened sum's noise over the clip norm.
 * @param dimension d, coordinates of the release.
 * @throws {CloisterError} `privacy.too-few-members` @see honestSurvivors
 */
export function gridNoiseShare(
  noiseMultiplier: number,
  dimension: number,
  cohort: Cohort,
): GridNoiseShare {
  return integerNoiseShare(noiseMultiplier, gridSensitivity(dimension), cohort);
}

/**
 * As `gridNoiseShare`, of integers that are released as they are: a step is 1, and no rounding adds to what one unit
 * can change.
 *
 * @param sensitivity S: ℓ2 bound of one unit's part, in steps.
 */
export function integerNoiseShare(
  noiseMultiplier: number,
  sensitivity: number,
  cohort: Cohort,
): GridNoiseShare {
  assert(
    Number.isFinite(noiseMultiplier) && noiseMultiplier > 0,
    "the noise multiplier is positive",
  );
  const honest = honestSurvivors(cohort);
  const variance = (noiseMultiplier * sensitivity) ** 2 + SMOOTHING_VARIANCE;
  let shareStdDev = Math.max(SHARE_STD_DEV_MIN, Math.ceil(Math.sqrt(variance / honest)));
  const guaranteed = (): number =>
    Math.sqrt((Math.sqrt(honest) * shareStdDev) ** 2 - SMOOTHING_VARIANCE) / sensitivity;
  // The square roots above and below were rounded; what is promised must not fall short for that.
  while (guaranteed() < noiseMultiplier) shareStdDev += 1;
  return { shareStdDev, noiseMultiplier: guaranteed() };
}
