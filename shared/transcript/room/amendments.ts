/**
 * Amendments of the charter in a room's history: proposed, signed or refused by members, in force. These functions
 * change the state in place, and return what is wrong with an event, in words; null: it stands. Pure but for that.
 */
import {
  type Amendment,
  type CharterPlace,
  proposedIn,
  signaturesOf,
  withWord,
  wordFault,
} from "../../charter/amendment.ts";
import type { Reason } from "../../charter/policy/facts.ts";
import type { Entry } from "./entry.ts";
import type { AmendmentEvent, RoomEventOf } from "./event.ts";
import { keysPresent, openAmendment, type RoomAmendment, type RoomState } from "./state.ts";

export function applyAmendmentInPlace(
  state: RoomState,
  body: AmendmentEvent,
  entry: Pick<Entry, "sequence" | "atMs">,
): string | null {
  if (body.type === "amendmentProposed") return propose(state, body.amendment, entry);
  const open = openAmendment(state, entry.atMs);
  if (!open) return "no amendment is open: none was proposed, or it is over or out of its time";
  if (body.type === "amendmentDecided") return decide(state, open, body, entry.atMs);
  if (body.amendmentHash !== open.proposed.amendmentHash) return "it is not the amendment proposed";
  if (body.type === "charterAmended") return amend(state, open, entry);
  open.phase = "withdrawn";
  return null;
}

function propose(
  state: RoomState,
  amendment: Amendment,
  { sequence, atMs }: Pick<Entry, "sequence" | "atMs">,
): string | null {
  if (openAmendment(state, atMs)) return "another amendment is open";
  const proposed = proposedIn(placeOf(state), amendment, atMs);
  if ("code" in proposed) return inWords(proposed);
  state.amendments.push({ entry: sequence, proposed, phase: "open" });
  return null;
}

function placeOf({ room, charterHash, editions, amendments }: RoomState): CharterPlace {
  const usedHashes = new Set(editions.map((edition) => edition.charterHash));
  const proposedHashes = new Set(amendments.map(({ proposed }) => proposed.amendmentHash));
  return { room, charterHash, edition: editions.length, usedHashes, proposedHashes };
}

function decide(
  state: RoomState,
  open: RoomAmendment,
  { word }: RoomEventOf<"amendmentDecided">,
  atMs: number,
): string | null {
  const fault = wordFault(open.proposed, word, keysPresent(state), atMs);
  if (fault) return inWords(fault);
  open.proposed = { ...open.proposed, words: withWord(open.proposed, word) };
  if (word.decision === "refused") open.phase = "refused";
  return null;
}

/** @returns Why no amendment may come into force at this time, in words; null: the open one may. */
export function whyNotAmended(state: RoomState, atMs: number): string | null {
  const open = openAmendment(state, atMs);
  if (!open) return "no amendment is open";
  const signatures = signaturesOf(open.proposed, keysPresent(state), atMs);
  return "code" in signatures ? inWords(signatures) : null;
}

/** Between runs: what was agreed under one charter is never carried out under another. */
function amend(
  state: RoomState,
  open: RoomAmendment,
  { sequence: entry, atMs }: Pick<Entry, "sequence" | "atMs">,
): string | null {
  const { charter, charterHash, amendment, amendmentHash } = open.proposed;
  const signatures = signaturesOf(open.proposed, keysPresent(state), atMs);
  if ("code" in signatures) return inWords(signatures);
  for (const [runId, { phase }] of state.runs)
    if (phase === "proposed" || phase === "running")
      return `run ${runId.slice(0, 12)} is ${phase}, under the charter of before`;
  open.phase = "inForce";
  const amended = { amendmentHash, reason: amendment.reason, signatures };
  const { edition } = amendment;
  state.editions.push({ edition, charter, charterHash, entry, atMs, amended });
  state.charter = charter;
  state.charterHash = charterHash;
  return null;
}

const inWords = ({ code, message }: Reason): string => `${message} (${code})`;
