/**
 * A run under way: opens one secure sum after another, hands each aggregate to the task, and logs before it
 * acts. The protocol's decisions are in `shared/secagg/coordinator.ts`, the members' in `members.ts`, the
 * task's in `models/tasks`; here they meet.
 */
import type { Ask } from "../../models/tasks/task.ts";
import { assert } from "../../shared/base/assert.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { sumParams } from "../../shared/charter/manifest.ts";
import type { Delivery } from "../../shared/protocol/inbox.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import type { AttemptEffect, AttemptEvent } from "../../shared/secagg/attempt.ts";
import { step } from "../../shared/secagg/coordinator.ts";
import { idsOf, type SumParams } from "../../shared/secagg/params.ts";
import * as attempts from "./attempt.ts";
import { addCentralNoiseInPlace } from "./central-noise.ts";
import { CertifiedRounds, ROUND_FORGOTTEN } from "./certified.ts";
import { EarlyCohorts } from "./early.ts";
import { foldRun, openingEvents, type RunEvent } from "./events.ts";
import { RunMembers } from "./members.ts";
import { offerOf } from "./offer.ts";
import {
  type ActiveRun,
  type AttemptMessage,
  type RunMessage,
  type RunParams,
  type RunPorts,
  toEvent,
} from "./ports.ts";
import { RunProgress } from "./progress.ts";
import { keepForAudit, type Released, releaseOf } from "./release.ts";
import { RunTold } from "./told.ts";
import { RoundTries } from "./tries.ts";

export class Run implements ActiveRun {
  readonly room: string;
  readonly #params: RunParams;
  readonly #sum: SumParams;
  readonly #ports: RunPorts;
  readonly #told: RunTold;
  readonly #progress: RunProgress;
  readonly #members: RunMembers;
  readonly #certified: CertifiedRounds;
  readonly #early = new EarlyCohorts();
  readonly #beganAtMs: number;
  readonly #indices: ReadonlyMap<string, number>;
  #nextAttempt: number;
  readonly #tries: RoundTries;
  #attempt: attempts.RunningAttempt | null = null;
  #status: ActiveRun["status"] = "running";

  /** @param log Empty for a new run; else what happened before a restart, with the task's last state. */
  constructor(
    params: RunParams,
    ports: RunPorts,
    log: readonly RunEvent[],
    state: Uint8Array | null,
  ) {
    const { runId, manifest, charter } = params;
    this.#params = params;
    this.room = manifest.room;
    this.#ports = ports;
    this.#told = new RunTold(runId, ports.watch);
    this.#sum = sumParams(manifest, charter, runId);
    const summary = foldRun(log);
    const { engines = [] } = summary ?? {};
    this.#members = new RunMembers(params, this.#sum, ports, engines, (event) => this.#log(event));
    this.#certified = new CertifiedRounds(this.#sum, log);
    this.#tries = new RoundTries(params.patience.workMs);
    this.#indices = new Map(this.#sum.roster.map(({ memberId }, index) => [memberId, index]));
    this.#progress = new RunProgress(params, summary, state);
    this.#nextAttempt = summary?.nextAttempt ?? 0;
    this.#beganAtMs = ports.clock.nowMs();
    for (const event of openingEvents(summary, params, this.#beganAtMs)) this.#log(event);
    // Also to those whose connection is lost just now: they may come back in the same session.
    for (const { memberId } of manifest.roster) this.#offer(memberId);
  }

  get status(): ActiveRun["status"] {
    return this.#status;
  }

  cancel(): void {
    if (this.#status !== "running") return;
    this.#attempt?.spool.discard();
    this.#attempt = null;
    this.#end("failed", "cancelled");
  }

  hasMember(room: string, memberId: string): boolean {
    return room === this.room && this.#indices.has(memberId);
  }

  connected(memberId: string, resumed: boolean): void {
    if (resumed) this.#feed({ type: "present", from: this.#index(memberId) });
    else this.#offer(memberId);
  }

  disconnected(memberId: string): void {
    this.#feed({ type: "absent", from: this.#index(memberId) });
    this.#told.left(memberId, this.#members.there.length);
  }

  deliver(memberId: string, { message }: Delivery<RunMessage>): void {
    const from = this.#index(memberId);
    if (message.runId !== this.#params.runId || message.type === "matching")
      return this.#reject(memberId, "wrongRun");
    switch (message.type) {
      case "runJoined":
      case "runDeclined":
      case "channelSecrets":
      case "prekeys": {
        const fault = this.#members.take(from, message);
        if (fault) return this.#reject(memberId, fault);
        return this.#advance();
      }
      default:
        return this.#hear(memberId, from, message);
    }
  }

  deliverPart(memberId: string, message: AgentMessage, bytes: Uint8Array): void {
    const attempt = this.#attempt;
    if (message.type !== "masked" || attempt?.params.place.attempt !== message.attempt) return;
    this.#feed({ type: "maskedPart", from: this.#index(memberId), bytes });
  }

  #hear(memberId: string, from: number, message: AttemptMessage): void {
    const attempt = this.#attempt;
    if (attempt?.params.place.attempt !== message.attempt) return; // Late for an attempt that is over: normal.
    const event = toEvent(from, message, this.#sum.roster.length);
    if (!event) return this.#reject(memberId, "malformed");
    if (event.type === "ready") this.#early.ready(attempt, from, event.holds);
    if (message.type === "withdrawn" && message.reason.code === ROUND_FORGOTTEN)
      this.#certified.forgot(from);
    this.#feed(event);
  }

  tick(): void {
    if (this.#status !== "running") return;
    if (this.#attempt) this.#feed({ type: "tick" });
    this.#advance();
  }

  #offer(memberId: string): void {
    if (this.#status !== "running") return;
    const index = this.#index(memberId);
    this.#members.lost(index);
    this.#feed({ type: "withdrawn", from: index }); // Whatever it had in this attempt is lost.
    this.#ports.send([memberId], offerOf(this.#params));
  }

  /** Prekeys where they are due, and the next round where it can begin. */
  #advance(): void {
    if (this.#status !== "running") return;
    const atMs = this.#ports.clock.nowMs();
    // Later rounds go on without the absent; only the first waits for all.
    const waitForAll = this.#progress.round === 0 && atMs < this.#beganAtMs + this.#params.startMs;
    const { roundsLeft, round } = this.#progress;
    this.#members.require(this.#certified.of(round) ?? []);
    const left = this.#attempt ? roundsLeft - 1 : roundsLeft; // The attempt under way has its prekeys.
    this.#members.tick(this.#nextAttempt, left, waitForAll, atMs);
    if (!this.#attempt && this.#tries.isDue(atMs)) this.#openIfDue(atMs);
  }

  #openIfDue(atMs: number): void {
    const ask = this.#progress.nextAsk();
    if (!ask) return this.#end(...this.#progress.ending);
    const next = this.#members.next(this.#nextAttempt);
    const { round } = this.#progress;
    const certified = this.#certified.of(round) ?? [];
    if (!certified.every((index) => next?.present.includes(index))) {
      if (this.#tries.isMissedTooLong(atMs)) this.#failed(round, "survivorMissing");
      return;
    }
    if (!next || next.present.length < this.#sum.survivorsMin) return;
    this.#open(ask, next, atMs);
  }

  #open(ask: Ask, next: NonNullable<ReturnType<RunMembers["next"]>>, atMs: number): void {
    const { attempt, present, prekeys } = next;
    const shape = this.#progress.shapeOf(ask.kind);
    const { round, head: transcript } = this.#progress;
    const certified = this.#certified.of(round);
    const at = { round, attempt, transcript, prekeys, certified };
    const prepared = attempts.prepareAttempt(this.#params, this.#sum, at, ask, shape);
    const { params, input } = prepared;
    if (this.#certified.adopt(round, ask.kind, prepared.inputHash)) return;
    this.#nextAttempt = attempt + 1;
    this.#tries.opened();
    this.#told.opened(params.place, ask.kind);
    const spool = this.#ports.openSpool(this.#params.runId, attempt);
    const cohort = this.#early.cohort(params, ask.kind, present);
    this.#attempt = attempts.openRunning(prepared, spool, present, cohort, atMs);
    const head = this.#progress.signedHead(attempt, params.place.askHash);
    const message = attempts.openingOf(this.#attempt, head, input.length);
    this.#ports.send(idsOf(this.#sum, certified ?? present), message, input);
    this.#told.phase(params.place, "work");
  }

  #feed(event: AttemptEvent): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const { params, spool, state } = attempt;
    const next = step(params, spool, state, event, this.#ports.clock.nowMs());
    attempt.state = next.state;
    // Durable before the first certificate leaves: from then on shares may be out.
    const certified = this.#certified.certify(attempt, next.effects);
    if (certified) this.#log({ type: "survivorsCertified", ...this.#stamp(), ...certified });
    for (const effect of next.effects) this.#perform(attempt, effect);
  }

  #perform(attempt: attempts.RunningAttempt, effect: AttemptEffect): void {
    const { place } = attempt.params;
    switch (effect.type) {
      case "sendCommit":
      case "sendIncluded":
      case "sendCertificate":
      case "askShares": {
        this.#told.sent(place, effect.type);
        if (effect.type === "sendIncluded")
          this.#early.answered(attempt, effect.to.length, this.#ports.clock.nowMs());
        for (const { to, message } of attempts.messagesOf(attempt.params, effect))
          this.#ports.send(idsOf(this.#sum, to), message);
        return;
      }
      case "reject":
        return this.#reject(idsOf(this.#sum, [effect.to])[0] ?? "", effect.code);
      case "blame":
        this.#members.ban(effect.member);
        return this.#told.fault(idsOf(this.#sum, [effect.member])[0] ?? "", effect.code);
      case "expand":
        return this.#ports.expand(effect.masks, place.dimension, place.ringBits, (masks) => {
          if (this.#attempt === attempt) this.#feed({ type: "expanded", masks });
        });
      case "aborted":
        return this.#retry(attempt, effect.reason);
      case "released":
        return this.#release(attempt, effect);
    }
  }

  #release(attempt: attempts.RunningAttempt, effect: Released): void {
    const { manifest } = this.#params;
    const { params, shape } = attempt;
    addCentralNoiseInPlace(effect.sum, shape, manifest, new UniformSource(this.#ports.rng));
    const at = params.place.attempt;
    const absorbed = this.#progress.absorb(effect.sum, shape, at, effect.inclusion);
    const event = releaseOf(attempt, effect, absorbed, this.#ports.clock.nowMs());
    this.#tries.released();
    this.#attempt = null;
    this.#certified.released();
    this.#log(event, absorbed.state);
    keepForAudit(attempt, effect, absorbed.link, this.#progress.head, manifest);
    this.#advance();
  }

  #retry({ params, spool }: attempts.RunningAttempt, reason: string): void {
    const { round, attempt } = params.place;
    this.#attempt = null;
    this.#early.failed();
    spool.discard();
    this.#log({ type: "attemptAborted", ...this.#stamp(), round, attempt, reason });
    this.#failed(round, reason);
  }

  #failed(round: number, reason: string): void {
    const isOver = this.#tries.failed(this.#ports.clock.nowMs());
    if (!isOver && !this.#certified.isHopeless(round)) return;
    const last = `${this.#tries.failures} attempts failed, the last with ${reason}`;
    const why = this.#certified.whyNot(round, this.#members);
    this.#end("failed", `round ${round}: ${[last, ...why].join("; ")}`);
  }

  #end(outcome: "completed" | "failed", reason: string): void {
    assert(this.#status === "running", "a run ends once");
    this.#status = outcome;
    if (outcome === "completed") this.#log({ type: "completed", ...this.#stamp() });
    else this.#log({ type: "failed", ...this.#stamp(), reason });
    const { runId } = this.#params;
    const head = this.#progress.signedHead(this.#nextAttempt, new Uint8Array(32));
    this.#ports.send(this.#members.joinedIds(), { type: "runEnded", runId, outcome, ...head });
  }

  #reject(memberId: string, code: string): void {
    this.#ports.send([memberId], { type: "rejected", code });
    this.#told.fault(memberId, code);
  }

  #index = (memberId: string): number => this.#indices.get(memberId) ?? -1;

  #stamp(): { runId: string; atMs: number } {
    return { runId: this.#params.runId, atMs: this.#ports.clock.nowMs() };
  }

  #log(event: RunEvent, state?: Uint8Array): void {
    this.#ports.append(event, state);
    this.#ports.watch(event);
  }
}
