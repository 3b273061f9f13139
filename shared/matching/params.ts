/**
 * What everybody knows of a private matching before it begins, from the signed manifest alone: who takes part, in which
 * order sets go round, and how long they are. Pure.
 */
import { assert } from "../base/assert.ts";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import type { RosterMember } from "../secagg/params.ts";
import { POINT_BYTES } from "./curve.ts";

export const MATCH_LIMITS = {
  /** Sets that a value was seen in are bits of one word. */
  membersMax: 32,
  /** Identifiers and dummies of one member. */
  setSizeMax: 10_000_000,
  /** 128 KiB on the wire: less than a second of work. */
  chunkPointsMax: 4_096,
} as const;

/** What is left of a fully masked point: enough to tell 3·10^8 of them apart with an error of 2^−72. */
export const VALUE_BYTES = 16;
/** AES-GCM's tag. */
export const SEAL_BYTES = 16;

export interface MatchParams {
  /** Hash of the manifest: no two runs share a point. */
  readonly runId: string;
  /** In the order in which sets are passed on, the first after the last. */
  readonly roster: readonly RosterMember[];
  /** Points of every member's set on its way: identifiers, decoys, and dummies for the rest. */
  readonly setSize: number;
  /** Of one pool, see `decoys.ts`; 0: no noise. */
  readonly decoys: number;
  /** Points of a chunk, the last one's aside. */
  readonly chunkPoints: number;
  /** What is matched and what for: an e-mail address is not matched as a telephone number. */
  readonly identifierType: string;
  readonly purpose: string;
}

/** @throws {InvariantError} If a manifest that says so should not have been accepted. */
export function checkMatchParams({ roster, setSize, chunkPoints }: MatchParams): void {
  const { membersMax, setSizeMax, chunkPointsMax } = MATCH_LIMITS;
  assert(roster.length >= 2 && roster.length <= membersMax, "2 to 32 members");
  assert(isWholeUpTo(setSize, setSizeMax), "a set's size");
  assert(isWholeUpTo(chunkPoints, chunkPointsMax), "a chunk's size");
}

function isWholeUpTo(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

export function chunkCount({ setSize, chunkPoints }: MatchParams): number {
  return Math.ceil(setSize / chunkPoints);
}

/** Points of the chunk at `index`: all are of one length but the last. */
function pointsOf({ setSize, chunkPoints }: MatchParams, index: number): number {
  return Math.min(chunkPoints, setSize - index * chunkPoints);
}

/** How far a set has come when `member` has it: 0 at its owner, N − 1 at the last, who hands it to the coordinator. */
export function stepOf({ roster }: MatchParams, owner: number, member: number): number {
  return (member - owner + roster.length) % roster.length;
}

export function successor({ roster }: MatchParams, member: number): number {
  return (member + 1) % roster.length;
}

export function predecessor({ roster }: MatchParams, member: number): number {
  return (member + roster.length - 1) % roster.length;
}

export function isLastHolder(params: MatchParams, owner: number, member: number): boolean {
  return successor(params, member) === owner;
}

/** Bytes of a chunk as `from` sends it: sealed points to the next member, bare values to the coordinator. */
export function chunkBytes(
  params: MatchParams,
  owner: number,
  from: number,
  index: number,
): number {
  const points = pointsOf(params, index);
  if (isLastHolder(params, owner, from)) return points * VALUE_BYTES;
  return points * POINT_BYTES + SEAL_BYTES;
}

/** How long nothing need happen: a member that masks 500 points a second has time for a set, and a minute. */
export function matchPatienceMs({ setSize }: MatchParams): number {
  return 60_000 + 2 * setSize;
}

/** The tag under which identifiers become points: of this run, type and purpose. @see RFC 9380, §3.1. */
export function pointTag({ runId, identifierType, purpose }: MatchParams): Uint8Array {
  const suite = utf8(`${LABELS.matchPoint}-with-curve25519_XMD:SHA-512_ELL2_NU_`);
  return concatBytes(suite, framedHash(LABELS.matchPoint, runId, identifierType, purpose));
}
