/**
 * EDGE: gates of an audited room. `realGate` is the product's own, with its ledger on disk. Around it: what an
 * attacker inside the room has, a member that adds nothing and an eye behind the masks.
 */
import { Gate } from "../../agent/gate/gate.ts";
import { openAccount, type Terms } from "../../agent/ledger/account.ts";
import { openLedger } from "../../agent/ledger/open.ts";
import type { PartitionedData } from "../../models/data.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import type { Rng } from "../../shared/base/env.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { applyMasksInPlace, type Mask } from "../../shared/secagg/masks.ts";
import { packRing, type RingBits, reduceInPlace, unpackRing } from "../../shared/secagg/ring.ts";
import type { GateAnswers } from "../support/whole-run.ts";

export interface GateSetting {
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly memberId: string;
  readonly data: PartitionedData;
  readonly rng: Rng;
}

/** The product's gate and ledger, asked as its thread is (`agent/gate/worker.ts`). */
export function realGate(
  { charter, manifest, memberId, data, rng }: GateSetting,
  ledgerPath: string,
): { readonly answers: GateAnswers; readonly close: () => void } {
  const env = { clock: { nowMs: () => 0 }, rng: reproducibleRng(`ledger ${memberId}`) };
  const { ledger: opened } = openLedger(ledgerPath, env);
  const ledger = openAccount(opened, termsOf(charter, manifest));
  const gate = new Gate({ charter, memberId, data, ledger, rng });
  const answers: GateAnswers = (message) => {
    switch (message.type) {
      case "judge":
        return { type: "judged", rulings: gate.judge(message) };
      case "recall":
        ledger.requireAnswers(message.answers);
        return { type: "recalled" };
      case "matchBegin":
      case "matchHear":
        return { type: "refused", code: "notTakenUp" };
      case "open":
        throw new CloisterError("audit.gate", "an audited gate is open from the beginning", 1);
      case "assess": {
        const reasons = gate.assess(message);
        const lastAttempt = ledger.lastAttempt(message.runId);
        return {
          type: "assessed",
          reasons,
          lastAttempt,
          lastRound: ledger.lastRound(message.runId),
        };
      }
      case "work":
        gate.work(message.attempt, message.askKind, message.input);
        return { type: "worked", attempt: message.attempt };
      case "seal": {
        const sealed = gate.seal(message.round, message.attempt, message.masks);
        if ("refused" in sealed) return { type: "refused", code: sealed.refused };
        const epsilonSpent = ledger.epsilonSpent();
        return { type: "sealed", attempt: message.attempt, vector: sealed.vector, epsilonSpent };
      }
    }
  };
  return { answers, close: () => opened.close() };
}

function termsOf(charter: Charter, manifest: Manifest): Terms {
  const { holdoutFraction: fraction, room: salt } = charter;
  return {
    population: "customers",
    unit: charter.schema.unit?.column ?? null,
    sketch: [],
    charterHash: manifest.charterHash,
    budget: charter.privacy.budget,
    split: { fraction, salt },
    requester: manifest.coordinatorKey,
  };
}

/** Elements and ring of the vector for an ask. */
export function formatOf(
  { charter, manifest }: Pick<GateSetting, "charter" | "manifest">,
  askKind: string,
): { readonly dimension: number; readonly ringBits: RingBits } {
  const shape = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), askKind);
  return wireFormat(shape, manifest);
}

/**
 * A colluder, seen from the sum: what it adds the attacker knows and subtracts, so that it may as well add
 * nothing. No ledger, no records, no noise.
 */
export function silentGate(setting: Pick<GateSetting, "charter" | "manifest">): GateAnswers {
  let askKind = "";
  return (message) => {
    switch (message.type) {
      case "matchBegin":
      case "matchHear":
        return { type: "refused", code: "notTakenUp" };
      case "open":
        return { type: "opened", rowCount: 0, unitCount: 0, ledgerId: "" };
      case "judge":
        return { type: "judged", rulings: [] };
      case "recall":
        return { type: "recalled" };
      case "assess":
        return { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 };
      case "work":
        askKind = message.askKind;
        return { type: "worked", attempt: message.attempt };
      case "seal": {
        const { dimension, ringBits } = formatOf(setting, askKind);
        const { attempt, masks } = message;
        const vector = masked(new Uint32Array(dimension), masks, ringBits);
        return { type: "sealed", attempt, vector, epsilonSpent: null };
      }
    }
  };
}

/** As the gate seals it. Overwrites `ring`. */
export function masked(ring: Uint32Array, masks: readonly Mask[], ringBits: RingBits): Uint8Array {
  applyMasksInPlace(ring, masks, ringBits);
  reduceInPlace(ring, ringBits);
  return packRing(ring, ringBits);
}

/** Passes everything on, and shows what was in a vector before it was masked. */
export function watchedGate(
  answers: GateAnswers,
  setting: Pick<GateSetting, "charter" | "manifest">,
  onVector: (attempt: number, askKind: string, ring: Uint32Array) => void,
): GateAnswers {
  let askKind = "";
  return (message) => {
    const reply = answers(message);
    if (message.type === "work") askKind = message.askKind;
    if (message.type === "seal" && reply.type === "sealed") {
      const { dimension, ringBits } = formatOf(setting, askKind);
      const ring = unpackRing(reply.vector, dimension, ringBits);
      const off = message.masks.map(({ key, sign }): Mask => ({ key, sign: sign === 1 ? -1 : 1 }));
      applyMasksInPlace(ring, off, ringBits);
      reduceInPlace(ring, ringBits);
      onVector(message.attempt, askKind, ring);
    }
    return reply;
  };
}
