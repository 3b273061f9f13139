/**
 * One run as an agent takes part in it, from joining to its end: channels with the other members, batches
 * of prekeys, the run's transcript. All secrets of it live here, in memory, and end with it: after a crash
 * the agent joins again with new ones. Pure: messages in, messages out.
 */
import { equalBytes } from "../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../shared/base/env.ts";
import { fromBitmap, toBitmap } from "../shared/base/member-set.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import { agreementKey } from "../shared/crypto/agreement.ts";
import type { Identity } from "../shared/crypto/identity.ts";
import type { Kem } from "../shared/crypto/kem.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import {
  type AgentBatch,
  type AgentSelf,
  type DealtBatch,
  dealBatch,
  takeShares,
} from "../shared/secagg/agent-batch.ts";
import { openBatch, serves } from "../shared/secagg/batch.ts";
import {
  agreeChannel,
  type Channel,
  type ChannelEnd,
  decapsulate,
  encapsulate,
  encapsulatesTo,
  isSignedJoin,
  type Join,
  plainChannel,
  type SessionSecrets,
  signJoin,
} from "../shared/secagg/channel.ts";
import { isEarlierLink, NONCES_MAX, nonceChain } from "../shared/secagg/nonces.ts";
import type { SumParams } from "../shared/secagg/params.ts";

type From<T extends CoordinatorMessage["type"]> = Extract<CoordinatorMessage, { type: T }>;
type To<T extends AgentMessage["type"]> = Extract<AgentMessage, { type: T }>;

export interface RunSessionParams {
  readonly sum: SumParams;
  readonly manifest: Manifest;
  readonly index: number;
  readonly identity: Identity;
  readonly rng: Rng;
  readonly kem: Kem | null;
  /** A peer or the coordinator is at fault, by code; `member` where one is named. */
  readonly fault: (code: string, member: string) => void;
}

interface Peer {
  readonly join: Join;
  readonly end: ChannelEnd | null;
  /** Last nonce of the graph seen of it, or its root. */
  nonce: Uint8Array;
}

/** Attempt numbers have 32 bits. */
const ATTEMPTS_END = 2 ** 32;
/** Batches that may be in use or being dealt: more of them nobody who means well needs. */
const BATCHES_MAX = 4;

export class RunSession {
  readonly params: RunSessionParams;
  readonly join: Join;
  readonly #secrets: SessionSecrets;
  readonly #nonces: readonly Uint8Array[];
  readonly #peers = new Map<number, Peer>();
  readonly #channels = new Map<number, Channel>();
  readonly #batches = new Map<number, DealtBatch | AgentBatch>();
  #noncesShown = 0;
  #lastBatch = -1;
  /** Attempt numbers below this belong to earlier batches: their keys are spent. */
  #attemptsBelow = 0;

  constructor(params: RunSessionParams) {
    const { sum, index, identity, rng, kem } = params;
    this.params = params;
    const secret = randomBytes(rng, 32);
    // Beyond the complete graph channels are made with neighbours only, when they are known: X25519 alone.
    const keyPair = sum.certificate === "macs" ? (kem?.keyPair() ?? null) : null;
    this.#secrets = { agreement: agreementKey(secret), kem: keyPair };
    secret.fill(0);
    this.#nonces = isComplete(sum) ? [] : nonceChain(randomBytes(rng, 32));
    const { memberId } = sum.roster[index] ?? { memberId: "" };
    const keys = {
      channelKey: this.#secrets.agreement.publicKey,
      kemKey: keyPair?.publicKey ?? new Uint8Array(),
      nonceRoot: this.#nonces[0] ?? new Uint8Array(),
    };
    this.join = signJoin(sum.runId, memberId, keys, identity);
  }

  get self(): AgentSelf {
    const { index, identity } = this.params;
    return { index, identity, channels: this.#channels };
  }

  /** New channels, or none where a member's keys are not its own. */
  membersJoined({ members }: From<"membersJoined">): To<"channelSecrets"> {
    const { sum, index } = this.params;
    const secrets: To<"channelSecrets">["secrets"] = [];
    for (const { member, ...join } of members) {
      if (member === index) continue;
      // The coordinator takes no join that is not signed, so this one was changed since.
      if (!isSignedJoin(sum, member, join)) this.#fault("badJoin", null);
      else secrets.push(...this.#meet(member, join));
    }
    return { type: "channelSecrets", runId: sum.runId, nonce: this.#nextNonce(), secrets };
  }

  #meet(member: number, join: Join): To<"channelSecrets">["secrets"] {
    const { sum, index, kem } = this.params;
    const known = this.#peers.get(member);
    if (known && equalBytes(known.join.channelKey, join.channelKey)) return [];
    const own = { index, join: this.join };
    const end = sum.certificate === "macs" ? this.#agree(own, { index: member, join }) : null;
    this.#channels.delete(member);
    this.#peers.set(member, { join, end, nonce: join.nonceRoot });
    if (!end) return [];
    if (!end.hybrid) this.#channels.set(member, plainChannel(end));
    else if (encapsulatesTo(sum, index, member) && kem) {
      const made = encapsulate(end, join.kemKey, kem);
      // The member signed for a hash only: what came is not it, or is no key.
      if (!made) this.#fault("badKemKey", join.kemKey.length === 32 ? null : member);
      else {
        this.#channels.set(member, made.channel);
        return [{ to: member, ...made.encapsulation }];
      }
    }
    return [];
  }

  #agree(
    own: { index: number; join: Join },
    peer: { index: number; join: Join },
  ): ChannelEnd | null {
    const end = agreeChannel(this.params.sum, this.#secrets, own, peer);
    if (!end) this.#fault("badChannelKey", peer.index);
    return end;
  }

  /** The post-quantum half of a channel, from a member that encapsulates to us. */
  channelSecret({ from, ciphertext, tag }: From<"channelSecret">): void {
    const { sum, index } = this.params;
    const end = this.#peers.get(from)?.end;
    const { kem } = this.#secrets;
    if (!end?.hybrid || !kem || !encapsulatesTo(sum, from, index))
      return this.#fault("badCiphertext", from);
    const channel = decapsulate(end, kem, { ciphertext, tag });
    if (channel) this.#channels.set(from, channel);
    else this.#fault("badCiphertext", from);
  }

  /** Deals prekeys, if the batch is one that we may serve in. */
  batchOpened(message: From<"batchOpened">): To<"prekeys"> | null {
    const { sum, index, rng } = this.params;
    const { batch: number, firstAttempt, count } = message;
    const members = fromBitmap(message.members, sum.roster.length);
    if (!members?.includes(index) || members.length < sum.survivorsMin)
      return this.#refuse("batchMembers");
    if (number <= this.#lastBatch || firstAttempt < this.#attemptsBelow)
      return this.#refuse("batchRepeated");
    if (firstAttempt + count > ATTEMPTS_END) return this.#refuse("batchTooFar");
    const nonces = this.#takeNonces(members, message.nonces);
    if (!nonces) return this.#refuse("batchNonces");
    this.#lastBatch = number;
    this.#attemptsBelow = firstAttempt + count;
    const batch = openBatch(sum, { number, firstAttempt, count, members }, nonces);
    if (sum.certificate !== "macs") this.#meetNeighbours(batch.graph.neighbours(index));
    const dealt = dealBatch(sum, this.self, batch, rng);
    for (const member of dealt.unreachable) this.#fault("noChannel", member);
    this.#batches.set(number, dealt.state);
    const [oldest] = this.#batches.keys();
    if (this.#batches.size > BATCHES_MAX && oldest !== undefined) this.#batches.delete(oldest);
    const { entries, signature } = dealt;
    const nonce = this.#nextNonce();
    return { type: "prekeys", runId: sum.runId, batch: number, nonce, entries, signature };
  }

  #meetNeighbours(neighbours: readonly number[]): void {
    const own = { index: this.params.index, join: this.join };
    for (const member of neighbours) {
      const peer = this.#peers.get(member);
      if (!peer || this.#channels.has(member)) continue;
      const end = this.#agree(own, { index: member, join: peer.join });
      if (end) this.#channels.set(member, plainChannel(end));
    }
  }

  /** The members' nonces in order, each earlier in its chain than what we knew; null if one is not. */
  #takeNonces(members: readonly number[], bytes: Uint8Array): Uint8Array[] | null {
    const { sum, index } = this.params;
    if (isComplete(sum)) return bytes.length === 0 ? [] : null;
    if (bytes.length !== 32 * members.length) return null;
    const nonces = members.map((_, i) => bytes.slice(32 * i, 32 * i + 32));
    for (const [i, member] of members.entries()) {
      const nonce = nonces[i] ?? new Uint8Array();
      const known = this.#peers.get(member)?.nonce;
      const fresh =
        member === index
          ? equalBytes(nonce, this.#nonces[this.#noncesShown] ?? new Uint8Array())
          : known && isEarlierLink(nonce, known, NONCES_MAX);
      if (!fresh) return null;
    }
    for (const [i, member] of members.entries()) {
      const peer = this.#peers.get(member);
      if (peer) peer.nonce = nonces[i] ?? peer.nonce;
    }
    return nonces;
  }

  #nextNonce(): Uint8Array {
    if (this.#nonces.length === 0) return new Uint8Array();
    this.#noncesShown = Math.min(this.#noncesShown + 1, this.#nonces.length - 1);
    return this.#nonces[this.#noncesShown] ?? new Uint8Array();
  }

  /** Takes what the others dealt us. */
  batchDealt(message: From<"batchDealt">): void {
    const { sum } = this.params;
    const dealt = this.#batches.get(message.batch);
    const dealers = fromBitmap(message.dealers, sum.roster.length);
    if (!dealt || "held" in dealt || !dealers || message.hashes.length !== 32 * dealers.length)
      return this.#fault("batchDealt", null);
    const hashes = dealers.map((_, i) => message.hashes.slice(32 * i, 32 * i + 32));
    const taken = takeShares(sum, this.self, dealt, { dealers, hashes, shares: message.shares });
    if (!taken) return this.#fault("batchDealt", null);
    for (const member of taken.faulty) this.#fault("badShares", member);
    this.#batches.set(message.batch, taken.state);
  }

  /** The batch that serves an attempt, if its dealing is over. Earlier batches are let go. */
  batchFor(attempt: number): AgentBatch | null {
    for (const [number, state] of this.#batches) {
      if (!("held" in state) || !serves(state.batch, attempt)) continue;
      for (const other of this.#batches.keys()) if (other < number) this.#batches.delete(other);
      return state;
    }
    return null;
  }

  holds(batch: AgentBatch): Uint8Array {
    return toBitmap(batch.holds, this.params.sum.roster.length);
  }

  #refuse(code: string): null {
    this.#fault(code, null);
    return null;
  }

  #fault(code: string, member: number | null): void {
    const named = member === null ? undefined : this.params.sum.roster[member];
    this.params.fault(code, named?.memberId ?? "coordinator");
  }
}

function isComplete({ roster, degree }: SumParams): boolean {
  return degree >= roster.length - 1;
}

/** Members named in a bitmap, or null. */
export function membersOf({ roster }: SumParams, bitmap: Uint8Array): number[] | null {
  return fromBitmap(bitmap, roster.length);
}
