/**
 * Somebody with a privacy unit at each of several members: what all of their units lose together. Pure. Each member clips
 * and samples for itself, so k units move an opened sum k times as far at most, and each is drawn on its own.
 *
 * @see Ganesh, Tight Group-Level DP Guarantees for DP-SGD with Sampling via Mixture of Gaussians Mechanisms, 2023: the
 *   pair of distributions for a group under Poisson sampling, whose composition is tight.
 */
import { assert } from "../../base/assert.ts";
import { binomialPmf } from "../../base/binomial.ts";
import { notCounted, type Repeated } from "./accountant.ts";
import type { SingleDpEvent } from "./events.ts";
import { hasLossDistribution, pldAccountant } from "./pld/accountant.ts";
import { rdpAccountant } from "./rdp.ts";

/**
 * The event as `unitCount` units see it that come and go together: Gaussian noise counts for 1/k of what it is to
 * one of them, and of a Poisson sample Binomial(k, q) of them are part.
 *
 * @throws {CloisterError} `privacy.event-not-counted` For kinds of which runs release none.
 */
export function groupEvent(event: SingleDpEvent, unitCount: number): SingleDpEvent {
  assert(Number.isSafeInteger(unitCount) && unitCount >= 1, "a group has a unit at least");
  if (event.kind === "gaussian")
    return { kind: "gaussian", noiseMultiplier: event.noiseMultiplier / unitCount };
  if (event.kind !== "poissonSampled")
    throw notCounted("group's", event.kind, "groups are counted under Gaussian noise only");
  const { samplingProbability: q, event: sampled } = event;
  const law = { trials: unitCount, success: q, failure: 1 - q };
  const all = Array.from({ length: unitCount + 1 }, (_, k) => [k, binomialPmf(k, law)] as const);
  const possible = all.filter(([, probability]) => probability > 0);
  return {
    kind: "mixtureOfGaussians",
    noiseStdDev: sampled.noiseMultiplier,
    sensitivities: possible.map(([units]) => units),
    samplingProbabilities: possible.map(([, probability]) => probability),
  };
}

/** What somebody loses at most who has a unit at each of so many members; ε at the δ that one unit's is told at. */
export interface AcrossMembers {
  readonly members: number;
  /** Null: above 100, which promises nothing. */
  readonly epsilon: number | null;
}

/** More of them, and more loss, are not worth the time: a run ends while this is reckoned. */
const MEMBERS_MAX = 10;
const EPSILON_MAX = 100;
/** How far, relatively, the accountant's grid may raise ε. */
const TOLERANCE = 5e-3;

/**
 * For two members, and for all, or for ten where there are more. By privacy loss distributions where there are such, and
 * never too low.
 *
 * @param releases All that a run releases, whoever's units are in which: a unit may be on one side at one member and on the
 *   other side elsewhere, so each counts for all of them. Where all units pay for every release that is tight.
 */
export function acrossMembers(
  releases: readonly Repeated[],
  delta: number,
  memberCount: number,
): AcrossMembers[] {
  const two = { members: 2, epsilon: epsilonOfGroup(releases, delta, 2) };
  const members = Math.min(memberCount, MEMBERS_MAX);
  // More of them lose no less.
  const epsilon = two.epsilon === null ? null : epsilonOfGroup(releases, delta, members);
  return [two, { members, epsilon }];
}

function epsilonOfGroup(
  releases: readonly Repeated[],
  delta: number,
  unitCount: number,
): number | null {
  const isListed = releases.every(({ event }) => hasLossDistribution(event));
  const all = releases.reduce(
    (sum, release) => sum.compose({ kind: "selfComposed", ...groupOf(release, unitCount) }),
    isListed ? pldAccountant({ tolerance: TOLERANCE }) : rdpAccountant(),
  );
  const epsilon = all.getEpsilon(delta);
  return epsilon <= EPSILON_MAX ? epsilon : null;
}

/**
 * Decoys are each member's own: an identifier that comes to k members, one after the other, moves one pool of each by one,
 * and what is counted follows from all pools' coins. So it loses what k releases do.
 */
function groupOf({ event, count }: Repeated, unitCount: number): Repeated {
  if (event.kind === "binomial") return { event, count: count * unitCount };
  return { event: groupEvent(event, unitCount), count };
}

/** For people. */
export function acrossText(across: readonly AcrossMembers[]): string {
  const textOf = ({ members, epsilon }: AcrossMembers): string =>
    epsilon === null
      ? `above ${EPSILON_MAX} with ${members}`
      : `ε = ${epsilon.toFixed(4)} with ${members}`;
  return across.map(textOf).join(", ");
}
