/** What an attempt makes of each message: checked, then added, or rejected by code and nothing changed. Pure. */
import { equalBytes } from "../base/bytes.ts";
import { runningHash } from "../crypto/hash.ts";
import { verifySignature } from "../crypto/identity.ts";
import type {
  AttemptEffect,
  AttemptEvent,
  AttemptParams,
  CollectingMasked,
  CoordinatorState,
  Ended,
  RejectCode,
  Step,
  Unmasking,
  Upload,
} from "./attempt.ts";
import { confirmationBytes } from "./certificate.ts";
import { shareTagAt, shareTagsOf } from "./entries.ts";
import { maskedStatement, sharesStatement } from "./keys.ts";
import { isCommitted, shareTag } from "./prekeys.ts";
import { addChunkInPlace, packedBytes } from "./ring.ts";

type Open = Exclude<CoordinatorState, Ended | Unmasking>;
type Event<T extends AttemptEvent["type"]> = Extract<AttemptEvent, { type: T }>;

/** Every part but the last is a multiple of this: then each begins at an element, in all rings. */
const PART_BYTES_UNIT = 180;

/** Takes one event in. */
export function receive(
  params: AttemptParams,
  state: Open,
  event: AttemptEvent,
  atMs: number,
): Step {
  if (event.type === "tick" || event.type === "expanded") return { state, effects: [] };
  if (!params.sum.roster[event.from]) return reject(state, event.from, "notInRoster");
  switch (event.type) {
    case "absent":
      return absent(state, event.from, atMs);
    case "withdrawn":
      return withdrawn(params, state, event.from);
    case "present":
      return present(state, event.from);
    case "ready":
      return addReady(params, state, event);
    case "masked":
      return beginUpload(params, state, event);
    case "maskedPart":
      return addPart(params, state, event);
    case "confirmed":
      return addConfirmation(params, state, event);
    case "shares":
      return addShares(params, state, event);
  }
}

function reject(state: CoordinatorState, to: number, code: RejectCode): Step {
  return { state, effects: [{ type: "reject", to, code }] };
}

/** Who withdrew stays withdrawn: its connection may break and come back, what it had does not. */
function absent(state: Open, index: number, sinceMs: number): Step {
  if (hasWithdrawn(state, index)) return { state, effects: [] };
  const absentSinceMs = new Map(state.absentSinceMs).set(index, sinceMs);
  return { state: { ...state, absentSinceMs }, effects: [] };
}

/** What it had in this attempt is lost: nobody waits for it, and half a vector counts for nothing. */
function withdrawn(params: AttemptParams, state: Open, index: number): Step {
  const gone = absent(state, index, Number.NEGATIVE_INFINITY);
  const next = gone.state;
  if (next.phase !== "collectMasked" || !next.uploads.has(index)) return gone;
  undoUploads(params, next, [index]);
  const uploads = new Map(next.uploads);
  uploads.delete(index);
  return { state: { ...next, uploads }, effects: [] };
}

function present(state: Open, index: number): Step {
  if (hasWithdrawn(state, index)) return { state, effects: [] };
  const absentSinceMs = new Map(state.absentSinceMs);
  absentSinceMs.delete(index);
  return { state: { ...state, absentSinceMs }, effects: [] };
}

function hasWithdrawn({ absentSinceMs }: Open, index: number): boolean {
  return absentSinceMs.get(index) === Number.NEGATIVE_INFINITY;
}

function addReady(params: AttemptParams, state: Open, { from, holds }: Event<"ready">): Step {
  if (state.phase !== "collectReady") return reject(state, from, "wrongPhase");
  if (!params.prekeys.dealings.has(from)) return reject(state, from, "noPrekeys");
  if (state.ready.has(from)) return reject(state, from, "duplicate");
  const ready = new Map(state.ready).set(from, new Set(holds));
  return { state: { ...state, ready }, effects: [] };
}

/** The announcement of a vector, signed; its parts follow. */
function beginUpload(params: AttemptParams, state: Open, event: Event<"masked">): Step {
  const { from, root, signature, byteLength } = event;
  const { sum, place } = params;
  if (state.phase !== "collectMasked") return reject(state, from, "wrongPhase");
  if (!state.cohort.includes(from)) return reject(state, from, "notInCohort");
  if (state.survivors.has(from) || state.uploads.has(from) || hasWithdrawn(state, from))
    return reject(state, from, "duplicate");
  if (byteLength !== packedBytes(place.dimension, place.ringBits))
    return reject(state, from, "wrongLength");
  const identityKey = sum.roster[from]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, maskedStatement(state.context, from, root), signature))
    return reject(state, from, "badSignature");
  const upload: Upload = { root, signature, hash: runningHash(), receivedBytes: 0 };
  return { state: { ...state, uploads: new Map(state.uploads).set(from, upload) }, effects: [] };
}

/** Adds a part to the sum as it comes; the whole must have the hash that was signed, or all of it goes again. */
function addPart(params: AttemptParams, state: Open, { from, bytes }: Event<"maskedPart">): Step {
  const { dimension, ringBits } = params.place;
  if (state.phase !== "collectMasked") return reject(state, from, "wrongPhase");
  const upload = state.uploads.get(from);
  if (!upload) return reject(state, from, "wrongPhase");
  const total = packedBytes(dimension, ringBits);
  const after = upload.receivedBytes + bytes.length;
  const whole = after === total;
  if (after > total || (!whole && (bytes.length === 0 || bytes.length % PART_BYTES_UNIT !== 0)))
    return dropUpload(params, state, from, "malformed");
  addChunkInPlace(state.sum, elementAt(params, upload.receivedBytes), bytes, ringBits, 1);
  state.spool.add(from, bytes);
  upload.hash.add(bytes);
  upload.receivedBytes = after;
  if (!whole) return { state, effects: [] };
  if (!equalBytes(upload.hash.end(), upload.root))
    return dropUpload(params, state, from, "wrongRoot");
  const uploads = new Map(state.uploads);
  uploads.delete(from);
  const { root, signature } = upload;
  const survivors = new Map(state.survivors).set(from, { root, signature });
  return { state: { ...state, uploads, survivors }, effects: [] };
}

function elementAt({ place }: AttemptParams, byteOffset: number): number {
  return (byteOffset * 8) / place.ringBits;
}

function dropUpload(
  params: AttemptParams,
  state: CollectingMasked,
  from: number,
  code: RejectCode,
): Step {
  // One vector an attempt: whoever sent a broken one has had its turn.
  return reject(withdrawn(params, state, from).state, from, code);
}

/** Takes unfinished vectors out of the sum again, in place. */
export function undoUploads(
  params: AttemptParams,
  { sum, spool }: CollectingMasked,
  indices: Iterable<number>,
): void {
  for (const index of indices) {
    let offset = 0;
    for (const part of spool.parts(index)) {
      addChunkInPlace(sum, elementAt(params, offset), part, params.place.ringBits, -1);
      offset += part.length;
    }
    spool.drop(index);
  }
}

function addConfirmation(
  { sum, prekeys }: AttemptParams,
  state: Open,
  { from, confirmation }: Event<"confirmed">,
): Step {
  if (state.phase !== "collectConfirmations") return reject(state, from, "wrongPhase");
  if (!state.survivors.has(from)) return reject(state, from, "notInCohort");
  if (state.confirmations.has(from)) return reject(state, from, "duplicate");
  const size = confirmationBytes(sum, prekeys.batch.committee, state.survivors.size, from);
  if (confirmation.length !== size) return reject(state, from, "malformed");
  const confirmations = new Map(state.confirmations).set(from, confirmation);
  return { state: { ...state, confirmations }, effects: [] };
}

/** A seed that was committed to, and shares that carry the tag their holder acknowledged; wrong ones name who gave them out. */
function addShares(params: AttemptParams, state: Open, event: Event<"shares">): Step {
  const { from, of, seed, shares, signature } = event;
  if (state.phase !== "collectShares") return reject(state, from, "wrongPhase");
  if (!state.survivors.has(from)) return reject(state, from, "notInCohort");
  const isMore = seed.length === 0;
  if (isMore && !state.asked?.holders.includes(from)) return reject(state, from, "wrongPhase");
  if ((isMore ? state.asked?.shares : state.revealed)?.has(from))
    return reject(state, from, "duplicate");
  const isDue = (index: number): boolean =>
    isMore ? state.asked?.of.includes(index) === true : !state.survivors.has(index);
  if (shares.length !== 32 * of.length || !of.every(isDue)) return reject(state, from, "malformed");
  const given = new Map<number, Uint8Array>();
  const shareCounts = state.shareCounts.slice();
  let wrong = false;
  for (const [i, index] of of.entries()) {
    const share = shares.subarray(32 * i, 32 * i + 32);
    const kind = state.survivors.has(index) ? "self" : "recovery";
    if (isTagged(params, index, from, kind, share)) {
      given.set(index, share);
      shareCounts[index] = (shareCounts[index] ?? 0) + 1;
    } else wrong = true;
  }
  const isLie = !isMore && !isOwnSeed(params, from, seed);
  // What has the right tag is right, whoever sent it; only an accusation needs the signature.
  const statement = sharesStatement(state.inclusion, from, seed, shares);
  const identityKey = params.sum.roster[from]?.identityKey ?? new Uint8Array();
  if ((wrong || isLie) && !verifySignature(identityKey, statement, signature))
    return reject(state, from, "badSignature");
  const code = isLie ? "wrongSeed" : "wrongShare";
  const effects: AttemptEffect[] = wrong || isLie ? [{ type: "blame", member: from, code }] : [];
  const { asked } = state;
  if (isMore && asked) {
    const more = { ...asked, shares: new Map(asked.shares).set(from, given) };
    return { state: { ...state, asked: more, shareCounts }, effects };
  }
  const seeds = isLie ? state.seeds : new Map(state.seeds).set(from, seed);
  const revealed = new Map(state.revealed).set(from, given);
  return { state: { ...state, seeds, revealed, shareCounts }, effects };
}

function isOwnSeed({ prekeys, place }: AttemptParams, from: number, seed: Uint8Array): boolean {
  const dealt = prekeys.dealings.get(from)?.prekeys;
  return !!dealt && isCommitted(dealt, place.attempt - prekeys.batch.firstAttempt, "self", seed);
}

function isTagged(
  { prekeys, place }: AttemptParams,
  of: number,
  holder: number,
  kind: "self" | "recovery",
  share: Uint8Array,
): boolean {
  const { batch, dealings } = prekeys;
  const dealt = dealings.get(of)?.prekeys;
  if (!dealt) return false;
  const tags = shareTagsOf(batch, dealt, of, holder);
  const tag = shareTagAt(tags, place.attempt - batch.firstAttempt, kind);
  return equalBytes(shareTag(kind, share, of, holder), tag);
}
