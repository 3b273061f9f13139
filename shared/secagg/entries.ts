/**
 * What one member deals in a batch, as it travels: six columns, each for all attempts. Read in place: nothing is
 * copied, and nothing made for each attempt or holder. Pure.
 */
import type { Batch } from "./batch.ts";
import { SECRET_BYTES, SHARES_BYTES } from "./pair-stream.ts";

const SEAL_TAG = 16;
/** Enough to name a liar: to pass off a wrong share or seed takes 2^64 hashes. */
export const TAG_BYTES = 8;
/** Hash of a holder's tags, as they are forwarded to it. */
export const TAGS_HASH_BYTES = 32;

export type Kind = "self" | "recovery";

/** Columns of the bytes that a member signed. Neighbours and holders ascending. */
export interface DealtPrekeys {
  /** Attempts. */
  readonly count: number;
  /** For each attempt: commitments to the self-mask seed and to the recovery key. */
  readonly commitments: Uint8Array;
  /** For each attempt: the pairwise seeds, one of each neighbour, encrypted under the recovery key. */
  readonly boxes: Uint8Array;
  /** For each neighbour and attempt: a tag of the pairwise seed; both ends must give the same. */
  readonly pairTags: Uint8Array;
  /** For each holder and attempt: a tag of either share, so that a wrong one names whoever gave it out. */
  readonly shareTags: Uint8Array;
  /** For each holder whose shares are not derived, in the order of the circle: its shares of all attempts, sealed. */
  readonly sealed: Uint8Array;
}

/** Places of a holder: of its tags, and on the circle of holders, how far it is after the dealer. */
interface HolderPlace {
  readonly at: number;
  readonly steps: number;
}

function holderPlace({ graph }: Batch, dealer: number, holder: number): HolderPlace {
  const holders = graph.holders(dealer);
  const at = holders.indexOf(holder);
  return { at, steps: (at - holders.indexOf(dealer) + holders.length) % holders.length };
}

/**
 * The shares of the t − 1 holders that follow the dealer on the circle of its holders are derived at both ends;
 * those of the others are sealed. The dealer's own are neither.
 */
export function isDerived(batch: Batch, dealer: number, holder: number): boolean {
  const { steps } = holderPlace(batch, dealer, holder);
  return steps > 0 && steps < batch.threshold;
}

/** Bytes of one holder's sealed shares. */
export function sealedBytes({ count }: Batch): number {
  return count * SHARES_BYTES + SEAL_TAG;
}

/** Bytes of each column, in order. Null: the dealer has fewer holders than a secret needs. */
function columnBytes(batch: Batch, dealer: number): readonly number[] | null {
  const { count, graph, threshold } = batch;
  const neighbours = graph.neighbours(dealer).length;
  const sealed = neighbours + 1 - threshold;
  if (sealed < 0) return null;
  const commitments = 2 * SECRET_BYTES * count;
  const boxes = SECRET_BYTES * neighbours * count;
  const pairTags = TAG_BYTES * neighbours * count;
  const shareTags = 2 * TAG_BYTES * (neighbours + 1) * count;
  return [commitments, boxes, pairTags, shareTags, sealed * sealedBytes(batch)];
}

/** Bytes of all that a member deals in a batch; 0 if it cannot deal. */
export function entriesBytes(batch: Batch, dealer: number): number {
  return (columnBytes(batch, dealer) ?? []).reduce((sum, bytes) => sum + bytes, 0);
}

/** Takes a member's entries apart; null if they have the wrong size, or the member has no part in the batch. */
export function parseEntries(
  batch: Batch,
  dealer: number,
  entries: Uint8Array,
): DealtPrekeys | null {
  const sizes = columnBytes(batch, dealer);
  if (!sizes || entries.length !== entriesBytes(batch, dealer)) return null;
  let at = 0;
  const take = (column: number): Uint8Array => {
    const from = at;
    at += sizes[column] ?? 0;
    return entries.subarray(from, at);
  };
  return {
    count: batch.count,
    commitments: take(0),
    boxes: take(1),
    pairTags: take(2),
    shareTags: take(3),
    sealed: take(4),
  };
}

/** @param i The attempt's place in the batch, here and below. */
export function commitmentAt({ commitments }: DealtPrekeys, i: number, kind: Kind): Uint8Array {
  const at = SECRET_BYTES * (2 * i + (kind === "self" ? 0 : 1));
  return commitments.subarray(at, at + SECRET_BYTES);
}

export function boxAt({ boxes, count }: DealtPrekeys, i: number): Uint8Array {
  const bytes = boxes.length / count;
  return boxes.subarray(bytes * i, bytes * (i + 1));
}

/** Of all attempts, with one neighbour. @param at The neighbour's place. */
export function pairTagsOf({ pairTags, count }: DealtPrekeys, at: number): Uint8Array {
  return pairTags.subarray(TAG_BYTES * count * at, TAG_BYTES * count * (at + 1));
}

export function pairTagAt(dealt: DealtPrekeys, at: number, i: number): Uint8Array {
  return pairTagsOf(dealt, at).subarray(TAG_BYTES * i, TAG_BYTES * (i + 1));
}

/** Tags of all shares that a holder has of the dealer, or none if it holds no shares of it. */
export function shareTagsOf(
  batch: Batch,
  dealt: DealtPrekeys,
  dealer: number,
  holder: number,
): Uint8Array {
  const { at } = holderPlace(batch, dealer, holder);
  const bytes = 2 * TAG_BYTES * dealt.count;
  return at < 0 ? new Uint8Array() : dealt.shareTags.subarray(bytes * at, bytes * (at + 1));
}

/** The tag of one share among those of a holder. */
export function shareTagAt(tags: Uint8Array, i: number, kind: Kind): Uint8Array {
  const at = TAG_BYTES * (2 * i + (kind === "self" ? 0 : 1));
  return tags.subarray(at, at + TAG_BYTES);
}

/** What is sealed for a holder: nothing where its shares are derived. */
export function sealedFor(
  batch: Batch,
  dealt: DealtPrekeys,
  dealer: number,
  holder: number,
): Uint8Array {
  const place = holderPlace(batch, dealer, holder).steps - batch.threshold;
  const bytes = sealedBytes(batch);
  return place < 0 ? new Uint8Array() : dealt.sealed.subarray(bytes * place, bytes * (place + 1));
}

/** Bytes of what is forwarded to a holder of one dealer: what is sealed for it, and the hash of its tags. */
export function forwardedBytes(batch: Batch, dealer: number, holder: number): number {
  return (isDerived(batch, dealer, holder) ? 0 : sealedBytes(batch)) + TAGS_HASH_BYTES;
}
