/**
 * A member's set as it goes into a matching: its identifiers, each once, its decoys, and dummies up to the public size,
 * which nobody else can tell from them and which never match. Pure: randomness is an argument.
 */

import { type Rng, randomBytes } from "../base/env.ts";
import { badInput } from "../base/errors.ts";
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import { decoyStandIns, decoysMax } from "./decoys.ts";
import type { MatchParams } from "./params.ts";
import { RowNumbers } from "./rows.ts";

/** Bytes that stand for an identifier, or for a dummy: uniform as far as anyone can tell. */
export const STAND_IN_BYTES = 32;

export interface MatchSet {
  /** Rows of 32 bytes, as many as the public size says. */
  readonly standIns: Uint8Array;
  /** Different identifiers and decoys among them; never leaves the member but in a sum. */
  readonly count: number;
}

/**
 * @param index Of the member, in the roster.
 * @param identifiers In their one spelling (`models/overlap/identifiers.ts`). Repeated ones count once.
 * @param rng Draws the dummies, and flips the coins: the operating system's.
 * @throws {CloisterError} If there are more different identifiers than the run has room for.
 */
export function matchSet(
  { runId, roster, setSize, decoys }: MatchSizes,
  index: number,
  identifiers: Iterable<string>,
  rng: Rng,
): MatchSet {
  const memberCount = roster.length;
  const room = setSize - decoysMax(memberCount, decoys);
  const numbers = new RowNumbers(STAND_IN_BYTES, setSize + 1, rng);
  const standIns = randomBytes(rng, setSize * STAND_IN_BYTES);
  for (const identifier of identifiers) {
    const before = numbers.count;
    const standIn = framedHash(LABELS.matchIdentifier, identifier);
    if ((numbers.add(standIn)[0] ?? 0) < before) continue;
    if (before >= room) throw tooMany(room);
    standIns.set(standIn, before * STAND_IN_BYTES);
  }
  let count = numbers.count;
  for (const standIn of decoyStandIns({ runId, memberCount, decoys }, index, rng)) {
    standIns.set(standIn, count * STAND_IN_BYTES);
    count += 1;
  }
  return { standIns, count };
}

/** What a set's size follows from. */
type MatchSizes = Pick<MatchParams, "runId" | "roster" | "setSize" | "decoys">;

function tooMany(room: number): Error {
  return badInput(
    "matching.set-too-large",
    `this member has more than ${room} different identifiers, for which every set in this run has room; propose it again with a larger setSize`,
  );
}
