/**
 * A gate with a planted bug: the real steps of `agent/gate/gate.ts` in their order, without the ledger, of which a
 * bug replaces some. For audits that must catch it; the product has no such switch. Pure.
 */
import { encodeContribution } from "../../agent/gate/encode.ts";
import { contextOf } from "../../models/tasks/context.ts";
import type { TrainContext } from "../../models/tasks/train/shape.ts";
import { trainTask } from "../../models/tasks/train/train.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import { assert } from "../../shared/base/assert.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { GateAnswers } from "../support/whole-run.ts";
import { type GateSetting, masked } from "./gates.ts";

type Contribute = typeof trainTask.contribute;
type Encode = typeof encodeContribution;

/** The steps that a bug replaces; those left out are the real ones. */
export interface UnsafeSteps {
  readonly contribute?: Contribute;
  readonly encode?: Encode;
}

export function unsafeGate(setting: GateSetting, steps: UnsafeSteps): GateAnswers {
  const { charter, manifest, data, rng } = setting;
  const { contribute = trainTask.contribute, encode = encodeContribution } = steps;
  const context = contextOf(charter, manifest);
  assert(isTraining(context), "planted bugs are in training runs");
  let runId = "";
  let pending: { askKind: string; contribution: Float64Array } = {
    askKind: "",
    contribution: new Float64Array(),
  };
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
        runId = message.runId;
        return { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 };
      case "work": {
        const { askKind, input, attempt } = message;
        const contribution = contribute(context, { kind: askKind, input }, data, rng);
        pending = { askKind, contribution };
        return { type: "worked", attempt };
      }
      case "seal": {
        const { attempt, masks } = message;
        const shape = trainTask.shapeOf(context, pending.askKind);
        const params = { shape, manifest, runId, attempt };
        const ring = encode(pending.contribution, params, new UniformSource(rng));
        const vector = masked(ring, masks, wireFormat(shape, manifest).ringBits);
        return { type: "sealed", attempt, vector, epsilonSpent: null };
      }
    }
  };
}

function isTraining(context: ReturnType<typeof contextOf>): context is TrainContext {
  return context.spec.kind === "train";
}
