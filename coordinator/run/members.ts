/**
 * The members of a run under way: who is offered it, who joined, who has prekeys in the batch in use. Brings
 * members' keys to one another and has them deal prekeys ahead of the rounds. Members are roster indices.
 */
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import { encapsulatesTo, withoutKemKey } from "../../shared/secagg/channel.ts";
import type { DealtPrekeyBatch } from "../../shared/secagg/coordinator-batch.ts";
import { idsOf, type SumParams } from "../../shared/secagg/params.ts";
import { BATCH_ATTEMPTS, PrekeyBatches } from "./batches.ts";
import type { RunEvent, RunSummary } from "./events.ts";
import { JoinedMembers } from "./joined.ts";
import type { RunParams, RunPorts } from "./ports.ts";

export type MembershipMessage = Extract<
  AgentMessage,
  { type: "runJoined" | "runDeclined" | "channelSecrets" | "prekeys" }
>;

export class RunMembers {
  readonly #params: RunParams;
  readonly #sum: SumParams;
  readonly #ports: RunPorts;
  readonly #joined: JoinedMembers;
  readonly #batches: PrekeyBatches;
  readonly #banned = new Set<number>();
  #required: readonly number[] = [];
  /** Durable when it returns. */
  readonly #log: (event: RunEvent) => void;
  /** What members said last. */
  readonly #engines: Map<string, RunSummary["engines"][number]["engine"]>;

  constructor(
    params: RunParams,
    sum: SumParams,
    ports: RunPorts,
    engines: RunSummary["engines"],
    log: (event: RunEvent) => void,
  ) {
    this.#params = params;
    this.#log = log;
    this.#engines = new Map(engines.map(({ memberId, engine }) => [memberId, engine]));
    this.#sum = sum;
    this.#ports = ports;
    this.#joined = new JoinedMembers(sum);
    this.#batches = new PrekeyBatches(
      sum,
      params.patience.stepMs,
      params.batchAttempts ?? BATCH_ATTEMPTS,
    );
  }

  /** Its old session is over: whatever secrets it had are lost. */
  lost(index: number): void {
    this.#joined.remove(index);
    this.#batches.lost(index);
  }

  /** Caught cheating: no prekeys of its own are asked for any more. */
  ban(index: number): void {
    this.#banned.add(index);
    this.#batches.lost(index);
  }

  /** The round cannot do without these: not even if they cheated. */
  require(indices: readonly number[]): void {
    this.#required = indices;
  }

  /** @returns A code where the message is at fault. */
  take(from: number, message: MembershipMessage): string | null {
    switch (message.type) {
      case "runJoined":
        return this.#join(from, message);
      case "runDeclined": {
        this.lost(from);
        const { runId, reasons } = message;
        this.#ports.watch({ type: "declined", runId, memberId: this.#id(from), reasons });
        return null;
      }
      case "channelSecrets":
        return this.#relay(from, message);
      case "prekeys": {
        const { batch, nonce, entries, signature } = message;
        this.#joined.showNonce(from, nonce);
        return this.#batches.dealt(from, batch, entries, signature) ? null : "badPrekeys";
      }
    }
  }

  #join(
    from: number,
    { runId, type: _, engine, ...join }: Extract<MembershipMessage, { type: "runJoined" }>,
  ) {
    if (this.#joined.join(from)) return "duplicate";
    const others = this.#joined.indices().filter((index) => index !== from);
    if (!this.#joined.add(from, join)) return "badSignature";
    // Whoever encapsulates to it needs its ML-KEM key, the others the hash of it.
    const needing = others.filter((index) => encapsulatesTo(this.#sum, index, from));
    this.#announce(needing, [from], () => true);
    this.#announce(
      others.filter((index) => !needing.includes(index)),
      [from],
      () => false,
    );
    this.#announce([from], others, (index) => encapsulatesTo(this.#sum, from, index));
    const joined = others.length + 1;
    const memberId = this.#id(from);
    this.#ports.watch({ type: "joined", runId, memberId, joined });
    if (engine && this.#engines.get(memberId) !== engine) {
      this.#engines.set(memberId, engine);
      this.#log({ type: "engineTold", runId, atMs: this.#ports.clock.nowMs(), memberId, engine });
    }
    return null;
  }

  /** @param whole Whose ML-KEM keys are sent whole. */
  #announce(
    to: readonly number[],
    members: readonly number[],
    whole: (member: number) => boolean,
  ): void {
    const { runId } = this.#params;
    const joins = members.flatMap((member) => {
      const join = this.#joined.join(member);
      return join ? [{ member, ...(whole(member) ? join : withoutKemKey(join)) }] : [];
    });
    for (const index of to) this.#joined.announced(index, members);
    this.#send(to, { type: "membersJoined", runId, members: joins });
  }

  #relay(
    from: number,
    { runId, nonce, secrets }: Extract<MembershipMessage, { type: "channelSecrets" }>,
  ): string | null {
    const current = this.#joined.answered(from, nonce);
    for (const { to, ...encapsulation } of secrets) {
      if (!current.has(to)) continue; // Made for keys that are gone: it would look like a forgery.
      this.#send([to], { type: "channelSecret", runId, from, ...encapsulation });
    }
    return null;
  }

  /**
   * Has prekeys dealt where they are due, and ends a dealing that is over.
   *
   * @param roundsLeft That may need prekeys yet, beside the attempt under way.
   */
  tick(nextAttempt: number, roundsLeft: number, waitForAll: boolean, atMs: number): void {
    const closed = this.#batches.closeIfDue(atMs);
    for (const { to, message } of closed.send) this.#send(to, message);
    for (const index of closed.disputed) this.#fault(index, "prekeysDisputed");
    const members = this.#joined
      .indices()
      .filter((index) => this.#joined.isOpen(index) && this.#isThere(index));
    if (members.length < this.#sum.survivorsMin) return;
    if (waitForAll && members.length < this.#sum.roster.length - this.#banned.size) return;
    const count = this.#batches.due(nextAttempt, roundsLeft, members, atMs);
    if (count === 0) return;
    const complete = this.#sum.degree >= this.#sum.roster.length - 1;
    const nonces = complete ? [] : members.map((index) => this.#joined.nonce(index));
    const { to, message } = this.#batches.begin(members, nonces, nextAttempt, count, atMs);
    const { runId } = this.#params;
    const below = message.firstAttempt + message.count;
    this.#log({ type: "attemptsReserved", runId, atMs, below });
    this.#send(to, message);
  }

  /** The next attempt that can be made now, who is there for it, and with which prekeys; null: none can. */
  next(
    nextAttempt: number,
  ): { attempt: number; present: number[]; prekeys: DealtPrekeyBatch } | null {
    const attempt = this.#batches.attemptFrom(nextAttempt);
    const prekeys = this.#batches.current;
    if (attempt === null || !prekeys) return null;
    return {
      attempt,
      present: this.#batches.usable().filter((index) => this.#isThere(index)),
      prekeys,
    };
  }

  /** Joined, and connected. */
  get there(): number[] {
    return this.#joined.indices().filter((index) => this.#isThere(index));
  }

  /** Caught cheating, in the order of it. */
  get caught(): number[] {
    return [...this.#banned];
  }

  joinedIds(): string[] {
    return this.#joined.indices().map((index) => this.#id(index));
  }

  #isThere(index: number): boolean {
    const isWanted = !this.#banned.has(index) || this.#required.includes(index);
    return isWanted && this.#ports.isConnected(this.#id(index));
  }

  #id(index: number): string {
    return idsOf(this.#sum, [index])[0] ?? "";
  }

  #send(to: readonly number[], message: Parameters<RunPorts["send"]>[1]): void {
    if (to.length > 0)
      this.#ports.send(
        to.map((index) => this.#id(index)),
        message,
      );
  }

  #fault(index: number, code: string): void {
    const { runId } = this.#params;
    this.#ports.watch({ type: "fault", runId, memberId: this.#id(index), code });
  }
}
