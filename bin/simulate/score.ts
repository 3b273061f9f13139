/** How good models are on held-out rows, exactly: which only whoever has the rows can know. Pure. */
import type { EncodedData } from "../../models/data.ts";
import { sigmoid } from "../../models/engine/loss.ts";
import { metricsOfScores } from "../../models/metrics/ranking.ts";
import { netScorer, type Scorer, treesScorer } from "../../models/scoring/scorer.ts";
import { boostTask, modelOf as treesOf } from "../../models/tasks/boost/boost.ts";
import type { MemberMemory } from "../../models/tasks/member-memory.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Ask, Metrics, TaskContext } from "../../models/tasks/task.ts";
import { modelOf as netOf, trainTask } from "../../models/tasks/train/train.ts";
import { assert } from "../../shared/base/assert.ts";
import { isModelTask, type TaskSpec } from "../../shared/charter/task-spec.ts";

/** A run, or training alone, that has come to its end. */
export interface Trained {
  readonly context: TaskContext<TaskSpec>;
  readonly state: unknown;
  /** Carries the shared layers where others are personal. */
  readonly lastAsk: Ask | null;
}

/** Whether every member ends with a model of its own. */
export function isPersonal(spec: TaskSpec): boolean {
  if (spec.kind !== "train" || spec.strategy.kind === "dpSgd") return false;
  return spec.strategy.personalLayers !== undefined;
}

/** @param memory The member's whose model is meant, where the last layers are personal. */
export function scorerOf({ context, state, lastAsk }: Trained, memory: MemberMemory): Scorer {
  const { spec } = context;
  assert(isModelTask(spec), "only training makes a model");
  const bytes = taskFor(spec).encodeState(state);
  if (spec.kind === "boost") {
    const own = { ...context, spec };
    return treesScorer(treesOf(own, boostTask.decodeState(own, bytes)));
  }
  const own = { ...context, spec };
  const personal = lastAsk && trainTask.ownModel?.(own, lastAsk, memory);
  return netScorer(personal ?? netOf(own, trainTask.decodeState(own, bytes)));
}

/** Of all rows together, each scored by its own scorer. Null where a class is missing; rows without a label do not count. */
export function metricsOf(
  parts: readonly { readonly scorer: Scorer; readonly rows: EncodedData }[],
): Metrics | null {
  const rowCount = parts.reduce((sum, { rows }) => sum + rows.rowCount, 0);
  const scores = new Float64Array(rowCount);
  const labels = new Uint8Array(rowCount);
  let at = 0;
  for (const { scorer, rows } of parts) {
    // As `cloister score` gives them, with the ties of single precision.
    const logits = scorer.logits(rows);
    for (let row = 0; row < rows.rowCount; row++)
      scores[at + row] = Math.fround(sigmoid(logits[row] ?? 0));
    labels.set(rows.labels, at);
    at += rows.rowCount;
  }
  return metricsOfScores(scores, labels);
}
