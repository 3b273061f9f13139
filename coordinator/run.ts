/**
 * A run under way: opens one secure sum after another, hands each aggregate to the task, and logs before it
 * acts. The protocol's decisions are in `shared/secagg/coordinator.ts`, the members' in `run-members.ts`, the
 * task's in `models/tasks`; here they meet.
 */
import type { Ask } from "../models/tasks/task.ts";
import { auditRecord } from "../shared/audit/record.ts";
import { assert } from "../shared/base/assert.ts";
import { toHex } from "../shared/base/bytes.ts";
import { manifestText, sumParams } from "../shared/charter/manifest.ts";
import type { Delivery } from "../shared/protocol/inbox.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { AttemptEffect, AttemptEvent } from "../shared/secagg/attempt.ts";
import { step } from "../shared/secagg/coordinator.ts";
import type { SumParams } from "../shared/secagg/params.ts";
import { messagesOf, openRunning, prepareAttempt, type RunningAttempt } from "./attempt.ts";
import { foldRun, type RunEvent } from "./run-events.ts";
import { RunMembers } from "./run-members.ts";
import { type AttemptMessage, type RunParams, type RunPorts, toEvent } from "./run-ports.ts";
import { RunProgress } from "./run-progress.ts";

/** Attempts at one round before the run is given up. */
const ATTEMPTS_MAX = 20;
const RETRY_MS = 500;

export class Run {
  readonly #params: RunParams;
  readonly #sum: SumParams;
  readonly #ports: RunPorts;
  readonly #progress: RunProgress;
  readonly #members: RunMembers;
  readonly #beganAtMs: number;
  readonly #indices: ReadonlyMap<string, number>;
  #nextAttempt: number;
  #failures = 0;
  #attempt: RunningAttempt | null = null;
  #retryAtMs = 0;
  #status: "running" | "completed" | "failed" = "running";

  /** @param log Empty for a new run; else what happened before a restart, with the task's last state. */
  constructor(
    params: RunParams,
    ports: RunPorts,
    log: readonly RunEvent[],
    state: Uint8Array | null,
  ) {
    const { runId, manifest, charter } = params;
    this.#params = params;
    this.#ports = ports;
    this.#sum = sumParams(manifest, charter, runId);
    this.#members = new RunMembers(params, this.#sum, ports, (below) =>
      this.#log({ type: "attemptsReserved", ...this.#stamp(), below }),
    );
    this.#indices = new Map(this.#sum.roster.map(({ memberId }, index) => [memberId, index]));
    const summary = foldRun(log);
    this.#progress = new RunProgress(params, summary, state);
    this.#nextAttempt = summary?.nextAttempt ?? 0;
    this.#beganAtMs = ports.clock.nowMs();
    if (!summary) this.#log({ type: "created", ...this.#stamp(), manifest });
    // Also to those whose connection is lost just now: they may come back in the same session.
    for (const { memberId } of manifest.roster) this.#offer(memberId);
  }

  get status(): "running" | "completed" | "failed" {
    return this.#status;
  }

  hasMember(room: string, memberId: string): boolean {
    return room === this.#params.manifest.room && this.#indices.has(memberId);
  }

  connected(memberId: string, resumed: boolean): void {
    if (resumed) this.#feed({ type: "present", from: this.#index(memberId) });
    else this.#offer(memberId);
  }

  disconnected(memberId: string): void {
    this.#feed({ type: "absent", from: this.#index(memberId) });
    const { runId } = this.#params;
    const joined = this.#members.joinedCount();
    this.#ports.watch({ type: "left", runId, memberId, joined });
  }

  deliver(memberId: string, { message }: Delivery<AgentMessage>): void {
    const from = this.#index(memberId);
    if (message.runId !== this.#params.runId) return this.#reject(memberId, "wrongRun");
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

  /** A part of the vector that a `masked` announced. */
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
    if (event.type === "masked") attempt.uploadBytes = event.byteLength;
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
    const { runId, manifest } = this.#params;
    this.#ports.send([memberId], { type: "runOffered", runId, manifest: manifestText(manifest) });
  }

  /** Prekeys where they are due, and the next round where it can begin. */
  #advance(): void {
    if (this.#status !== "running") return;
    const atMs = this.#ports.clock.nowMs();
    // Later rounds go on without the absent; only the first waits for all.
    const waitForAll = this.#progress.round === 0 && atMs < this.#beganAtMs + this.#params.startMs;
    const { attempt } = this.#attempt?.params.place ?? {};
    this.#members.tick(attempt === undefined ? this.#nextAttempt : attempt + 1, waitForAll, atMs);
    if (!this.#attempt && atMs >= this.#retryAtMs) this.#openIfDue(atMs);
  }

  #openIfDue(atMs: number): void {
    const ask = this.#progress.nextAsk();
    if (!ask) return this.#end("completed", "");
    const next = this.#members.next(this.#nextAttempt);
    if (!next || next.present.length < this.#sum.survivorsMin) return;
    this.#open(ask, next, atMs);
  }

  #open(ask: Ask, next: NonNullable<ReturnType<RunMembers["next"]>>, atMs: number): void {
    const { runId } = this.#params;
    const { attempt, present, prekeys } = next;
    const shape = this.#progress.shapeOf(ask.kind);
    const { round, head: transcript } = this.#progress;
    const at = { round, attempt, transcript, prekeys };
    const { params, input, inputHash } = prepareAttempt(this.#params, this.#sum, at, ask, shape);
    this.#nextAttempt = attempt + 1;
    const { askHash } = params.place;
    this.#ports.watch({ type: "attemptOpened", runId, round, attempt, askKind: ask.kind });
    const spool = this.#ports.openSpool(runId, attempt);
    this.#attempt = openRunning(params, { ask, inputHash, shape }, spool, present, atMs);
    const message: CoordinatorMessage = {
      type: "roundOpened",
      runId,
      askKind: ask.kind,
      ...this.#progress.signedHead(attempt, askHash),
      vector: { byteLength: input.length, sha256: inputHash },
    };
    this.#ports.send(this.#ids(present), message, input);
    this.#phase("work");
  }

  #feed(event: AttemptEvent): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const next = step(
      attempt.params,
      attempt.spool,
      attempt.state,
      event,
      this.#ports.clock.nowMs(),
    );
    attempt.state = next.state;
    for (const effect of next.effects) this.#perform(attempt, effect);
  }

  #perform(attempt: RunningAttempt, effect: AttemptEffect): void {
    const { place } = attempt.params;
    switch (effect.type) {
      case "sendCommit":
      case "sendIncluded":
      case "sendCertificate": {
        if (effect.type === "sendCommit") this.#phase("masking");
        if (effect.type === "sendIncluded") this.#phase("unmasking");
        for (const { to, message } of messagesOf(attempt.params, effect))
          this.#ports.send(this.#ids(to), message);
        return;
      }
      case "reject":
        return this.#reject(this.#ids([effect.to])[0] ?? "", effect.code);
      case "blame":
        this.#members.ban(effect.member);
        return this.#fault(this.#ids([effect.member])[0] ?? "", effect.code);
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

  #release(attempt: RunningAttempt, effect: Extract<AttemptEffect, { type: "released" }>): void {
    const { runId } = this.#params;
    const { params, ask, inputHash, shape, spool, uploadBytes, openedAtMs } = attempt;
    const { place, prekeys } = params;
    const { round } = place;
    const absorbed = this.#progress.absorb(effect.sum, shape, place.attempt, effect.inclusion);
    const { loss, metrics } = absorbed.progress;
    const { resultHash } = absorbed.link;
    const outcome = {
      round,
      attempt: place.attempt,
      askKind: ask.kind,
      cohort: this.#ids(effect.cohort),
      survivors: this.#ids([...effect.survivors.keys()].sort((a, b) => a - b)),
      ms: this.#ports.clock.nowMs() - openedAtMs,
      uploadBytes,
      loss,
      metrics,
      inclusion: toHex(effect.inclusion),
      resultHash: toHex(resultHash),
    };
    this.#failures = 0;
    this.#attempt = null;
    this.#log({ type: "roundReleased", ...this.#stamp(), ...outcome }, absorbed.state);
    const released = { runId, place, askKind: ask.kind, inputHash, prekeys, ...effect };
    spool.keep(auditRecord({ ...released, resultHash, headAfter: this.#progress.head }), prekeys);
    this.#advance();
  }

  #retry({ params, spool }: RunningAttempt, reason: string): void {
    const { round, attempt } = params.place;
    this.#attempt = null;
    this.#failures += 1;
    this.#retryAtMs = this.#ports.clock.nowMs() + RETRY_MS;
    spool.discard();
    this.#log({ type: "attemptAborted", ...this.#stamp(), round, attempt, reason });
    if (this.#failures >= ATTEMPTS_MAX)
      this.#end(
        "failed",
        `round ${round}: ${ATTEMPTS_MAX} attempts failed, the last with ${reason}`,
      );
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

  #phase(phase: string): void {
    const { round, attempt } = this.#attempt?.params.place ?? {};
    if (round === undefined || attempt === undefined) return;
    this.#ports.watch({ type: "phase", runId: this.#params.runId, round, attempt, phase });
  }

  #reject(memberId: string, code: string): void {
    this.#ports.send([memberId], { type: "rejected", code });
    this.#fault(memberId, code);
  }

  #fault(memberId: string, code: string): void {
    this.#ports.watch({ type: "fault", runId: this.#params.runId, memberId, code });
  }

  #index(memberId: string): number {
    return this.#indices.get(memberId) ?? -1;
  }

  #ids(indices: readonly number[]): string[] {
    return indices.map((index) => this.#sum.roster[index]?.memberId ?? "");
  }

  #stamp(): { runId: string; atMs: number } {
    return { runId: this.#params.runId, atMs: this.#ports.clock.nowMs() };
  }

  #log(event: RunEvent, state?: Uint8Array): void {
    this.#ports.append(event, state);
    this.#ports.watch(event);
  }
}
