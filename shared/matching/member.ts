/**
 * A member's half of a private matching: every set goes round all members, each multiplies its points by a secret of its
 * own and shuffles them, and the last hands them to the coordinator, who sees which sets share how many and never what.
 * Nothing goes to the coordinator before every member has signed that it holds its last set. Pure: messages and results
 * of work in, messages and work out; all secrets end with the object.
 *
 * @see Meadows, IEEE S&P 1986, and Huberman, Franklin and Hogg, ACM EC 1999, for commutative masking; De Cristofaro,
 *   Gasti and Tsudik, CANS 2012, for the cardinality by shuffling. Deviation: N members in a ring, and a coordinator.
 */
import { assert } from "../base/assert.ts";
import type { Rng } from "../base/env.ts";
import { randomBytes } from "../base/env.ts";
import { type AgreementKey, agreementKey } from "../crypto/agreement.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import {
  hopKey,
  isSignedMatchJoin,
  joinsHash,
  type MatchChannels,
  type MatchJoin,
  maskedCount,
  openChannels,
  openChunk,
  readyStatement,
  sealChunk,
  signMatchJoin,
} from "./channel.ts";
import { clampScalar, POINT_BYTES } from "./curve.ts";
import type { MatchFault, MemberMatchMessage, RelayMatchMessage } from "./messages.ts";
import {
  checkMatchParams,
  chunkBytes,
  chunkCount,
  isLastHolder,
  type MatchParams,
  pointTag,
  predecessor,
  successor,
  VALUE_BYTES,
} from "./params.ts";
import { PassingSet } from "./passing.ts";
import { cutRows } from "./rows.ts";
import { type MatchSet, STAND_IN_BYTES } from "./set.ts";
import type { MatchJob, MatchKey, MatchResult } from "./work.ts";

export type MemberEffect =
  | { readonly type: "send"; readonly message: MemberMatchMessage }
  /** To be done with `key`, in any order; the result comes back to `worked`. */
  | { readonly type: "work"; readonly job: MatchJob };

type From<T extends RelayMatchMessage["type"]> = Extract<RelayMatchMessage, { type: T }>;

export interface MatchMemberParams {
  readonly match: MatchParams;
  readonly index: number;
  readonly identity: Identity;
  /** The operating system's: keys, dummies, shuffles. */
  readonly rng: Rng;
}

export class MatchMember {
  readonly #params: MatchMemberParams;
  readonly #set: MatchSet;
  readonly #agreement: AgreementKey;
  readonly #sets: readonly PassingSet[];
  /** What this member's points are multiplied by. */
  readonly key: MatchKey;
  #channels: MatchChannels | null = null;
  #joins: Uint8Array | null = null;
  #phase: "joining" | "passing" | "released" | "over" = "joining";

  /** @param set Of this member; see `matchSet`. */
  constructor(params: MatchMemberParams, set: MatchSet) {
    const { match, rng } = params;
    checkMatchParams(match);
    assert(set.standIns.length === match.setSize * STAND_IN_BYTES, "a set of the public size");
    this.#params = params;
    this.#set = set;
    const secret = randomBytes(rng, 32);
    this.#agreement = agreementKey(secret);
    secret.fill(0);
    this.key = { scalar: clampScalar(randomBytes(rng, 32)), tag: pointTag(match) };
    this.#sets = match.roster.map((_, owner) => new PassingSet(match, owner, rng));
  }

  /** Chunks masked, of how many in all. */
  get progress(): { readonly done: number; readonly total: number } {
    const done = this.#sets.reduce((sum, { masked }) => sum + masked, 0);
    return { done, total: this.#sets.length * chunkCount(this.#params.match) };
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  begin(): MemberEffect[] {
    const { match, index, identity } = this.#params;
    const join = signMatchJoin(match, index, this.#agreement.publicKey, identity);
    return [send({ type: "matchJoined", ...join })];
  }

  /** To be said after a reconnection in which messages may have been lost: all that is not a chunk is said again. */
  held(): MemberEffect[] {
    const held = send({ type: "matchHeld", held: this.#sets.map(({ arrived }) => arrived) });
    if (this.#phase === "joining") return [...this.begin(), held];
    return [held, ...this.#readiness(), ...this.#count()];
  }

  hear(message: RelayMatchMessage): MemberEffect[] {
    if (this.#phase === "over") return [];
    switch (message.type) {
      case "matchMembers":
        return this.#meet(message.joins);
      case "matchChunk":
        return this.#take(message);
      case "matchTaken":
        this.#sets[message.owner]?.letGo();
        return [];
      case "matchResend":
        return this.#pass(this.#setOf(message.owner), message.from);
      case "matchRelease":
        return this.#release(message.signatures);
      case "matchEnded":
        this.#end();
        return [];
    }
  }

  /** A job's result. */
  worked({ owner, points, fault }: MatchResult): MemberEffect[] {
    if (this.#phase === "over") return [];
    const sender = owner === this.#params.index ? null : this.#before();
    if (fault) return this.#fail(fault, sender);
    const set = this.#setOf(owner);
    if (!set.put(points)) return this.#fail("repeatedPoint", sender);
    if (!set.shuffled) return [];
    const { match, index: own } = this.#params;
    return isLastHolder(match, owner, own) ? this.#readiness() : this.#pass(set, 0);
  }

  /** That our last set is masked, once it is. */
  #readiness(): MemberEffect[] {
    const { match, index, identity } = this.#params;
    if (!this.#joins || !this.#setOf(successor(match, index)).shuffled) return [];
    const signature = identity.sign(readyStatement(match, this.#joins, index));
    return [send({ type: "matchReady", signature })];
  }

  #count(): MemberEffect[] {
    if (this.#phase !== "released" || !this.#channels) return [];
    const masked = maskedCount(this.#channels, this.#set.count);
    return [send({ type: "matchCount", masked })];
  }

  #before(): number {
    return predecessor(this.#params.match, this.#params.index);
  }

  #setOf(owner: number): PassingSet {
    const set = this.#sets[owner];
    assert(set !== undefined, "owners are of the roster");
    return set;
  }

  #meet(joins: readonly MatchJoin[]): MemberEffect[] {
    const { match, index } = this.#params;
    if (this.#phase !== "joining") return [];
    if (joins.length !== match.roster.length) return this.#fail("badJoin", null);
    const unsigned = joins.findIndex((join, i) => !isSignedMatchJoin(match, i, join));
    if (unsigned >= 0) return this.#fail("badJoin", unsigned);
    const channels = openChannels(match, index, this.#agreement, joins);
    if ("unusable" in channels) return this.#fail("badJoin", channels.unusable);
    this.#channels = channels;
    this.#joins = joinsHash(match, joins);
    this.#phase = "passing";
    return this.#encodeOwn();
  }

  #encodeOwn(): MemberEffect[] {
    const { index: owner, match } = this.#params;
    const width = match.chunkPoints * STAND_IN_BYTES;
    return Array.from({ length: chunkCount(match) }, (_, index) => {
      const rows = this.#set.standIns.slice(index * width, (index + 1) * width);
      this.#setOf(owner).arrive();
      return { type: "work", job: { owner, kind: "encode", rows } };
    });
  }

  #take({ owner, index, bytes }: From<"matchChunk">): MemberEffect[] {
    const { match, index: own } = this.#params;
    const set = this.#sets[owner];
    // Sent once more after a reconnection, or ahead of what was lost: normal, and not for us.
    if (!set || !this.#channels || owner === own || index !== set.arrived) return [];
    const from = this.#before();
    if (bytes.length !== chunkBytes(match, owner, from, index))
      return this.#fail("wrongCount", from);
    const rows = openChunk(hopKey(this.#channels, from, own, owner), index, bytes);
    if (!rows) return this.#fail("badSeal", from);
    const work: MemberEffect = { type: "work", job: { owner, kind: "mask", rows } };
    return set.arrive() ? [work, send({ type: "matchTaken", owner })] : [work];
  }

  /** To the next member; of the last set, to the coordinator, once everybody is ready. */
  #pass(set: PassingSet, from: number): MemberEffect[] {
    const { match, index: own } = this.#params;
    const { owner } = set;
    const last = isLastHolder(match, owner, own);
    if (!set.shuffled || !this.#channels || (last && this.#phase !== "released")) return [];
    const key = last ? null : hopKey(this.#channels, own, successor(match, own), owner);
    const effects: MemberEffect[] = [];
    for (let index = from; index < chunkCount(match); index++) {
      const points = set.chunk(index);
      const bytes = key ? sealChunk(key, index, points) : cutRows(points, POINT_BYTES, VALUE_BYTES);
      effects.push(send({ type: "matchChunk", owner, index, bytes }));
    }
    return effects;
  }

  #release(signatures: readonly Uint8Array[]): MemberEffect[] {
    const { match, index } = this.#params;
    const last = this.#setOf(successor(match, index));
    if (this.#phase !== "passing" || !this.#joins || !this.#channels) return [];
    const joins = this.#joins;
    const unsigned = match.roster.findIndex(({ identityKey }, i) => {
      const statement = readyStatement(match, joins, i);
      return !verifySignature(identityKey, statement, signatures[i] ?? new Uint8Array());
    });
    if (unsigned >= 0 || !last.shuffled)
      return this.#fail("badReady", unsigned >= 0 ? unsigned : null);
    this.#phase = "released";
    return [...this.#pass(last, 0), ...this.#count()];
  }

  #fail(code: MatchFault, member: number | null): MemberEffect[] {
    this.#end();
    return [send({ type: "matchFailed", code, member })];
  }

  #end(): void {
    this.#phase = "over";
    this.key.scalar.fill(0);
    this.#set.standIns.fill(0);
    for (const set of this.#sets) set.letGo();
    this.#channels = null;
  }
}

function send(message: MemberMatchMessage): MemberEffect {
  return { type: "send", message };
}
