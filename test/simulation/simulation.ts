/**
 * One whole run in a virtual world: real members, real coordinator, real sessions; virtual network, clock and
 * disks. The same parameters give the same run, step for step.
 */
import type { MemberEvent } from "../../agent/member-events.ts";
import type { RunEvent, RunSummary } from "../../coordinator/run/events.ts";
import type { LiveEvent, RunPorts } from "../../coordinator/run/ports.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { sumParams } from "../../shared/charter/manifest.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { Patience } from "../../shared/secagg/attempt.ts";
import type { Mask } from "../../shared/secagg/masks.ts";
import { type Observed, type Violation, watch } from "./checkers.ts";
import { type Conditions, HEALTHY } from "./conditions.ts";
import { describeEvent, describeMessage, describeReport } from "./describe.ts";
import { VirtualLink } from "./link.ts";
import { type RoomRun, roomOf, runIn } from "./room.ts";
import { VirtualAgent } from "./virtual-agent.ts";
import { VirtualCoordinator } from "./virtual-coordinator.ts";
import type { MemoryLedger } from "./virtual-gate.ts";
import { VirtualTime } from "./virtual-time.ts";

/** A message on its way, with the vector that it announces. */
export interface Sent<T> {
  readonly message: T;
  readonly vector?: Uint8Array | undefined;
}

export interface SimulationParams {
  readonly seed: string;
  readonly memberCount: number;
  readonly rounds: number;
  readonly dimension?: number;
  /** Members that the charter asks for, and that the checkers insist on. */
  readonly membersMin?: number;
  /** What a lying coordinator makes of a message to a member. */
  readonly toAgent?: (
    member: number,
    sent: Sent<CoordinatorMessage>,
  ) => readonly Sent<CoordinatorMessage>[];
  /** What a lying member makes of a message of its own. */
  readonly fromAgent?: (member: number, sent: Sent<AgentMessage>) => readonly Sent<AgentMessage>[];
  readonly liars?: readonly number[];
  readonly coordinatorLies?: boolean;
  readonly diesAfter?: (event: RunEvent) => boolean;
  readonly patience?: Patience;
  readonly batchAttempts?: number;
  readonly trace?: (line: string) => void;
  /** Planted bugs, for the tests of the checkers. */
  readonly planted?: {
    readonly ledger?: () => MemoryLedger;
    readonly expand?: RunPorts["expand"];
    readonly checkedMembersMin?: number;
    readonly masks?: (member: number, masks: readonly Mask[]) => readonly Mask[];
    readonly event?: (event: RunEvent | LiveEvent) => RunEvent | LiveEvent;
  };
}

export class Simulation {
  readonly run: RoomRun;
  readonly time = new VirtualTime();
  readonly links: ReadonlyMap<string, VirtualLink>;
  readonly agents: readonly VirtualAgent[];
  readonly coordinator: VirtualCoordinator;
  readonly violations: Violation[] = [];
  readonly reports: { readonly member: number; readonly event: MemberEvent }[] = [];
  readonly events: (RunEvent | LiveEvent)[] = [];
  /** How often each member worked, by attempt. */
  readonly work = new Map<string, number>();
  conditions: Conditions = HEALTHY;
  readonly #params: SimulationParams;
  readonly #check: (observed: Observed) => Violation[];

  constructor(params: SimulationParams) {
    const { seed, memberCount, rounds, dimension = 4, membersMin = 3 } = params;
    this.#params = params;
    this.run = runIn(roomOf(memberCount, membersMin), seed, rounds, dimension);
    this.links = new Map(
      this.run.room.members.map(({ memberId }) => [memberId, this.#makeLink(memberId)]),
    );
    this.agents = this.run.room.members.map((_, index) => this.#makeAgent(index, dimension));
    this.coordinator = this.#makeCoordinator();
    this.#check = watch({
      seed,
      sum: this.#checkedSum(),
      dimension,
      ringBits: 24,
      liars: new Set(params.liars),
      coordinatorLies: params.coordinatorLies ?? false,
      ledgerEntries: (member, attempt) =>
        this.agents[member]?.ledger.entries(this.run.runId, attempt) ?? 0,
    });
  }

  start(): void {
    this.coordinator.start();
    for (const agent of this.agents) agent.start();
  }

  get isOver(): boolean {
    return this.status !== "running";
  }

  get status(): RunSummary["status"] {
    for (let i = this.events.length - 1; i >= 0; i--) {
      const { type } = this.events[i] ?? {};
      if (type === "completed" || type === "failed") return type;
    }
    return "running";
  }

  /** Lets things happen until `untilMs`, or until `stop` says so. */
  runUntil(untilMs: number, stop: () => boolean = () => this.isOver): void {
    while (!stop() && this.violations.length === 0 && this.time.step(untilMs));
  }

  /** What a lying coordinator says out of turn. */
  tell(member: number, message: CoordinatorMessage, vector?: Uint8Array): void {
    const { memberId } = this.run.room.members[member] ?? { memberId: "" };
    this.observe({ type: "toAgent", member, message });
    this.#traceMessage(member, "←", message);
    this.links.get(memberId)?.gatewaySend(message, vector);
  }

  observe(observed: Observed): void {
    this.violations.push(...this.#check(observed));
  }

  say(who: string, text: string): void {
    const { trace } = this.#params;
    if (trace) trace(`${String(this.time.nowMs()).padStart(6)} ms  ${who.padEnd(11)}  ${text}`);
  }

  #checkedSum(): RoomRun["sum"] {
    const { room, manifest, runId, sum } = this.run;
    const members = this.#params.planted?.checkedMembersMin;
    if (members === undefined) return sum;
    const minimums = { ...room.charter.minimums, members };
    return sumParams(manifest, { ...room.charter, minimums }, runId);
  }

  #makeLink(memberId: string): VirtualLink {
    return new VirtualLink({
      memberId,
      time: this.time,
      conditions: () => this.conditions,
      trace: (text) => this.say(memberId, text),
    });
  }

  #makeAgent(index: number, dimension: number): VirtualAgent {
    const { room } = this.run;
    const { memberId, identity } = room.members[index] ?? {
      memberId: "",
      identity: room.coordinator,
    };
    const link = this.links.get(memberId) ?? this.#makeLink(memberId);
    const { seed, planted } = this.#params;
    return new VirtualAgent({
      seed,
      memberId,
      index,
      identity,
      charter: room.charter,
      coordinatorKey: toHex(room.coordinator.publicKey),
      dimension,
      ringBits: 24,
      link,
      time: this.time,
      conditions: () => this.conditions,
      send: (message, sealed) => this.#fromAgent(index, link, { message, vector: sealed }),
      report: (event) => this.#reported(index, memberId, event),
      onWork: (attempt) => {
        const name = `${memberId}/${attempt}`;
        this.work.set(name, (this.work.get(name) ?? 0) + 1);
      },
      onSeal: (attempt, masks) => this.observe({ type: "sealed", member: index, attempt, masks }),
      masks: planted?.masks && ((masks) => planted.masks?.(index, masks) ?? masks),
      makeLedger: planted?.ledger,
    });
  }

  #fromAgent(member: number, link: VirtualLink, sent: Sent<AgentMessage>): void {
    const { fromAgent } = this.#params;
    const leaving = fromAgent ? fromAgent(member, sent) : [sent];
    for (const { message, vector } of leaving) {
      this.observe({ type: "fromAgent", member, message });
      this.#traceMessage(member, "→", message);
      link.agentSend(message, vector);
    }
  }

  #toAgent(memberId: string, sent: Sent<CoordinatorMessage>): void {
    const { toAgent } = this.#params;
    const member = this.run.room.members.findIndex((known) => known.memberId === memberId);
    const leaving = toAgent ? toAgent(member, sent) : [sent];
    for (const { message, vector } of leaving) this.tell(member, message, vector);
  }

  #traceMessage(
    member: number,
    arrow: "→" | "←",
    message: AgentMessage | CoordinatorMessage,
  ): void {
    if (!this.#params.trace) return;
    const { members } = this.run.room;
    const text = describeMessage(message, members.length);
    this.say(members[member]?.memberId ?? "", `${arrow} ${text}`);
  }

  #reported(member: number, memberId: string, event: MemberEvent): void {
    this.reports.push({ member, event });
    this.observe({ type: "report", member, event });
    this.say(memberId, `  ${describeReport(event)}`);
  }

  #makeCoordinator(): VirtualCoordinator {
    const { diesAfter, planted, patience, batchAttempts } = this.#params;
    return new VirtualCoordinator({
      run: this.run,
      links: this.links,
      time: this.time,
      send: (memberId, message, vector) => this.#toAgent(memberId, { message, vector }),
      onEvent: (event) => this.#happened(planted?.event?.(event) ?? event),
      diesAfter: diesAfter ?? (() => false),
      expand: planted?.expand,
      patience,
      batchAttempts,
    });
  }

  #happened(event: RunEvent | LiveEvent): void {
    this.events.push(event);
    this.observe({ type: "coordinator", event });
    this.say("coordinator", describeEvent(event));
  }
}
