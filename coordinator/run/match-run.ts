/**
 * A private matching under way: carries what members say to one another, counts at the end, and logs before it acts. The
 * protocol's decisions are in `shared/matching/relay.ts`. Nothing of it outlives the process: all keys are the members'
 * and of this run, so a restart in the middle is its end. Pure: clock, log and network are ports.
 */
import { matchTask } from "../../models/tasks/match/match.ts";
import { assert } from "../../shared/base/assert.ts";
import { matchParams } from "../../shared/charter/match-params.ts";
import { type MatchReason, MemberMatchMessage } from "../../shared/matching/messages.ts";
import { type MatchParams, matchPatienceMs } from "../../shared/matching/params.ts";
import { MatchRelay, type RelayEffect } from "../../shared/matching/relay.ts";
import { decode, encode } from "../../shared/protocol/codec.ts";
import type { Delivery } from "../../shared/protocol/inbox.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import { foldRun, openingEvents, type RunEvent } from "./events.ts";
import { offerOf } from "./offer.ts";
import type { ActiveRun, RunMessage, RunParams, RunPorts } from "./ports.ts";
import { RunProgress } from "./progress.ts";
import { RunTold } from "./told.ts";

const RESTARTED =
  "the coordinator was restarted in the middle of the matching, whose keys were for one time; propose it again";

type Ending = Exclude<RelayEffect, { type: "send" }>;

export class MatchRun implements ActiveRun {
  readonly room: string;
  readonly #params: RunParams;
  readonly #ports: RunPorts;
  readonly #match: MatchParams;
  readonly #relay: MatchRelay;
  readonly #progress: RunProgress;
  readonly #told: RunTold;
  readonly #joined = new Set<number>();
  /** Members that have joined and whose connection is gone, since when. */
  readonly #absentSinceMs = new Map<number, number>();
  #status: ActiveRun["status"] = "running";

  /** @param log Empty for a new run; else what happened before. */
  constructor(params: RunParams, ports: RunPorts, log: readonly RunEvent[]) {
    const { runId, manifest, charter } = params;
    const nowMs = ports.clock.nowMs();
    this.room = manifest.room;
    this.#params = params;
    this.#ports = ports;
    this.#told = new RunTold(runId, ports.watch);
    this.#match = matchParams(manifest, charter, runId);
    const patienceMs = matchPatienceMs(this.#match);
    this.#relay = new MatchRelay({ match: this.#match, patienceMs, rng: ports.rng }, nowMs);
    const summary = foldRun(log);
    this.#progress = new RunProgress(params, summary, null);
    for (const event of openingEvents(summary, params, nowMs)) this.#log(event);
    if (summary?.status === "running") this.#end({ log: this.#failed(RESTARTED) });
    else this.#ports.send(this.#everyone(), offerOf(params));
  }

  get status(): ActiveRun["status"] {
    return this.#status;
  }

  cancel(): void {
    this.#obey(this.#relay.cancel());
  }

  hasMember(room: string, memberId: string): boolean {
    return room === this.room && this.#index(memberId) >= 0;
  }

  connected(memberId: string, resumed: boolean): void {
    const index = this.#index(memberId);
    this.#absentSinceMs.delete(index);
    if (resumed) return;
    if (!this.#joined.has(index)) return this.#ports.send([memberId], offerOf(this.#params));
    this.#obey(this.#relay.left(index)); // Its keys went with its session.
  }

  disconnected(memberId: string): void {
    const index = this.#index(memberId);
    if (!this.#joined.has(index)) return;
    this.#absentSinceMs.set(index, this.#ports.clock.nowMs());
    this.#told.left(memberId, this.#joined.size - this.#absentSinceMs.size);
  }

  deliver(memberId: string, { message }: Delivery<RunMessage>): void {
    const { runId } = this.#params;
    if (message.runId !== runId) return this.#reject(memberId, "wrongRun");
    if (message.type === "runDeclined") {
      const { reasons } = message;
      this.#ports.watch({ type: "declined", runId, memberId, reasons });
      const why = reasons.map((reason) => `${reason.message} (${reason.code})`).join("; ");
      return this.#obey(this.#relay.left(this.#index(memberId)), `${memberId} declines: ${why}`);
    }
    if (message.type !== "matching") return this.#reject(memberId, "wrongTask");
    const heard = decode(MemberMatchMessage, message.body, LIMITS.matchBodyBytesMax);
    if (!heard.ok) return this.#reject(memberId, heard.code);
    this.#hear(memberId, heard.message);
  }

  /** Nobody sends a vector. */
  deliverPart(): void {}

  tick(): void {
    if (this.#status !== "running") return;
    const nowMs = this.#ports.clock.nowMs();
    const { stepMs } = this.#params.patience;
    for (const [index, sinceMs] of this.#absentSinceMs)
      if (nowMs >= sinceMs + stepMs) return this.#obey(this.#relay.left(index));
    this.#obey(this.#relay.tick(nowMs));
  }

  #hear(memberId: string, message: MemberMatchMessage): void {
    const from = this.#index(memberId);
    if (message.type === "matchJoined" && !this.#joined.has(from)) {
      this.#joined.add(from);
      const { runId } = this.#params;
      this.#ports.watch({ type: "joined", runId, memberId, joined: this.#joined.size });
    }
    this.#obey(this.#relay.hear(from, message, this.#ports.clock.nowMs()));
  }

  /** @param why Said of a failure instead of the protocol's own reason. */
  #obey(effects: readonly RelayEffect[], why?: string): void {
    const ending = effects.find((effect): effect is Ending => effect.type !== "send");
    if (ending) return this.#end(this.#outcome(ending, why), effects);
    this.#tell(effects);
  }

  #outcome(ending: Ending, why?: string): { log: RunEvent; state?: Uint8Array } {
    if (ending.type === "failed") return { log: this.#failed(why ?? this.#reason(ending.reason)) };
    const state = matchTask.encodeState({ counts: ending.counts });
    return { log: { type: "completed", ...this.#stamp() }, state };
  }

  #end({ log, state }: { log: RunEvent; state?: Uint8Array }, last: readonly RelayEffect[] = []) {
    assert(this.#status === "running", "a run ends once");
    const outcome = log.type === "completed" ? "completed" : "failed";
    this.#status = outcome;
    this.#log(log, state);
    this.#tell(last);
    const { runId } = this.#params;
    const head = this.#progress.signedHead(0, new Uint8Array(32));
    this.#ports.send(this.#everyone(), { type: "runEnded", runId, outcome, ...head });
  }

  #tell(effects: readonly RelayEffect[]): void {
    const { runId } = this.#params;
    for (const effect of effects) {
      if (effect.type !== "send") continue;
      const { memberId = "" } = this.#match.roster[effect.to] ?? {};
      this.#ports.send([memberId], { type: "matching", runId, body: encode(effect.message) });
    }
  }

  #reason({ code, member }: MatchReason): string {
    if (code === "cancelled") return code;
    const who = member === null ? "nobody is named" : (this.#match.roster[member]?.memberId ?? "");
    return `the matching ended early: ${code} (${who})`;
  }

  #failed(reason: string): RunEvent {
    return { type: "failed", ...this.#stamp(), reason };
  }

  #reject(memberId: string, code: string): void {
    this.#ports.send([memberId], { type: "rejected", code });
    this.#told.fault(memberId, code);
  }

  #everyone(): string[] {
    return this.#match.roster.map(({ memberId }) => memberId);
  }

  #index(memberId: string): number {
    return this.#match.roster.findIndex((member) => member.memberId === memberId);
  }

  #stamp(): { runId: string; atMs: number } {
    return { runId: this.#params.runId, atMs: this.#ports.clock.nowMs() };
  }

  #log(event: RunEvent, state?: Uint8Array): void {
    this.#ports.append(event, state);
    this.#ports.watch(event);
  }
}
