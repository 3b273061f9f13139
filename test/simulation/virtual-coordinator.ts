/**
 * The coordinator's process: the real `Run`, recreated from its log after a crash as `service.ts` does it.
 * The log and the task's last state are on disk and stay; sessions, uploads and what was running do not.
 */

import { foldRun, isLast, RunEvent, type RunSummary } from "../../coordinator/run/events.ts";
import {
  type AttemptSpool,
  isRunMessage,
  type LiveEvent,
  type RunPorts,
} from "../../coordinator/run/ports.ts";
import { Run } from "../../coordinator/run/run.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { Patience } from "../../shared/secagg/attempt.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import type { VirtualLink } from "./link.ts";
import type { RoomRun } from "./room.ts";
import type { VirtualTime } from "./virtual-time.ts";

const TICK_MS = 50;
export const PATIENCE: Patience = { workMs: 1500, stepMs: 600, graceMs: 150 };
const START_MS = 1000;

export interface CoordinatorParams {
  readonly run: RoomRun;
  readonly links: ReadonlyMap<string, VirtualLink>;
  readonly time: VirtualTime;
  /** Sees, and may change, what leaves. */
  readonly send: (
    memberId: string,
    message: CoordinatorMessage,
    vector: Uint8Array | undefined,
  ) => void;
  readonly onEvent: (event: RunEvent | LiveEvent) => void;
  /** True: the process dies right after an entry of the log became durable. */
  readonly diesAfter: (event: RunEvent) => boolean;
  readonly expand?: RunPorts["expand"] | undefined;
  readonly patience?: Patience | undefined;
  readonly batchAttempts?: number | undefined;
}

export class VirtualCoordinator {
  readonly #params: CoordinatorParams;
  readonly #log: string[] = [];
  #state: Uint8Array | null = null;
  #run: Run | null = null;
  #starts = 0;
  #isUp = false;

  constructor(params: CoordinatorParams) {
    this.#params = params;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** What the log amounts to. */
  get summary(): RunSummary | null {
    return foldRun(this.events());
  }

  events(): RunEvent[] {
    return this.#log.map((line) => RunEvent.parse(JSON.parse(line)));
  }

  start(): void {
    if (this.#isUp) return;
    this.#starts += 1;
    this.#isUp = true;
    const { links, time } = this.#params;
    const start = this.#starts;
    const alive = (): boolean => this.#isUp && this.#starts === start;
    this.#run = this.#makeRun(alive);
    for (const link of links.values()) link.setGateway(this.#gatewaySide(alive));
    const tick = (): void => {
      if (!alive()) return;
      this.#run?.tick();
      time.after(TICK_MS, tick);
    };
    time.after(TICK_MS, tick);
  }

  crash(): void {
    this.#isUp = false;
    this.#run = null;
    for (const link of this.#params.links.values()) link.setGateway(null);
  }

  #gatewaySide(alive: () => boolean): Parameters<VirtualLink["setGateway"]>[0] {
    const running = (): Run | null =>
      alive() && this.#run?.status === "running" ? this.#run : null;
    return {
      onConnected: (memberId, resumed) => running()?.connected(memberId, resumed),
      onDisconnected: (memberId) => running()?.disconnected(memberId),
      onDelivery: (memberId, { message, vector }) => {
        if (isRunMessage(message)) running()?.deliver(memberId, { message, vector });
      },
      onPart: (memberId, message, bytes) => running()?.deliverPart(memberId, message, bytes),
    };
  }

  /** After a crash only from a log that does not end: a finished run stays finished. */
  #makeRun(alive: () => boolean): Run | null {
    const { run, patience, batchAttempts } = this.#params;
    const { runId, manifest, room } = run;
    const log = this.events();
    if (log.some(({ type }) => isLast(type))) return null;
    const params = {
      runId,
      manifest,
      charter: room.charter,
      decisions: run.decisions,
      identity: room.coordinator,
      patience: patience ?? PATIENCE,
      startMs: START_MS,
      batchAttempts: batchAttempts ?? 4,
    };
    return new Run(params, this.#ports(alive), log, this.#state);
  }

  #ports(alive: () => boolean): RunPorts {
    const { time, links, send, onEvent, expand } = this.#params;
    return {
      clock: time,
      rng: reproducibleRng("central-noise"),
      send: (memberIds, message, vector) => {
        for (const memberId of memberIds) if (alive()) send(memberId, message, vector);
      },
      isConnected: (memberId) => links.get(memberId)?.isConnected ?? false,
      append: (event, state) => {
        if (alive()) this.#append(event, state);
      },
      openSpool: memorySpool,
      expand:
        expand ??
        ((masks, dimension, bits, done) => {
          const sum = new Uint32Array(dimension);
          applyMasksInPlace(sum, masks, bits);
          done(sum);
        }),
      watch: (event) => alive() && onEvent(event),
    };
  }

  #append(event: RunEvent, state: Uint8Array | undefined): void {
    const { diesAfter, onEvent } = this.#params;
    this.#log.push(JSON.stringify(event));
    if (state) this.#state = state;
    if (!diesAfter(event)) return;
    onEvent(event);
    this.crash(); // What the process still says in this call is said by nobody.
  }
}

/** Masked vectors of one attempt, in memory: the real one deletes what it finds when it starts. */
function memorySpool(): AttemptSpool {
  const kept = new Map<number, Uint8Array[]>();
  return {
    add: (index, bytes) => void kept.set(index, [...(kept.get(index) ?? []), bytes.slice()]),
    parts: (index) => kept.get(index) ?? [],
    drop: (index) => void kept.delete(index),
    keep: () => undefined,
    discard: () => kept.clear(),
  };
}
