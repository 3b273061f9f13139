/**
 * What two members share in one batch of prekeys: one keystream under a key that is theirs and the batch's, cut
 * into pieces. Each byte of it has one use; a direction has pieces of its own. Pure.
 *
 * The key is derived from the pair's secret and the opening, which binds run, number, attempts, members and graph;
 * an agent deals once for an opening. So no key is expanded twice, and what one piece tells when it is revealed
 * says nothing of another: AES-256 in counter mode is a pseudorandom function of the place.
 */
import { randomBytes } from "../base/env.ts";
import { deriveKey, seededRng } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import type { Batch } from "./batch.ts";
import type { Channel } from "./channel.ts";

export const SECRET_BYTES = 32;
/** A holder's two shares of one attempt: of the self-mask seed, then of the recovery key. */
export const SHARES_BYTES = 2 * SECRET_BYTES;

/** Seen from one end. */
export interface PairStream {
  /** Seals what we deal the peer, once: of a batch at most one message. 32 bytes. */
  readonly sealing: Uint8Array;
  readonly opening: Uint8Array;
  /** Of each attempt: the seed of the pair's mask. 32 bytes each. Revealed, for one attempt, by recovery. */
  readonly seeds: Uint8Array;
  /** Of each attempt: the peer's shares of our secrets, where they are derived. 64 bytes each. */
  readonly dealt: Uint8Array;
  /** Of each attempt: our shares of the peer's secrets, where they are derived. 64 bytes each. */
  readonly held: Uint8Array;
}

/** Layout: both sealing keys, the lower index's first; seeds; shares dealt by the lower index, by the higher. */
export function pairStream(channel: Channel, batch: Batch, own: number, peer: number): PairStream {
  const key = deriveKey(channel.pairSecret, LABELS.pairStream, batch.opening);
  const shares = SHARES_BYTES * batch.count;
  const seedsEnd = (2 + batch.count) * SECRET_BYTES;
  const bytes = randomBytes(seededRng(key), seedsEnd + 2 * shares);
  key.fill(0);
  const lower = bytes.subarray(seedsEnd, seedsEnd + shares);
  const higher = bytes.subarray(seedsEnd + shares);
  const lowerKey = bytes.subarray(0, SECRET_BYTES);
  const higherKey = bytes.subarray(SECRET_BYTES, 2 * SECRET_BYTES);
  const seeds = bytes.subarray(2 * SECRET_BYTES, seedsEnd);
  return own < peer
    ? { sealing: lowerKey, opening: higherKey, seeds, dealt: lower, held: higher }
    : { sealing: higherKey, opening: lowerKey, seeds, dealt: higher, held: lower };
}
