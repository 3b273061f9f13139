/**
 * Keys of one matching: members meet under their identities, and what one passes to the next is sealed, so that the
 * coordinator that carries it sees fully masked values and nothing before. X25519 alone: who breaks it by a later
 * quantum computer breaks the points themselves. Pure: secrets are arguments.
 */
import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes, u32le } from "../base/bytes.ts";
import { type AgreementKey, agree, extractKey, open, seal } from "../crypto/agreement.ts";
import { deriveKey, framed, framedHash, type SecretKey, secretKey } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import type { MatchParams } from "./params.ts";

/** What a member publishes to take part. */
export interface MatchJoin {
  /** X25519, 32 bytes, for this run alone. */
  readonly channelKey: Uint8Array;
  readonly signature: Uint8Array;
}

function joinStatement({ runId, roster }: MatchParams, index: number, channelKey: Uint8Array) {
  return framed(LABELS.matchJoin, runId, roster[index]?.memberId ?? "", channelKey);
}

export function signMatchJoin(
  params: MatchParams,
  index: number,
  channelKey: Uint8Array,
  identity: Identity,
): MatchJoin {
  return { channelKey, signature: identity.sign(joinStatement(params, index, channelKey)) };
}

export function isSignedMatchJoin(params: MatchParams, index: number, join: MatchJoin): boolean {
  const member = params.roster[index];
  if (!member || join.channelKey.length !== 32) return false;
  const statement = joinStatement(params, index, join.channelKey);
  return verifySignature(member.identityKey, statement, join.signature);
}

/** What everybody must have seen alike: every member's key of this run. */
export function joinsHash({ runId }: MatchParams, joins: readonly MatchJoin[]): Uint8Array {
  return framedHash(LABELS.matchJoins, runId, ...joins.map(({ channelKey }) => channelKey));
}

/** That a member has its last set, under the keys of these joins. */
export function readyStatement({ runId }: MatchParams, joins: Uint8Array, index: number) {
  return framed(LABELS.matchReady, runId, joins, index);
}

/** A member's end of its channels to all others. */
export interface MatchChannels {
  readonly own: number;
  /** 32 bytes with each other member, the same at both ends. */
  readonly secrets: ReadonlyMap<number, Uint8Array>;
}

/**
 * @param joins Of all members, signatures checked.
 * @returns `unusable`: the index of a member whose key is of low order, or our own sent back.
 */
export function openChannels(
  params: MatchParams,
  own: number,
  key: AgreementKey,
  joins: readonly MatchJoin[],
): MatchChannels | { readonly unusable: number } {
  const salt = joinsHash(params, joins);
  const secrets = new Map<number, Uint8Array>();
  for (const [peer, { channelKey }] of joins.entries()) {
    if (peer === own) continue;
    const shared = equalBytes(channelKey, key.publicKey) ? null : agree(key, channelKey);
    if (!shared) return { unusable: peer };
    const ends = [Math.min(own, peer), Math.max(own, peer)] as const;
    const info = framed(LABELS.matchChannel, params.runId, ...ends);
    secrets.set(peer, extractKey(shared, salt, info));
  }
  return { own, secrets };
}

function secretWith({ secrets }: MatchChannels, peer: number): Uint8Array {
  const secret = secrets.get(peer);
  assert(secret !== undefined, "a channel to every other member");
  return secret;
}

/** The key of one set on one way between neighbours. */
export function hopKey(
  channels: MatchChannels,
  from: number,
  to: number,
  owner: number,
): SecretKey {
  const peer = from === channels.own ? to : from;
  return secretKey(deriveKey(secretWith(channels, peer), LABELS.matchHop, from, to, owner));
}

/**
 * A chunk of points for the next member. Its index is the nonce: a set is shuffled once, and its chunks are the same
 * bytes however often they are sent.
 */
export function sealChunk(key: SecretKey, index: number, points: Uint8Array): Uint8Array {
  return seal(key, nonceOf(index), framed(LABELS.matchHop, index), points);
}

/** Null: not what the neighbour sealed. */
export function openChunk(key: SecretKey, index: number, sealed: Uint8Array): Uint8Array | null {
  return open(key, nonceOf(index), framed(LABELS.matchHop, index), sealed);
}

function nonceOf(index: number): Uint8Array {
  return concatBytes(u32le(index), new Uint8Array(8));
}

/**
 * A member's number of identifiers, hidden in the sum over all: every two members share a pad that one adds and the
 * other subtracts, modulo 2^32. All others together, with the coordinator, can take it off.
 */
export function maskedCount(channels: MatchChannels, count: number): number {
  let masked = count;
  for (const [peer, secret] of channels.secrets) {
    const bytes = deriveKey(secret, LABELS.matchTotal);
    const pad = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    masked += peer > channels.own ? pad : -pad;
  }
  return masked >>> 0;
}
