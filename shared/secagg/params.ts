/** What both halves know about one attempt at one secure sum before it begins. Pure. */
import { assert } from "../base/assert.ts";
import type { RingBits } from "./ring.ts";

/** A member as the manifest's roster lists it. Its share point is its index in the roster plus one. */
export interface RosterMember {
  readonly memberId: string;
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array;
}

/** Invariant: every field comes from the signed manifest or is hashed into the round's context. */
export interface AttemptParams {
  /** Hash of the manifest: charter, roster, task, ring and privacy settings. */
  readonly runId: string;
  readonly round: number;
  /** Counts every attempt of the run; never repeats, also after a crash. */
  readonly attempt: number;
  /** Hash of the ask that all answer: the same model for everyone, or the masks do not cancel. */
  readonly askHash: Uint8Array;
  readonly roster: readonly RosterMember[];
  /** Shares needed to rebuild a secret. */
  readonly threshold: number;
  /** A sum over fewer members is never opened. At least the threshold and 3. */
  readonly survivorsMin: number;
  readonly dimension: number;
  readonly ringBits: RingBits;
}

/**
 * Shares needed of n holders: ⌊2n/3⌋ + 1. Then 2t > n + colluders, so a lying coordinator cannot get
 * both kinds of share for one member from two camps of honest agents.
 *
 * @see Bonawitz et al. 2017, §6.2 and the active-adversary threshold of theorem 6.5.
 */
export function shareThreshold(memberCount: number): number {
  assert(memberCount >= 3, "secure aggregation needs at least 3 members");
  return Math.floor((2 * memberCount) / 3) + 1;
}

/** The smallest number of survivors whose sum may be opened. */
export function survivorsRequired(
  memberCount: number,
  maxDropouts: number,
  charterMin: number,
): number {
  return Math.max(shareThreshold(memberCount), memberCount - maxDropouts, charterMin, 3);
}

export function rosterIndex(params: AttemptParams, memberId: string): number {
  return params.roster.findIndex((member) => member.memberId === memberId);
}
