/**
 * A whole run in memory: the coordinator's real run and the agents' real members, joined by one queue, from the
 * first offer to the last round. Time stands still unless told. What is behind the gates is the caller's.
 */
import type { FromGate, ToGate } from "../../agent/gate/messages.ts";
import { Member } from "../../agent/member.ts";
import type { RunEvent } from "../../coordinator/run/events.ts";
import { type AttemptSpool, isRunMessage } from "../../coordinator/run/ports.ts";
import { Run } from "../../coordinator/run/run.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, runIdOf } from "../../shared/charter/manifest.ts";
import type { CharterState } from "../../shared/charter/policy/facts.ts";
import { NO_POLICY } from "../../shared/charter/policy/local-policy.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import type { SignedEntry } from "../../shared/transcript/chain.ts";
import { approvalsOf } from "./manifests.ts";

/** What a member asks of its gate, and the gate's answer. */
export type GateAnswers = (message: ToGate) => FromGate;

/** Vanishes as it is about to send its vector of that round, for good. */
export interface Dropout {
  /** Its place in the charter. */
  readonly member: number;
  readonly round: number;
}

export interface WholeRun {
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly coordinator: Identity;
  readonly gateOf: (memberId: string, index: number) => GateAnswers;
  readonly dropouts?: readonly Dropout[];
  /** The task's state to begin with; left out: the task's own beginning. */
  readonly state?: Uint8Array;
  /** Seeds what the coordinator draws: noise, where it is trusted to. */
  readonly noiseSeed?: string;
  readonly openSpool?: () => AttemptSpool;
  /** All that the coordinator stores, with the task's state after it where it changed. */
  readonly append?: (event: RunEvent, state?: Uint8Array) => void;
  /** All that a member sends, as it leaves. */
  readonly heard?: (memberId: string, message: AgentMessage, vector: Uint8Array | null) => void;
  /** What the coordinator signed to a member. */
  readonly record?: (memberId: string, entry: SignedEntry) => void;
}

/** The part of a vault that keeps proposals, where none are made. */
export const NO_PROPOSALS = {
  decisionOf: () => null,
  saveProposal: () => true,
  saveDecision: () => undefined,
  closeProposal: () => undefined,
  confirmedKeys: () => null,
  revokedKeys: () => new Set<string>(),
  keysSinceMs: () => new Map<string, number>(),
  charterStates: () => new Map<string, CharterState>(),
  isOver: () => false,
  endRun: () => undefined,
};

const GRACE_MS = 10;
const TURNS_MAX = 100_000;

/** Plays the run to its end. @throws {Error} If it does not complete. */
export function playRun(whole: WholeRun): void {
  const { charter, manifest } = whole;
  const runId = runIdOf(manifest);
  const members = new Map<string, Member>();
  const queue: (() => void)[] = [];
  let nowMs = 0;
  let released = 0;
  const run = new Run(
    {
      runId,
      manifest,
      charter,
      decisions: approvalsOf(manifest),
      identity: whole.coordinator,
      patience: { workMs: 1000, stepMs: 1000, graceMs: GRACE_MS },
      startMs: 1000,
    },
    {
      clock: { nowMs: () => nowMs },
      rng: reproducibleRng(whole.noiseSeed ?? "central-noise"),
      send: (to, message, vector = new Uint8Array()) => {
        for (const memberId of to) queue.push(() => deliver(memberId, message, vector));
      },
      isConnected: (memberId) => members.has(memberId),
      append: (event, state) => {
        if (event.type === "roundReleased") released += 1;
        whole.append?.(event, state);
      },
      openSpool: whole.openSpool ?? memorySpool,
      expand: (masks, length, bits, done) => {
        const sum = new Uint32Array(length);
        applyMasksInPlace(sum, masks, bits);
        done(sum);
      },
      watch: () => undefined,
    },
    whole.state
      ? [
          { type: "created", runId, atMs: 0, manifest },
          { type: "begun", runId, atMs: 0 },
        ]
      : [],
    whole.state ?? null,
  );
  const deliver = (memberId: string, message: CoordinatorMessage, vector: Uint8Array): void =>
    members.get(memberId)?.deliver({ message, vector });
  const leaves = (memberId: string): boolean =>
    (whole.dropouts ?? []).some(
      ({ member, round }) => memberId === charter.members[member] && released === round,
    );
  const say = (memberId: string, message: AgentMessage, vector?: Uint8Array): void => {
    if (message.type === "masked" && leaves(memberId)) {
      members.delete(memberId);
      return run.disconnected(memberId);
    }
    whole.heard?.(memberId, message, vector ?? null);
    if (!isRunMessage(message)) return;
    run.deliver(memberId, { message, vector: new Uint8Array() });
    if (vector) run.deliverPart(memberId, message, vector);
  };
  for (const [index, memberId] of charter.members.entries()) {
    const gate = whole.gateOf(memberId, index);
    members.set(
      memberId,
      new Member({
        memberId,
        charter,
        identity: identityFromSecret(randomBytes(reproducibleRng(memberId), 32)),
        coordinatorKey: manifest.coordinatorKey,
        vault: {
          pinnedKeys: () => new Map(),
          pinKey: () => undefined,
          record: (entry) => whole.record?.(memberId, entry),
          ...NO_PROPOSALS,
        },
        clock: { nowMs: () => nowMs },
        policy: () => NO_POLICY,
        gate: (message, answer) => queue.push(() => answer(gate(message))),
        rng: reproducibleRng(`secrets-${memberId}`),
        kem: null,
        send: (message, vector) => queue.push(() => say(memberId, message, vector)),
        report: () => undefined,
      }),
    );
    run.connected(memberId, false);
  }
  const drain = (): void => {
    for (let next = queue.shift(); next; next = queue.shift()) next();
  };
  for (let turns = 0; run.status === "running" && turns < TURNS_MAX; turns++) {
    drain();
    nowMs += GRACE_MS;
    run.tick();
  }
  drain();
  if (run.status !== "completed") throw new Error(`the run has ${run.status}`);
}

/** Parts of vectors in memory, forgotten with the attempt. */
function memorySpool(): AttemptSpool {
  const parts = new Map<number, Uint8Array[]>();
  return {
    add: (member, bytes) => parts.set(member, [...(parts.get(member) ?? []), bytes.slice()]),
    parts: (member) => parts.get(member) ?? [],
    drop: (member) => parts.delete(member),
    keep: () => parts.clear(),
    discard: () => parts.clear(),
  };
}
