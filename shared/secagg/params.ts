/**
 * What every party knows of a run's secure sums before they begin: derived by each from the signed
 * roster and the charter, never taken from the coordinator's word. Pure.
 */
import { assert } from "../base/assert.ts";
import type { RingBits } from "../base/ring-bits.ts";

/** A member as the manifest's roster lists it. Everywhere below a member is its index in the roster. */
export interface RosterMember {
  readonly memberId: string;
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array;
}

/** The rules that depend on the size of the roster alone. */
export interface GroupRules {
  /** Neighbours of a member, with whom it shares masks and who hold its shares. Even, or complete: n − 1. */
  readonly degree: number;
  /** Shares needed to rebuild a secret; the holders are a member's neighbours and itself. */
  readonly threshold: number;
  /** How survivors are certified: by everyone's MAC for everyone, or by a committee's signatures. */
  readonly certificate: "macs" | "signatures";
  /** Members who may confirm: everyone, or the committee's size. */
  readonly confirmersMax: number;
  /** Confirmations of one set of survivors that a member needs before it reveals a share. */
  readonly confirmationsMin: number;
}

export interface SumParams extends GroupRules {
  /** Hash of the manifest: charter, roster, task, encoding and privacy settings. */
  readonly runId: string;
  readonly roster: readonly RosterMember[];
  /** Ed25519 key of the coordinator. */
  readonly coordinatorKey: Uint8Array;
  /** A sum over fewer members is never opened. At least the threshold and 3. */
  readonly survivorsMin: number;
}

/** One attempt at one round's sum. Invariant: every field is hashed into the context of its masks. */
export interface AttemptPlace {
  readonly round: number;
  /** Counts every attempt of the run; never repeats, also after a crash. */
  readonly attempt: number;
  /** Hash of the ask that all answer: the same model for everyone, or the masks do not cancel. */
  readonly askHash: Uint8Array;
  /** Head of the run's transcript as the round opens. */
  readonly transcript: Uint8Array;
  /** Elements of a vector on the wire. */
  readonly dimension: number;
  readonly ringBits: RingBits;
}

/** Complete graph, and everyone confirms to everyone. Rooms are not larger (protocol/limits.ts). */
const COMPLETE_MEMBERS_MAX = 200;

/**
 * Degree and share threshold of the random regular graph up to so many members, with a fifth of those in
 * a batch corrupt and a tenth dropped: no honest member has `threshold` corrupt neighbours (2^−40), every
 * member keeps `threshold` live ones (2^−30), and the graph stays connected (2^−40, own bound, to be
 * reviewed). Holds for dropouts that do not depend on the graph. A coordinator that names them once it has seen
 * the graph can cut a few honest members off, with a tenth of all colluding already among 1 000
 * (test/shared/secagg/graph-cuts.test.ts): so no room is that large, and this serves simulations of a
 * coordinator that follows the protocol.
 */
const REGULAR: readonly (readonly [membersMax: number, degree: number, threshold: number])[] = [
  [300, 58, 36],
  [1_000, 74, 45],
  [10_000, 90, 54],
  [100_000, 94, 57],
];
/**
 * Committees so large that two sets of survivors can be certified with probability below 2^−40 only, where
 * a fifth of all is corrupt: that takes 2·⌊2m/3⌋ + 2 − m corrupt of m. (A third corrupt is as rare up to
 * 10 000 members; for 100 000 that alone would take 505.)
 */
const COMMITTEE: readonly (readonly [membersMax: number, size: number])[] = [
  [1_000, 327],
  [100_000, 489],
];

/**
 * Complete graph up to 200 members, random regular beyond. Thresholds ⌊2n/3⌋ + 1: then 2t > n +
 * colluders, so a lying coordinator cannot make two camps of honest members confirm two different
 * sets, or get both kinds of share for one member.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §6.2; Bell et al., Secure
 *   Single-Server Aggregation with (Poly)Logarithmic Overhead, CCS 2020, for the graph.
 */
export function groupRules(memberCount: number): GroupRules {
  assert(memberCount >= 3, "secure aggregation needs at least 3 members");
  const graph = graphRules(memberCount);
  if (memberCount <= COMPLETE_MEMBERS_MAX) {
    const confirmationsMin = twoThirds(memberCount);
    return { ...graph, certificate: "macs", confirmersMax: memberCount, confirmationsMin };
  }
  const [, size] = COMMITTEE.find(([membersMax]) => memberCount <= membersMax) ?? [];
  assert(size !== undefined, "no committee size for so many members");
  const confirmersMax = Math.min(size, memberCount);
  const confirmationsMin = twoThirds(confirmersMax);
  return { ...graph, certificate: "signatures", confirmersMax, confirmationsMin };
}

function graphRules(memberCount: number): { degree: number; threshold: number } {
  if (memberCount <= COMPLETE_MEMBERS_MAX)
    return { degree: memberCount - 1, threshold: twoThirds(memberCount) };
  const row = REGULAR.find(([membersMax]) => memberCount <= membersMax);
  assert(row !== undefined, "no graph for so many members");
  return { degree: row[1], threshold: row[2] };
}

/** ⌊2n/3⌋ + 1. */
export function twoThirds(count: number): number {
  return Math.floor((2 * count) / 3) + 1;
}

/** The smallest number of survivors whose sum may be opened. */
export function survivorsRequired(
  memberCount: number,
  maxDropouts: number,
  charterMin: number,
): number {
  return Math.max(twoThirds(memberCount), memberCount - maxDropouts, charterMin, 3);
}

/** Names of members by roster index. */
export const idsOf = (
  { roster }: Pick<SumParams, "roster">,
  indices: readonly number[],
): string[] => indices.map((index) => roster[index]?.memberId ?? "");
