/**
 * Prekeys: for each attempt of a batch a member draws a self-mask seed and a recovery key, shares both out
 * among its holders, and locks the seeds of its pairwise masks up under the recovery key. Shares of the
 * self-mask seed open its mask if it survives; shares of the recovery key open its pairwise masks, of
 * this attempt alone, if it drops out. Holders give out one kind, never both. Used once. Pure.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4, round 1 (ShareKeys).
 */
import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes, u32le } from "../base/bytes.ts";
import { type Rng, randomBytes } from "../base/env.ts";
import { open, seal } from "../crypto/agreement.ts";
import { deriveKey, framed, framedHash, seededRng, sha256 } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import type { Batch } from "./batch.ts";
import type { Channel } from "./channel.ts";
import { pairSeed } from "./keys.ts";
import type { SumParams } from "./params.ts";
import { splitSecret } from "./shamir.ts";

const SECRET = 32;
const SEALED = 2 * SECRET + 16;
const SHARE_TAG = 8;
const PAIR_TAG = 8;

/** What a member keeps of its own prekeys of one attempt. */
export interface OwnPrekeys {
  readonly selfSeed: Uint8Array;
  readonly ownShare: Uint8Array;
  /** Of each neighbour, ascending: the seed of the mask that we share with it. */
  readonly pairSeeds: readonly Uint8Array[];
}

/** A holder's two shares of a member's secrets of one attempt. Invariant: at most one is ever revealed. */
export interface HeldShares {
  readonly self: Uint8Array;
  readonly recovery: Uint8Array;
}

/** One member's prekeys of one attempt, as the coordinator holds them. Holders and neighbours ascending. */
export interface DealtPrekeys {
  readonly selfCommitment: Uint8Array;
  readonly recoveryCommitment: Uint8Array;
  /** The pairwise seeds, one of each neighbour, encrypted under the recovery key. */
  readonly box: Uint8Array;
  /** For each neighbour: both shares, sealed. */
  readonly sealed: readonly Uint8Array[];
  /** For each holder: a tag of either share, so that a wrong one names whoever gave it out. */
  readonly shareTags: readonly { readonly self: Uint8Array; readonly recovery: Uint8Array }[];
  /** For each neighbour: a tag of the pairwise seed; both ends must give the same. */
  readonly pairTags: readonly Uint8Array[];
}

/** Bytes of one member's prekeys of one attempt. */
export function prekeyBytes(neighbourCount: number): number {
  return (
    2 * SECRET +
    neighbourCount * (SECRET + SEALED + PAIR_TAG) +
    (neighbourCount + 1) * 2 * SHARE_TAG
  );
}

/** Bytes of what is forwarded to one holder for one member and attempt. */
export const FORWARDED_BYTES = SEALED + 2 * SHARE_TAG;

/** The hash of all that a member deals in a batch: what it signs, and what all masks are bound to. */
export function prekeysHash(batch: Batch, index: number, entries: Uint8Array): Uint8Array {
  return framedHash(LABELS.prekeys, batch.opening, index, sha256(entries));
}

/** Deals one member's prekeys for every attempt of the batch. Every neighbour needs a channel. */
export function dealPrekeys(
  params: SumParams,
  batch: Batch,
  self: { readonly index: number; readonly channels: ReadonlyMap<number, Channel> },
  rng: Rng,
): { readonly own: OwnPrekeys[]; readonly entries: Uint8Array; readonly hash: Uint8Array } {
  const own: OwnPrekeys[] = [];
  const parts: Uint8Array[] = [];
  for (let i = 0; i < batch.count; i++) {
    const dealt = dealAttempt(params, batch, batch.firstAttempt + i, self, rng);
    own.push(dealt.own);
    parts.push(...dealt.parts);
  }
  const entries = concatBytes(...parts);
  return { own, entries, hash: prekeysHash(batch, self.index, entries) };
}

function dealAttempt(
  { threshold }: SumParams,
  batch: Batch,
  attempt: number,
  self: { readonly index: number; readonly channels: ReadonlyMap<number, Channel> },
  rng: Rng,
): { own: OwnPrekeys; parts: Uint8Array[] } {
  const { index, channels } = self;
  const neighbours = batch.graph.neighbours(index);
  const holders = batch.graph.holders(index);
  const selfSeed = randomBytes(rng, SECRET);
  const recoveryKey = randomBytes(rng, SECRET);
  const selfShares = splitSecret(selfSeed, threshold, holders.length, rng);
  const recoveryShares = splitSecret(recoveryKey, threshold, holders.length, rng);
  const seeds: Uint8Array[] = [];
  const sealed: Uint8Array[] = [];
  const shareTags: Uint8Array[] = [];
  const nonce = attemptNonce(attempt);
  for (let at = 0; at < holders.length; at++) {
    const holder = holders[at] ?? 0;
    const pair = concatBytes(
      selfShares[at] ?? new Uint8Array(),
      recoveryShares[at] ?? new Uint8Array(),
    );
    shareTags.push(...tagsOf(pair, index, holder));
    recoveryShares[at]?.fill(0);
    if (holder === index) {
      pair.fill(0);
      continue;
    }
    selfShares[at]?.fill(0);
    const channel = channels.get(holder);
    assert(channel !== undefined, "no channel with a neighbour");
    sealed.push(seal(channel.sealing, nonce, shareAad(batch, attempt, index, holder), pair));
    seeds.push(pairSeed(channel, attempt));
    pair.fill(0);
  }
  const parts = [
    commitment("selfCommitment", selfSeed),
    commitment("recoveryCommitment", recoveryKey),
    recoveryBox(recoveryKey, concatBytes(...seeds)),
    ...sealed,
    ...shareTags,
    ...seeds.map(pairTag),
  ];
  recoveryKey.fill(0);
  const ownShare = selfShares[holders.indexOf(index)] ?? new Uint8Array();
  assert(seeds.length === neighbours.length, "a seed for each neighbour");
  return { own: { selfSeed, ownShare, pairSeeds: seeds }, parts };
}

/** A key seals once per attempt, so the attempt is the nonce. */
function attemptNonce(attempt: number): Uint8Array {
  return concatBytes(u32le(attempt), new Uint8Array(8));
}

function shareAad(batch: Batch, attempt: number, from: number, to: number): Uint8Array {
  return framed(LABELS.sealedShare, batch.opening, attempt, from, to);
}

function commitment(
  label: "selfCommitment" | "recoveryCommitment",
  secret: Uint8Array,
): Uint8Array {
  return framedHash(LABELS[label], secret);
}

export function isCommittedSelfSeed(dealt: DealtPrekeys, seed: Uint8Array): boolean {
  return equalBytes(dealt.selfCommitment, commitment("selfCommitment", seed));
}

export function isCommittedRecoveryKey(dealt: DealtPrekeys, key: Uint8Array): boolean {
  return equalBytes(dealt.recoveryCommitment, commitment("recoveryCommitment", key));
}

function tagsOf(pair: Uint8Array, from: number, holder: number): [Uint8Array, Uint8Array] {
  return [
    shareTag("self", pair.subarray(0, SECRET), from, holder),
    shareTag("recovery", pair.subarray(SECRET), from, holder),
  ];
}

/** 8 bytes: enough to name a liar; a share is 32 uniform bytes, so its tag tells nothing of it. */
export function shareTag(
  kind: "self" | "recovery",
  share: Uint8Array,
  from: number,
  holder: number,
): Uint8Array {
  return framedHash(LABELS.shareTag, kind, share, from, holder).subarray(0, SHARE_TAG);
}

export function pairTag(seed: Uint8Array): Uint8Array {
  return framedHash(LABELS.pairTag, seed).subarray(0, PAIR_TAG);
}

/** Encrypts or decrypts: a one-time key, so the keystream from zero. */
export function recoveryBox(recoveryKey: Uint8Array, seeds: Uint8Array): Uint8Array {
  const keystream = randomBytes(
    seededRng(deriveKey(recoveryKey, LABELS.recoveryBox)),
    seeds.length,
  );
  for (let i = 0; i < seeds.length; i++) keystream[i] = (keystream[i] ?? 0) ^ (seeds[i] ?? 0);
  return keystream;
}

export function signPrekeys(identity: Identity, hash: Uint8Array): Uint8Array {
  return identity.sign(framed(LABELS.prekeys, hash));
}

export function isSignedPrekeys(
  params: SumParams,
  index: number,
  hash: Uint8Array,
  signature: Uint8Array,
): boolean {
  const member = params.roster[index];
  return !!member && verifySignature(member.identityKey, framed(LABELS.prekeys, hash), signature);
}

/** Takes a member's entries apart, one for each attempt; null if they have the wrong size. */
export function parseEntries(
  batch: Batch,
  index: number,
  entries: Uint8Array,
): DealtPrekeys[] | null {
  const neighbourCount = batch.graph.neighbours(index).length;
  const size = prekeyBytes(neighbourCount);
  if (entries.length !== batch.count * size) return null;
  return Array.from({ length: batch.count }, (_, i) =>
    parseEntry(entries.subarray(i * size, (i + 1) * size), neighbourCount),
  );
}

function parseEntry(entry: Uint8Array, neighbourCount: number): DealtPrekeys {
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return entry.subarray(at - length, at);
  };
  const several = (count: number, length: number): Uint8Array[] =>
    Array.from({ length: count }, () => take(length));
  return {
    selfCommitment: take(SECRET),
    recoveryCommitment: take(SECRET),
    box: take(neighbourCount * SECRET),
    sealed: several(neighbourCount, SEALED),
    shareTags: Array.from({ length: neighbourCount + 1 }, () => ({
      self: take(SHARE_TAG),
      recovery: take(SHARE_TAG),
    })),
    pairTags: several(neighbourCount, PAIR_TAG),
  };
}

/** What one holder gets of one member's prekeys of one attempt: its sealed shares, and their tags. */
export function forwarded(
  batch: Batch,
  from: number,
  holder: number,
  dealt: DealtPrekeys,
): Uint8Array {
  const neighbour = batch.graph.neighbours(from).indexOf(holder);
  const tags = dealt.shareTags[batch.graph.holders(from).indexOf(holder)];
  const sealed = dealt.sealed[neighbour];
  assert(sealed !== undefined && tags !== undefined, "shares go to neighbours only");
  return concatBytes(sealed, tags.self, tags.recovery);
}

/** Opens one member's shares for us. Null: not authentic, or not what its tags say. */
export function openForwarded(
  batch: Batch,
  attempt: number,
  from: number,
  self: { readonly index: number; readonly channel: Channel },
  bytes: Uint8Array,
): HeldShares | null {
  const aad = shareAad(batch, attempt, from, self.index);
  const pair = open(self.channel.opening, attemptNonce(attempt), aad, bytes.subarray(0, SEALED));
  if (pair?.length !== 2 * SECRET) return null;
  const tags = concatBytes(...tagsOf(pair, from, self.index));
  if (!equalBytes(tags, bytes.subarray(SEALED))) return null;
  return { self: pair.subarray(0, SECRET), recovery: pair.subarray(SECRET) };
}
