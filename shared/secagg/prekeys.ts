/**
 * Prekeys: for each attempt of a batch a member draws a self-mask seed and a recovery key, shares both out
 * among its holders, and locks the seeds of its pairwise masks up under the recovery key. Shares of the
 * self-mask seed open its mask if it survives; shares of the recovery key open its pairwise masks, of
 * this attempt alone, if it drops out. Holders give out one kind, never both. Used once. Pure.
 *
 * The shares of t − 1 holders come out of the streams that the dealer has in common with each, and are never sent.
 * With the secret they fix the polynomial, and so the shares of all others.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4, round 1 (ShareKeys). Deviation: t − 1 shares are
 *   pseudorandom at both ends; why that is Shamir's sharing still is in docs/secure-aggregation.md.
 */
import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { type Rng, randomBytes } from "../base/env.ts";
import { open, seal } from "../crypto/agreement.ts";
import {
  deriveKey,
  framed,
  framedHash,
  secretKey,
  seededRng,
  sha256,
  shortHashInto,
} from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import type { Batch } from "./batch.ts";
import {
  commitmentAt,
  type DealtPrekeys,
  isDerived,
  type Kind,
  sealedBytes,
  sealedFor,
  shareTagsOf,
  TAG_BYTES,
} from "./entries.ts";
import { type PairStream, SECRET_BYTES, SHARES_BYTES } from "./pair-stream.ts";
import type { SumParams } from "./params.ts";
import { lagrangeWeights, weightedSum } from "./shamir.ts";

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

/** The hash of all that a member deals in a batch: what it signs, and what all masks are bound to. */
export function prekeysHash(batch: Batch, index: number, entries: Uint8Array): Uint8Array {
  return framedHash(LABELS.prekeys, batch.opening, index, sha256(entries));
}

/** Deals one member's prekeys for every attempt of the batch. @param streams One of each neighbour. */
export function dealPrekeys(
  batch: Batch,
  index: number,
  streams: ReadonlyMap<number, PairStream>,
  rng: Rng,
): { readonly own: OwnPrekeys[]; readonly entries: Uint8Array; readonly hash: Uint8Array } {
  const seeds = batch.graph.neighbours(index).map((peer) => streamOf(streams, peer).seeds);
  // Of each attempt the self-mask seed and the recovery key: the row at point 0.
  const secrets = randomBytes(rng, SHARES_BYTES * batch.count);
  const { rows, sealed } = shareOut(batch, index, streams, secrets);
  const holders = batch.graph.holders(index);
  const entries = concatBytes(
    ...each(batch, (i) => commitments(secrets, i)),
    ...each(batch, (i) => recoveryBox(secretAt(secrets, i, "recovery"), seedsAt(seeds, i))),
    ...seeds.map(pairTags),
    ...holders.map((holder, at) => shareTags(rows[at] ?? new Uint8Array(), index, holder)),
    ...sealed,
  );
  const ownRow = rows[holders.indexOf(index)] ?? new Uint8Array();
  for (const [at, row] of rows.entries()) if (holders[at] !== index) row.fill(0);
  const own = each(batch, (i): OwnPrekeys => {
    for (const row of [secrets, ownRow]) secretAt(row, i, "recovery").fill(0);
    return {
      selfSeed: secretAt(secrets, i, "self"),
      ownShare: secretAt(ownRow, i, "self"),
      pairSeeds: seeds.map((seed) => seedAt(seed, i)),
    };
  });
  return { own, entries, hash: prekeysHash(batch, index, entries) };
}

function each<T>({ count }: Batch, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function streamOf(streams: ReadonlyMap<number, PairStream>, peer: number): PairStream {
  const stream = streams.get(peer);
  assert(stream !== undefined, "no channel with a neighbour");
  return stream;
}

/**
 * The shares of all holders, a row for each: 64 bytes an attempt, as the secrets. Rows of t − 1 holders are given;
 * with the secrets they are t points of polynomials of degree t − 1. Where the given rows are uniform, so are the
 * polynomials among all that have the secrets at 0: this is Shamir's sharing, with other coordinates drawn.
 */
function shareOut(
  batch: Batch,
  index: number,
  streams: ReadonlyMap<number, PairStream>,
  secrets: Uint8Array,
): { readonly rows: readonly Uint8Array[]; readonly sealed: readonly Uint8Array[] } {
  const holders = batch.graph.holders(index);
  const { threshold } = batch;
  assert(threshold >= 1 && threshold <= holders.length, "threshold out of range");
  const derived = holders.map((holder) => isDerived(batch, index, holder));
  const pointsWhere = (wanted: boolean): number[] =>
    holders.flatMap((_, at) => (derived[at] === wanted ? [at + 1] : []));
  const given = [
    secrets,
    ...holders.filter((_, at) => derived[at]).map((holder) => streamOf(streams, holder).dealt),
  ];
  const targets = pointsWhere(false);
  const weights = lagrangeWeights([0, ...pointsWhere(true)], targets);
  let nextGiven = 1;
  let nextTarget = 0;
  const rows = derived.map((is) =>
    is
      ? (given[nextGiven++] ?? new Uint8Array())
      : weightedSum(weights[nextTarget++] ?? new Uint8Array(), given),
  );
  const sealed = circleFrom(holders, index)
    .slice(threshold)
    .map((holder) =>
      sealShares(streamOf(streams, holder), rows[holders.indexOf(holder)] ?? new Uint8Array()),
    );
  return { rows, sealed };
}

/** The holders in the order of their circle, from the dealer on. */
function circleFrom(holders: readonly number[], dealer: number): number[] {
  const start = holders.indexOf(dealer);
  return [...holders.slice(start), ...holders.slice(0, start)];
}

/** The key is of this pair, direction and batch, and seals this one message: the nonce can be zero, and says nothing. */
const NONCE = new Uint8Array(12);
const NO_AAD = new Uint8Array();

function sealShares({ sealing }: PairStream, row: Uint8Array): Uint8Array {
  return seal(secretKey(sealing), NONCE, NO_AAD, row);
}

function secretAt(row: Uint8Array, i: number, kind: Kind): Uint8Array {
  const at = SHARES_BYTES * i + (kind === "self" ? 0 : SECRET_BYTES);
  return row.subarray(at, at + SECRET_BYTES);
}

function seedAt(seeds: Uint8Array, i: number): Uint8Array {
  return seeds.subarray(SECRET_BYTES * i, SECRET_BYTES * (i + 1));
}

function seedsAt(seeds: readonly Uint8Array[], i: number): Uint8Array {
  return concatBytes(...seeds.map((of) => seedAt(of, i)));
}

function commitments(secrets: Uint8Array, i: number): Uint8Array {
  return concatBytes(
    commitment("self", secretAt(secrets, i, "self")),
    commitment("recovery", secretAt(secrets, i, "recovery")),
  );
}

function commitment(kind: Kind, secret: Uint8Array): Uint8Array {
  return framedHash(kind === "self" ? LABELS.selfCommitment : LABELS.recoveryCommitment, secret);
}

/** @param i The attempt's place in the batch. */
export function isCommitted(
  dealt: DealtPrekeys,
  i: number,
  kind: Kind,
  secret: Uint8Array,
): boolean {
  return equalBytes(commitmentAt(dealt, i, kind), commitment(kind, secret));
}

/**
 * Tags of a holder's shares, self and recovery of one attempt after the other. 8 bytes each: enough to name a liar;
 * a share is 32 uniform bytes, so its tag tells nothing of it.
 */
export function shareTags(row: Uint8Array, from: number, holder: number): Uint8Array {
  return tagsOf(row, [shareFrame("self", from, holder), shareFrame("recovery", from, holder)]);
}

/** The tag of a single share. */
export function shareTag(kind: Kind, share: Uint8Array, from: number, holder: number): Uint8Array {
  return tagsOf(share, [shareFrame(kind, from, holder)]);
}

function shareFrame(kind: Kind, from: number, holder: number): Uint8Array {
  return framed(LABELS.shareTag, kind, from, holder, new Uint8Array(SECRET_BYTES));
}

/** Tags of the seeds of a pair, of one attempt after the other. */
export function pairTags(seeds: Uint8Array): Uint8Array {
  return tagsOf(seeds, [framed(LABELS.pairTag, new Uint8Array(SECRET_BYTES))]);
}

/** @param frames End with 32 bytes that each secret in turn is put into: nothing is allocated for a tag. */
function tagsOf(secrets: Uint8Array, frames: readonly Uint8Array[]): Uint8Array {
  const count = secrets.length / SECRET_BYTES;
  const tags = new Uint8Array(TAG_BYTES * count);
  for (let i = 0; i < count; i++) {
    const frame = frames[i % frames.length] ?? new Uint8Array();
    frame.set(seedAt(secrets, i), frame.length - SECRET_BYTES);
    shortHashInto(tags, TAG_BYTES * i, frame);
  }
  for (const frame of frames) frame.fill(0);
  return tags;
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

/** What one holder gets of one member's prekeys: its sealed shares, if it cannot derive them, and a hash of their tags. */
export function forwarded(
  batch: Batch,
  from: number,
  holder: number,
  dealt: DealtPrekeys,
): Uint8Array {
  const tags = shareTagsOf(batch, dealt, from, holder);
  assert(tags.length > 0 && from !== holder, "shares go to neighbours only");
  return concatBytes(sealedFor(batch, dealt, from, holder), heldTagsHash(tags));
}

function heldTagsHash(tags: Uint8Array): Uint8Array {
  return framedHash(LABELS.heldTags, tags);
}

/**
 * One member's shares for us: derived, or opened.
 *
 * @param bytes As forwarded. @returns Of each attempt. Null: not authentic, or not what its tags say.
 */
export function takeForwarded(
  batch: Batch,
  from: number,
  self: { readonly index: number; readonly stream: PairStream },
  bytes: Uint8Array,
): HeldShares[] | null {
  const { index, stream } = self;
  const derived = isDerived(batch, from, index);
  const sealed = bytes.subarray(0, derived ? 0 : sealedBytes(batch));
  const row = derived ? stream.held : open(secretKey(stream.opening), NONCE, NO_AAD, sealed);
  if (row?.length !== SHARES_BYTES * batch.count) return null;
  const hash = heldTagsHash(shareTags(row, from, index));
  if (!equalBytes(hash, bytes.subarray(sealed.length))) return null;
  return each(batch, (i) => ({
    self: secretAt(row, i, "self"),
    recovery: secretAt(row, i, "recovery"),
  }));
}
