/**
 * A room in memory: the coordinator's real run and the agents' real members, joined by one queue. Time stands
 * still unless told; gates are stand-ins that mask a known vector. For tests of what a run leaves behind.
 */
import type { FromGate, ToGate } from "../../agent/gate/messages.ts";
import type { AttemptSpool } from "../../coordinator/run/ports.ts";
import { type AuditRecord, dealtEntries } from "../../shared/audit/record.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, runIdOf } from "../../shared/charter/manifest.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import { packRing, type RingBits, reduceInPlace } from "../../shared/secagg/ring.ts";
import type { SignedEntry } from "../../shared/transcript/chain.ts";
import { memberIds, smallCharter } from "./charters.ts";
import { signedManifest } from "./manifests.ts";
import { type Dropout, playRun } from "./whole-run.ts";

/** One released round, as the coordinator keeps it, and the truth about it. */
export interface KeptRound {
  readonly record: AuditRecord;
  readonly prekeys: Uint8Array;
  /** Packed, by roster index. */
  readonly vectors: ReadonlyMap<number, Uint8Array>;
}

export interface MemoryRoom {
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly runId: string;
  readonly coordinator: Identity;
  readonly rounds: readonly KeptRound[];
  /** How often members were asked for prekeys. */
  readonly batchesOpened: number;
  /** What each member sent before masking, by attempt. */
  readonly sent: ReadonlyMap<string, ReadonlyMap<number, Uint32Array>>;
  /** What the coordinator signed, by member. */
  readonly evidence: ReadonlyMap<string, readonly SignedEntry[]>;
}

export interface MemoryRoomOptions {
  readonly members: number;
  readonly dimension: number;
  readonly rounds: number;
  readonly dropout?: Dropout;
}

const RING: RingBits = 24; // What a probe's vectors travel in.

/** Plays a probe to its end. @throws {Error} If it does not complete. */
export function playProbe(options: MemoryRoomOptions): MemoryRoom {
  const charter = smallCharter(memberIds(options.members));
  const coordinator = identityFromSecret(randomBytes(reproducibleRng("coordinator"), 32));
  const { dimension, rounds } = options;
  const manifest = signedManifest(charter, {
    coordinatorKey: toHex(coordinator.publicKey),
    task: { kind: "probe", dimension, rounds },
    privacy: null,
  });
  const runId = runIdOf(manifest);
  const kept: KeptRound[] = [];
  const evidence = new Map<string, SignedEntry[]>();
  const sent = new Map<string, Map<number, Uint32Array>>();
  let batchesOpened = 0;
  playRun({
    charter,
    manifest,
    coordinator,
    ...(options.dropout && { dropouts: [options.dropout] }),
    openSpool: () => memorySpool(kept),
    append: ({ type }) => {
      if (type === "attemptsReserved") batchesOpened += 1;
    },
    record: (memberId, entry) => evidence.set(memberId, [...(evidence.get(memberId) ?? []), entry]),
    gateOf: (memberId) => {
      const source = new UniformSource(reproducibleRng(`vector-${memberId}`));
      const own = new Map<number, Uint32Array>();
      sent.set(memberId, own);
      const draw = (attempt: number): Uint32Array => {
        const vector = Uint32Array.from({ length: dimension }, () => source.uint32());
        reduceInPlace(vector, RING);
        own.set(attempt, vector);
        return vector;
      };
      return (message) => gateAnswer(message, draw);
    },
  });
  return { charter, manifest, runId, coordinator, rounds: kept, batchesOpened, sent, evidence };
}

function gateAnswer(message: ToGate, draw: (attempt: number) => Uint32Array): FromGate {
  switch (message.type) {
    case "judge":
      return { type: "judged", rulings: [] };
    case "recall":
      return { type: "recalled" };
    case "assess":
      return { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 };
    case "work":
      return { type: "worked", attempt: message.attempt };
    case "seal": {
      const vector = draw(message.attempt).slice();
      applyMasksInPlace(vector, message.masks, RING);
      reduceInPlace(vector, RING);
      const { attempt } = message;
      return { type: "sealed", attempt, vector: packRing(vector, RING), epsilonSpent: null };
    }
    case "matchBegin":
    case "matchHear":
      return { type: "refused", code: "notTakenUp" };
    case "open":
      return { type: "opened", rowCount: 0, unitCount: 0, ledgerId: "" };
  }
}

function memorySpool(kept: KeptRound[]): AttemptSpool {
  const parts = new Map<number, Uint8Array[]>();
  const whole = (member: number): Uint8Array =>
    new Uint8Array(Buffer.concat(parts.get(member) ?? []));
  return {
    add: (member, bytes) => parts.set(member, [...(parts.get(member) ?? []), bytes.slice()]),
    parts: (member) => parts.get(member) ?? [],
    drop: (member) => parts.delete(member),
    keep: (record, prekeys) => {
      const vectors = new Map([...parts.keys()].map((member) => [member, whole(member)]));
      kept.push({ record, prekeys: dealtEntries(prekeys), vectors });
    },
    discard: () => parts.clear(),
  };
}
