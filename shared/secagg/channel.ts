/**
 * Channels: the secrets that two members share for one session of a run. X25519 always; ML-KEM-768 on top
 * between members that both offer it, so that recorded traffic stays closed to a later quantum computer.
 * Session keys live in memory only: a member that restarts joins again with new ones. Pure.
 *
 * Long-lived pairwise secrets with one fresh seed per pair and attempt, of which recovery reveals only
 * the seed, are the shape of Ma et al., Flamingo (S&P 2023, §4); here the seed is reached through a
 * Shamir-shared recovery key (prekeys.ts) instead of threshold decryption.
 */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { type AgreementKey, agree, extractKey } from "../crypto/agreement.ts";
import { deriveKey, framed, framedHash, type MacKey, mac, macKey, sha256 } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { KEM_PUBLIC_KEY_BYTES, type Kem, type KemKeyPair } from "../crypto/kem.ts";
import { LABELS } from "../crypto/labels.ts";
import type { SumParams } from "./params.ts";

/** What a member publishes, signed, to take part in a run's sums. */
export interface Join {
  /** X25519, 32 bytes. */
  readonly channelKey: Uint8Array;
  /** ML-KEM-768 encapsulation key, or empty where the member has none; its hash for whoever does not encapsulate to it. */
  readonly kemKey: Uint8Array;
  /** End of the member's chain of graph nonces; empty where the graph is complete. */
  readonly nonceRoot: Uint8Array;
  readonly signature: Uint8Array;
}

/** A member's own secrets of a session. */
export interface SessionSecrets {
  readonly agreement: AgreementKey;
  readonly kem: KemKeyPair | null;
}

/** What the two ends of a channel hold. */
export interface Channel {
  readonly confirming: MacKey;
  readonly checking: MacKey;
  /** 32 bytes, the same at both ends: all that the pair needs in a batch is drawn from it (`pair-stream.ts`). */
  readonly pairSecret: Uint8Array;
}

export function joinStatement(runId: string, memberId: string, join: Omit<Join, "signature">) {
  const { channelKey, kemKey, nonceRoot } = join;
  return framed(LABELS.runJoin, runId, memberId, channelKey, kemHash(kemKey), nonceRoot);
}

/** A join with the hash of its ML-KEM key in place of the key: the same statement, and so the same signature. */
export function withoutKemKey(join: Join): Join {
  return { ...join, kemKey: kemHash(join.kemKey) };
}

function kemHash(kemKey: Uint8Array): Uint8Array {
  return kemKey.length === KEM_PUBLIC_KEY_BYTES ? sha256(kemKey) : kemKey;
}

/** Of two members on the circle of the roster, the one from which it is less far to the other encapsulates; from afar, the first. */
export function encapsulatesTo({ roster }: SumParams, own: number, peer: number): boolean {
  const steps = (peer - own + roster.length) % roster.length;
  return 2 * steps === roster.length ? own < peer : 2 * steps < roster.length;
}

export function signJoin(
  runId: string,
  memberId: string,
  join: Omit<Join, "signature">,
  identity: Identity,
): Join {
  return { ...join, signature: identity.sign(joinStatement(runId, memberId, join)) };
}

/** True if the roster's member at `index` signed these very keys for this run. */
export function isSignedJoin(params: SumParams, index: number, join: Join): boolean {
  const member = params.roster[index];
  if (!member) return false;
  const statement = joinStatement(params.runId, member.memberId, join);
  return verifySignature(member.identityKey, statement, join.signature);
}

/** One end of a channel under construction: agreed by X25519, not yet by ML-KEM. */
export interface ChannelEnd {
  readonly params: SumParams;
  readonly own: number;
  readonly peer: number;
  /** Hash of both joins, the lower index first. */
  readonly binding: Uint8Array;
  readonly base: Uint8Array;
  /** Both ends offer ML-KEM: one encapsulates to the other, see `encapsulatesTo`. */
  readonly hybrid: boolean;
}

/** Null if the peer's key is unusable (of low order), or our own sent back to us. */
export function agreeChannel(
  params: SumParams,
  secrets: SessionSecrets,
  own: { readonly index: number; readonly join: Join },
  peer: { readonly index: number; readonly join: Join },
): ChannelEnd | null {
  if (equalBytes(own.join.channelKey, peer.join.channelKey)) return null;
  const shared = agree(secrets.agreement, peer.join.channelKey);
  if (!shared) return null;
  const [first, second] = own.index < peer.index ? [own, peer] : [peer, own];
  const binding = sha256(concatBytes(joinHash(params, first), joinHash(params, second)));
  const info = framed(LABELS.channelBase, params.runId, first.index, second.index);
  const base = extractKey(shared, binding, info);
  const hybrid = secrets.kem !== null && peer.join.kemKey.length > 0;
  return { params, own: own.index, peer: peer.index, binding, base, hybrid };
}

function joinHash(
  { runId, roster }: SumParams,
  { index, join }: { readonly index: number; readonly join: Join },
): Uint8Array {
  return sha256(joinStatement(runId, roster[index]?.memberId ?? "", join));
}

/** One end's half of ML-KEM: a ciphertext that only the two ends can have made. */
export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  /** MAC under the X25519 half, 16 bytes. */
  readonly tag: Uint8Array;
}

/** Null if the peer's encapsulation key is not one. */
export function encapsulate(
  end: ChannelEnd,
  kemKey: Uint8Array,
  kem: Kem,
): { readonly channel: Channel; readonly encapsulation: Encapsulation } | null {
  const made = kem.encapsulate(kemKey);
  if (!made) return null;
  const { ciphertext, secret } = made;
  const encapsulation = { ciphertext, tag: ciphertextTag(end, ciphertext) };
  return { channel: channelOf(end, ciphertext, secret), encapsulation };
}

/** The other end's half. Null: the ciphertext was not made by the peer, or was changed on the way. */
export function decapsulate(
  end: ChannelEnd,
  own: KemKeyPair,
  { ciphertext, tag }: Encapsulation,
): Channel | null {
  if (!equalBytes(tag, ciphertextTag(end, ciphertext))) return null;
  const secret = own.decapsulate(ciphertext);
  return secret && channelOf(end, ciphertext, secret);
}

/** A channel with X25519 alone, where one end has no ML-KEM. */
export function plainChannel(end: ChannelEnd): Channel {
  return channelOf(end, new Uint8Array(), new Uint8Array());
}

/**
 * A channel with nobody at its other end, in place of one that could not be made. A member that deals over it
 * gives nothing away, and disagrees with the peer for all to see: the coordinator leaves out whoever disagrees
 * with most (`agreeing`), so a liar cannot keep the honest from dealing.
 *
 * @param root 32 uniform bytes, for this alone.
 */
export function deadChannel(root: Uint8Array): Channel {
  return channelFrom(root, 0, 1);
}

function ciphertextTag({ base }: ChannelEnd, ciphertext: Uint8Array): Uint8Array {
  return deriveKey(base, LABELS.kemCiphertext, ciphertext).subarray(0, 16);
}

function channelOf(end: ChannelEnd, ciphertext: Uint8Array, kemSecret: Uint8Array): Channel {
  const { base, binding, own, peer } = end;
  const salt = framedHash(LABELS.channelRoot, binding, ciphertext);
  const root = extractKey(concatBytes(base, kemSecret), salt, framed(LABELS.channelRoot));
  return channelFrom(root, own, peer);
}

function channelFrom(root: Uint8Array, own: number, peer: number): Channel {
  return {
    confirming: macKey(deriveKey(root, LABELS.channelMac, own, peer)),
    checking: macKey(deriveKey(root, LABELS.channelMac, peer, own)),
    pairSecret: deriveKey(root, LABELS.channelPair),
  };
}

/** MAC of a statement from this end to the other, 16 bytes. */
export function authenticate(channel: Channel, statement: Uint8Array): Uint8Array {
  return mac(channel.confirming, statement);
}

export function isAuthentic(channel: Channel, statement: Uint8Array, tag: Uint8Array): boolean {
  return equalBytes(mac(channel.checking, statement), tag);
}
