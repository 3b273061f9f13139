/** A private matching played in memory: members, the relay between them, and what each of them gets to see. */
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { osRng } from "../../shared/edge/os.ts";
import { decoysMax } from "../../shared/matching/decoys.ts";
import { MatchMember, type MemberEffect } from "../../shared/matching/member.ts";
import type {
  MatchReason,
  MemberMatchMessage,
  RelayMatchMessage,
} from "../../shared/matching/messages.ts";
import type { MatchParams } from "../../shared/matching/params.ts";
import { MatchRelay, type RelayEffect } from "../../shared/matching/relay.ts";
import { matchSet } from "../../shared/matching/set.ts";
import type { MatchCounts } from "../../shared/matching/tally.ts";
import { workOn } from "../../shared/matching/work.ts";

export interface MatchRoom {
  readonly params: MatchParams;
  readonly identities: readonly Identity[];
}

/** @param decoys Of a pool; sets grow by all that there can be in one. */
export function matchRoom(
  memberCount: number,
  identifiersMax: number,
  chunkPoints = 4,
  decoys = 0,
): MatchRoom {
  const setSize = identifiersMax + decoysMax(memberCount, decoys);
  const identities = Array.from({ length: memberCount }, () =>
    identityFromSecret(randomBytes(osRng, 32)),
  );
  const roster = identities.map(({ publicKey }, i) => ({
    memberId: `member-${i}`,
    identityKey: publicKey,
  }));
  const what = { identifierType: "text", purpose: "overlap" };
  const runId = "0".repeat(64);
  return { params: { runId, roster, setSize, decoys, chunkPoints, ...what }, identities };
}

/** One message on its way, for a test to change, drop (empty list) or repeat. */
export interface MatchHooks {
  readonly fromMember?: (from: number, message: MemberMatchMessage) => MemberMatchMessage[];
  readonly fromRelay?: (to: number, message: RelayMatchMessage) => RelayMatchMessage[];
}

interface Heard {
  readonly from: number;
  readonly message: MemberMatchMessage;
}

/** Messages pass one at a time, in order of sending. */
export class MatchPlay {
  readonly members: readonly MatchMember[];
  readonly relay: MatchRelay;
  /** All that the coordinator was told, and all that each member was. */
  readonly relayHeard: Heard[] = [];
  readonly memberHeard: RelayMatchMessage[][];
  readonly #hooks: MatchHooks;
  readonly #queue: {
    readonly member: number;
    readonly isWork: boolean;
    readonly go: () => void;
  }[] = [];
  counts: MatchCounts | null = null;
  reason: MatchReason | null = null;
  nowMs = 0;

  /** @param rng Of the members; the operating system's but where a test must repeat. */
  constructor(
    room: MatchRoom,
    sets: readonly Iterable<string>[],
    hooks: MatchHooks = {},
    rng: Rng = osRng,
  ) {
    const { params: match, identities } = room;
    this.#hooks = hooks;
    this.members = identities.map((identity, index) => {
      const set = matchSet(match, index, sets[index] ?? [], rng);
      return new MatchMember({ match, index, identity, rng }, set);
    });
    this.memberHeard = this.members.map(() => []);
    this.relay = new MatchRelay({ match, patienceMs: 1000, rng: osRng }, 0);
  }

  begin(): this {
    for (const [i, member] of this.members.entries()) this.obey(i, member.begin());
    return this;
  }

  /** Until nobody has anything to say. */
  run(): this {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next.go();
    return this;
  }

  /** Passes on so many messages. */
  runSome(count: number): this {
    for (let i = 0; i < count; i++) this.#queue.shift()?.go();
    return this;
  }

  /** What is on its way to a member and from it is lost. @returns How many messages that were. */
  lose(member: number): number {
    const kept = this.#queue.filter((entry) => entry.isWork || entry.member !== member);
    const lost = this.#queue.length - kept.length;
    this.#queue.splice(0, this.#queue.length, ...kept);
    return lost;
  }

  obey(member: number, effects: readonly MemberEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "send") this.#send(member, effect.message);
      else {
        const { job } = effect;
        const go = (): void => {
          const worker = this.members[member];
          if (worker && !worker.isOver) this.obey(member, worker.worked(workOn(job, worker.key)));
        };
        this.#queue.push({ member, isWork: true, go });
      }
    }
  }

  #send(from: number, sent: MemberMatchMessage): void {
    for (const message of this.#hooks.fromMember?.(from, sent) ?? [sent]) {
      const go = (): void => {
        this.relayHeard.push({ from, message });
        this.follow(this.relay.hear(from, message, this.nowMs));
      };
      this.#queue.push({ member: from, isWork: false, go });
    }
  }

  follow(effects: readonly RelayEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "counted") this.counts = effect.counts;
      else if (effect.type === "failed") this.reason = effect.reason;
      else this.#tell(effect.to, effect.message);
    }
  }

  #tell(to: number, told: RelayMatchMessage): void {
    for (const message of this.#hooks.fromRelay?.(to, told) ?? [told]) {
      const go = (): void => {
        this.memberHeard[to]?.push(message);
        const member = this.members[to];
        if (member) this.obey(to, member.hear(message));
      };
      this.#queue.push({ member: to, isWork: false, go });
    }
  }
}

/** The counts, found by looking at every set. */
export function plainCounts(sets: readonly Iterable<string>[]): MatchCounts {
  const owners = new Map<string, Set<number>>();
  for (const [i, set] of sets.entries())
    for (const identifier of set)
      owners.set(identifier, (owners.get(identifier) ?? new Set()).add(i));
  const byMembers = sets.map(() => 0);
  const pairs = sets.map(() => sets.map(() => 0));
  for (const members of owners.values()) {
    byMembers[members.size - 1] = (byMembers[members.size - 1] ?? 0) + 1;
    for (const a of members) {
      const row = pairs[a] ?? [];
      for (const b of members) if (a !== b) row[b] = (row[b] ?? 0) + 1;
    }
  }
  return { byMembers, pairs };
}

/** Sets in which every identifier of a pool is with a probability of its own. */
export function randomSets(memberCount: number, pool: number, most: number, rng: Rng): string[][] {
  const draws = randomBytes(rng, pool * (memberCount + 1));
  return Array.from({ length: memberCount }, (_, m) => {
    const ids: string[] = [];
    for (let i = 0; i < pool && ids.length < most; i++) {
      const likely = draws[i * (memberCount + 1)] ?? 0;
      if ((draws[i * (memberCount + 1) + 1 + m] ?? 0) < likely) ids.push(`id-${i}`);
    }
    return ids;
  });
}
