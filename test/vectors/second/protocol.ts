/**
 * The second implementation: every step of secure aggregation as the comments of shared/secagg describe it,
 * written down anew. Labels are spelled out: changing one is a change of the
 * protocol, and must break a vector. Pure.
 */
import { gcmSeal, keystream, xor } from "./cipher.ts";
import {
  agreed,
  agreementKeyOf,
  at,
  bitmap,
  frame,
  frameHash,
  hkdfKey,
  join,
  oneStepKey,
  sha256,
} from "./primitives.ts";

const EMPTY = new Uint8Array();

export interface Joining {
  readonly memberId: string;
  readonly channelKey: Uint8Array;
  readonly kemKey: Uint8Array;
  readonly nonceRoot: Uint8Array;
}

export function joinStatement(runId: string, joining: Joining): Uint8Array {
  const { memberId, channelKey, kemKey, nonceRoot } = joining;
  const kemHash = kemKey.length > 0 ? sha256(kemKey) : kemKey;
  return frame("cloister/3/run-join", runId, memberId, channelKey, kemHash, nonceRoot);
}

/** What one end of a channel knows before ML-KEM: the two joins, lower index first, and its own secret. */
export interface Meeting {
  readonly runId: string;
  readonly lower: number;
  readonly higher: number;
  readonly lowerJoin: Joining;
  readonly higherJoin: Joining;
  readonly lowerSecret: Uint8Array;
  /** Empty where one end has no ML-KEM. */
  readonly kemCiphertext: Uint8Array;
  readonly kemSecret: Uint8Array;
}

export interface ChannelKeys {
  readonly binding: Uint8Array;
  readonly base: Uint8Array;
  readonly ciphertextTag: Uint8Array;
  readonly root: Uint8Array;
  /** Keys by direction: of the lower index towards the higher, and back. */
  readonly macUp: Uint8Array;
  readonly macDown: Uint8Array;
  readonly pairSecret: Uint8Array;
}

export function channelKeys(meeting: Meeting): ChannelKeys {
  const { runId, lower, higher, lowerJoin, higherJoin, lowerSecret } = meeting;
  const { kemCiphertext, kemSecret } = meeting;
  const shared = agreed(lowerSecret, higherJoin.channelKey);
  const binding = sha256(
    join(sha256(joinStatement(runId, lowerJoin)), sha256(joinStatement(runId, higherJoin))),
  );
  const base = hkdfKey(shared, binding, frame("cloister/3/channel-base", runId, lower, higher));
  const salt = frameHash("cloister/3/channel-root", binding, kemCiphertext);
  const root = hkdfKey(join(base, kemSecret), salt, frame("cloister/3/channel-root"));
  return {
    binding,
    base,
    ciphertextTag: oneStepKey(base, "cloister/3/kem-ciphertext", kemCiphertext).slice(0, 16),
    root,
    macUp: oneStepKey(root, "cloister/3/channel-mac", lower, higher),
    macDown: oneStepKey(root, "cloister/3/channel-mac", higher, lower),
    pairSecret: oneStepKey(root, "cloister/3/channel-pair"),
  };
}

export function joining(
  memberId: string,
  secret: Uint8Array,
  kemKey: Uint8Array = EMPTY,
  nonceRoot: Uint8Array = EMPTY,
): Joining {
  return { memberId, channelKey: agreementKeyOf(secret), kemKey, nonceRoot };
}

export interface PairPieces {
  /** Keys by direction: of the lower index towards the higher, and back. */
  readonly sealUp: Uint8Array;
  readonly sealDown: Uint8Array;
  /** One of each attempt. */
  readonly seeds: readonly Uint8Array[];
  /** Self and recovery share of each attempt, as the lower index deals them to the higher, and back. */
  readonly sharesUp: readonly Uint8Array[];
  readonly sharesDown: readonly Uint8Array[];
}

/** What a pair has in common in one batch, piece after piece of one keystream. */
export function pairPieces(pairSecret: Uint8Array, opening: Uint8Array, count: number): PairPieces {
  const key = oneStepKey(pairSecret, "cloister/3/pair-stream", opening);
  const pieces = (from: number, length: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => keystream(key, length, from + length * i));
  return {
    sealUp: keystream(key, 32),
    sealDown: keystream(key, 32, 32),
    seeds: pieces(64, 32),
    sharesUp: pieces(64 + 32 * count, 64),
    sharesDown: pieces(64 + 96 * count, 64),
  };
}

export const pairTag = (seed: Uint8Array): Uint8Array =>
  frameHash("cloister/3/pair-tag", seed).slice(0, 8);
export const selfCommitment = (seed: Uint8Array): Uint8Array =>
  frameHash("cloister/3/self-commitment", seed);
export const recoveryCommitment = (key: Uint8Array): Uint8Array =>
  frameHash("cloister/3/recovery-commitment", key);

export function shareTag(kind: string, share: Uint8Array, from: number, holder: number) {
  return frameHash("cloister/3/share-tag", kind, from, holder, share).slice(0, 8);
}

export function recoveryBox(recoveryKey: Uint8Array, seeds: Uint8Array): Uint8Array {
  const key = oneStepKey(recoveryKey, "cloister/3/recovery-box");
  return xor(seeds, keystream(key, seeds.length));
}

/** The key seals nothing else: nonce 0, and no further data. */
export const sealedShares = (sealingKey: Uint8Array, shares: Uint8Array): Uint8Array =>
  gcmSeal(sealingKey, new Uint8Array(12), EMPTY, shares);

/** What a holder is sent of the tags of its shares: those of all attempts, self and recovery in turn. */
export const heldTagsHash = (tags: Uint8Array): Uint8Array =>
  frameHash("cloister/3/held-tags", tags);

/** How far a holder comes after the dealer where all members hold, in their order, round and round. */
const distance = (members: number, dealer: number, holder: number): number =>
  (members + holder - dealer) % members;

/** The first t − 1 after the dealer. */
export function derives(members: number, threshold: number, dealer: number, holder: number) {
  const after = distance(members, dealer, holder);
  return after >= 1 && after <= threshold - 1;
}

export function nonceChain(secret: Uint8Array, length: number): Uint8Array[] {
  const chain = [secret];
  for (let i = 0; i < length; i++) {
    const last = chain[i] ?? EMPTY;
    chain.push(frameHash("cloister/3/nonce-chain", last));
  }
  return chain.reverse();
}

export interface BatchFacts {
  readonly runId: string;
  readonly rosterCount: number;
  readonly number: number;
  readonly firstAttempt: number;
  readonly count: number;
  readonly members: readonly number[];
  readonly nonces: readonly Uint8Array[];
}

export function graphSeed({ runId, rosterCount, number, members, nonces }: BatchFacts): Uint8Array {
  return frameHash("cloister/3/graph", runId, number, bitmap(members, rosterCount), ...nonces);
}

export function batchOpening(batch: BatchFacts): Uint8Array {
  const { runId, rosterCount, number, firstAttempt, count, members } = batch;
  const facts = [runId, number, firstAttempt, count, bitmap(members, rosterCount)];
  return frameHash("cloister/3/batch", ...facts, graphSeed(batch));
}

export function prekeysHash(opening: Uint8Array, index: number, entries: Uint8Array): Uint8Array {
  return frameHash("cloister/3/prekeys", opening, index, sha256(entries));
}

export const prekeysStatement = (hash: Uint8Array): Uint8Array => frame("cloister/3/prekeys", hash);

export function dealtContext(
  runId: string,
  rosterCount: number,
  opening: Uint8Array,
  dealers: readonly number[],
  hashes: readonly Uint8Array[],
): Uint8Array {
  return frameHash("cloister/3/batch", runId, opening, bitmap(dealers, rosterCount), ...hashes);
}

export interface Place {
  readonly round: number;
  readonly attempt: number;
  readonly askHash: Uint8Array;
  readonly transcript: Uint8Array;
  readonly dimension: number;
  readonly ringBits: number;
}

export function roundContext(
  runId: string,
  rosterCount: number,
  dealt: Uint8Array,
  place: Place,
  cohort: readonly number[],
): Uint8Array {
  const { round, attempt, askHash, transcript, dimension, ringBits } = place;
  const members = bitmap(cohort, rosterCount);
  const parts = [runId, dealt, round, attempt, askHash, transcript, dimension, ringBits, members];
  return frameHash("cloister/3/context", ...parts);
}

export const selfMaskKey = (seed: Uint8Array, context: Uint8Array, index: number): Uint8Array =>
  oneStepKey(seed, "cloister/3/self-mask", context, index);
export const pairMaskKey = (seed: Uint8Array, context: Uint8Array, one: number, other: number) =>
  oneStepKey(seed, "cloister/3/pair-mask", context, Math.min(one, other), Math.max(one, other));

export const maskedStatement = (context: Uint8Array, index: number, root: Uint8Array) =>
  frame("cloister/3/masked", context, index, root);

export function inclusionHash(
  rosterCount: number,
  context: Uint8Array,
  survivors: readonly number[],
  roots: readonly Uint8Array[],
): Uint8Array {
  const leaves = survivors.map((index, i) => frameHash("cloister/3/survivor", index, at(roots, i)));
  return frameHash("cloister/3/inclusion", context, bitmap(survivors, rosterCount), rootOf(leaves));
}

/** RFC 6962, §2.1: split at the largest power of two below the number of leaves. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return at(leaves, 0);
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return frameHash(
    "cloister/3/tree-node",
    rootOf(leaves.slice(0, split)),
    rootOf(leaves.slice(split)),
  );
}

export const confirmStatement = (inclusion: Uint8Array, index: number): Uint8Array =>
  frame("cloister/3/confirm", inclusion, index);
export const sharesStatement = (
  inclusion: Uint8Array,
  index: number,
  seed: Uint8Array,
  shares: Uint8Array,
) => frame("cloister/3/shares", inclusion, index, seed, sha256(shares));

export const firstHead = (runId: string): Uint8Array => frameHash("cloister/3/transcript", runId);
export const nextHead = (head: Uint8Array, inclusion: Uint8Array, resultHash: Uint8Array) =>
  frameHash("cloister/3/transcript", head, inclusion, resultHash);
export const includedStatement = (runId: string, attempt: number, inclusion: Uint8Array) =>
  frame("cloister/3/included", runId, attempt, inclusion);

export function roundOpenedStatement(
  runId: string,
  place: Pick<Place, "round" | "attempt" | "askHash" | "transcript">,
): Uint8Array {
  const { round, attempt, askHash, transcript } = place;
  return frame("cloister/3/round-opened", runId, round, attempt, askHash, transcript);
}
