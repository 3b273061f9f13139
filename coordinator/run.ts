/**
 * A run under way: offers the manifest, opens one secure sum after another, hands each aggregate to the
 * task, and logs before it acts. The protocol's decisions are in `shared/secagg/coordinator.ts`, the
 * task's in `models/tasks`; here they meet the members.
 */

import { contextOf } from "../models/tasks/context.ts";
import { taskFor } from "../models/tasks/registry.ts";
import type { Ask, Task, TaskContext } from "../models/tasks/task.ts";
import { assert } from "../shared/base/assert.ts";
import { manifestText } from "../shared/charter/manifest.ts";
import type { TaskSpec } from "../shared/charter/task-spec.ts";
import type { Delivery } from "../shared/protocol/inbox.ts";
import type { AgentMessage } from "../shared/protocol/messages.ts";
import type { AttemptEffect, AttemptEvent } from "../shared/secagg/attempt.ts";
import { step } from "../shared/secagg/coordinator.ts";
import { openRunning, prepareAttempt, type RunningAttempt } from "./attempt.ts";
import { decodeSum } from "./decode.ts";
import { JoinedMembers } from "./joined.ts";
import { foldRun, type RunEvent } from "./run-events.ts";
import { type RunParams, type RunPorts, toEvent } from "./run-ports.ts";

/** Attempts at one round before the run is given up. */
const ATTEMPTS_MAX = 20;
const RETRY_MS = 500;

export class Run {
  readonly #params: RunParams;
  readonly #ports: RunPorts;
  readonly #task: Task<TaskSpec, unknown>;
  readonly #context: TaskContext<TaskSpec>;
  readonly #joined: JoinedMembers;
  readonly #beganAtMs: number;
  #taskState: unknown;
  #round: number;
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
    this.#params = params;
    this.#ports = ports;
    this.#joined = new JoinedMembers(params.runId, params.manifest);
    this.#task = taskFor(params.manifest.task) as Task<TaskSpec, unknown>;
    this.#context = contextOf(params.charter, params.manifest);
    this.#taskState = state
      ? this.#task.decodeState(this.#context, state)
      : this.#task.begin(this.#context);
    const summary = foldRun(log);
    this.#round = summary?.rounds.length ?? 0;
    this.#nextAttempt = summary?.nextAttempt ?? 0;
    this.#beganAtMs = ports.clock.nowMs();
    if (!summary) this.#log({ type: "created", ...this.#stamp(), manifest: params.manifest });
    for (const { memberId } of params.manifest.roster)
      if (ports.isConnected(memberId)) this.#offer(memberId);
  }

  get status(): "running" | "completed" | "failed" {
    return this.#status;
  }

  hasMember(memberId: string): boolean {
    return this.#params.manifest.roster.some((member) => member.memberId === memberId);
  }

  connected(memberId: string, resumed: boolean): void {
    if (resumed) this.#feed({ type: "present", from: memberId });
    else this.#offer(memberId);
  }

  disconnected(memberId: string): void {
    this.#feed({ type: "absent", from: memberId });
    this.#ports.watch({
      type: "left",
      runId: this.#params.runId,
      memberId,
      joined: this.#present().length,
    });
  }

  deliver(memberId: string, { message, vector }: Delivery<AgentMessage>): void {
    if (message.runId !== this.#params.runId) return this.#reject(memberId, "wrongRun");
    if (message.type === "runJoined")
      return this.#join(memberId, message.channelKey, message.signature);
    if (message.type === "runDeclined") {
      this.#joined.remove(memberId);
      const { reasons } = message;
      return this.#ports.watch({ type: "declined", runId: this.#params.runId, memberId, reasons });
    }
    const attempt = this.#attempt;
    if (attempt?.params.attempt !== message.attempt) return; // Late for an attempt that is over: normal.
    if (message.type === "masked")
      attempt.uploadBytes = Math.max(attempt.uploadBytes, vector.length);
    this.#feed(toEvent(memberId, message, vector));
  }

  tick(): void {
    if (this.#status !== "running") return;
    if (this.#attempt) this.#feed({ type: "tick" });
    else this.#openIfDue();
  }

  #offer(memberId: string): void {
    if (this.#status !== "running") return;
    this.#joined.remove(memberId);
    this.#feed({ type: "withdrawn", from: memberId }); // Whatever it had in this attempt is lost.
    const manifest = manifestText(this.#params.manifest);
    this.#ports.send(memberId, { type: "runOffered", runId: this.#params.runId, manifest });
  }

  #join(memberId: string, channelKey: Uint8Array, signature: Uint8Array): void {
    const { runId } = this.#params;
    if (!this.#joined.add(memberId, channelKey, signature)) {
      return this.#reject(memberId, "badSignature");
    }
    const members = this.#joined.channelKeys();
    for (const { memberId: id } of members) {
      this.#ports.send(id, { type: "channelKeys", runId, members });
    }
    this.#ports.watch({ type: "joined", runId, memberId, joined: members.length });
    this.#openIfDue();
  }

  #present(): string[] {
    return this.#joined.ids().filter((id) => this.#ports.isConnected(id));
  }

  #openIfDue(): void {
    if (this.#attempt || this.#status !== "running") return;
    const atMs = this.#ports.clock.nowMs();
    const present = this.#present();
    const everyone = present.length === this.#params.manifest.roster.length;
    if (!everyone && (atMs < this.#beganAtMs + this.#params.startMs || atMs < this.#retryAtMs)) {
      // Later rounds go on without the absent; only the first waits for all.
      if (this.#round === 0 || atMs < this.#retryAtMs) return;
    }
    const ask = this.#task.nextAsk(this.#context, this.#taskState);
    if (!ask) return this.#complete();
    this.#open(ask, present, atMs);
  }

  #open(ask: Ask, present: readonly string[], atMs: number): void {
    const { runId, patience } = this.#params;
    const shape = this.#task.shapeOf(this.#context, ask.kind);
    const place = { round: this.#round, attempt: this.#nextAttempt };
    const { params, input, inputHash } = prepareAttempt(this.#params, place, ask, shape);
    if (present.length < params.survivorsMin) {
      this.#retryAtMs = atMs + RETRY_MS;
      return;
    }
    this.#nextAttempt += 1;
    const { round, attempt } = params;
    this.#log({ type: "attemptOpened", ...this.#stamp(), round, attempt, askKind: ask.kind });
    this.#attempt = openRunning(params, ask, shape, patience, present, atMs);
    const header = { byteLength: input.length, sha256: inputHash };
    for (const id of present)
      this.#ports.send(
        id,
        { type: "roundOpened", runId, round, attempt, askKind: ask.kind, vector: header },
        input,
      );
    this.#phase("work");
  }

  #feed(event: AttemptEvent): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const next = step(
      attempt.params,
      this.#params.patience,
      attempt.state,
      event,
      this.#ports.clock.nowMs(),
    );
    attempt.state = next.state;
    for (const effect of next.effects) this.#perform(attempt, effect);
  }

  #perform(attempt: RunningAttempt, effect: AttemptEffect): void {
    const { runId } = this.#params;
    const { attempt: number } = attempt.params;
    switch (effect.type) {
      case "sendCommit":
        if (effect.to === effect.cohort[0]?.memberId) this.#phase("masking");
        return this.#ports.send(effect.to, {
          type: "committed",
          runId,
          attempt: number,
          cohort: [...effect.cohort],
        });
      case "sendIncluded":
        this.#phase("unmasking");
        for (const id of effect.to)
          this.#ports.send(id, {
            type: "included",
            runId,
            attempt: number,
            survivors: [...effect.survivors],
          });
        return;
      case "reject":
        return this.#reject(effect.to, effect.code);
      case "aborted":
        return this.#retry(attempt, effect.reason);
      case "released":
        return this.#release(attempt, effect);
    }
  }

  #release(attempt: RunningAttempt, effect: Extract<AttemptEffect, { type: "released" }>): void {
    const { manifest } = this.#params;
    const aggregate = decodeSum(effect.sum, attempt.shape, manifest, attempt.params);
    this.#taskState = this.#task.absorb(this.#context, this.#taskState, aggregate);
    const { loss, metrics } = this.#task.progress(this.#taskState);
    const { round, attempt: number } = attempt.params;
    const ms = this.#ports.clock.nowMs() - attempt.openedAtMs;
    const { cohort, survivors } = effect;
    const { uploadBytes } = attempt;
    const outcome = {
      round,
      attempt: number,
      askKind: attempt.ask.kind,
      cohort: [...cohort],
      survivors: [...survivors],
      ms,
      uploadBytes,
      loss,
      metrics,
    };
    this.#round += 1;
    this.#failures = 0;
    this.#attempt = null;
    this.#log(
      { type: "roundReleased", ...this.#stamp(), ...outcome },
      this.#task.encodeState(this.#taskState),
    );
    this.#openIfDue();
  }

  #retry({ params }: RunningAttempt, reason: string): void {
    const { round, attempt } = params;
    this.#attempt = null;
    this.#failures += 1;
    this.#retryAtMs = this.#ports.clock.nowMs() + RETRY_MS;
    this.#log({ type: "attemptAborted", ...this.#stamp(), round, attempt, reason });
    if (this.#failures >= ATTEMPTS_MAX)
      this.#end(
        "failed",
        `round ${round}: ${ATTEMPTS_MAX} attempts failed, the last with ${reason}`,
      );
  }

  #complete(): void {
    this.#end("completed", "");
  }

  #end(outcome: "completed" | "failed", reason: string): void {
    assert(this.#status === "running", "a run ends once");
    this.#status = outcome;
    if (outcome === "completed") this.#log({ type: "completed", ...this.#stamp() });
    else this.#log({ type: "failed", ...this.#stamp(), reason });
    for (const id of this.#joined.ids())
      this.#ports.send(id, { type: "runEnded", runId: this.#params.runId, outcome });
  }

  #phase(phase: string): void {
    const { params } = this.#attempt ?? {};
    if (params)
      this.#ports.watch({
        type: "phase",
        runId: this.#params.runId,
        round: params.round,
        attempt: params.attempt,
        phase,
      });
  }

  #reject(memberId: string, code: string): void {
    this.#ports.send(memberId, { type: "rejected", code });
    this.#ports.watch({ type: "fault", runId: this.#params.runId, memberId, code });
  }

  #stamp(): { runId: string; atMs: number } {
    return { runId: this.#params.runId, atMs: this.#ports.clock.nowMs() };
  }

  #log(event: RunEvent, state?: Uint8Array): void {
    this.#ports.append(event, state);
    this.#ports.watch(event);
  }
}
