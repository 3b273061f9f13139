/** The model that an evaluation is of, looked up among the coordinator's runs. Pure. */
import { boostTask, modelOf as treeModelOf } from "../../models/tasks/boost/boost.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { begunEvaluation, evaluateTask } from "../../models/tasks/evaluate/evaluate.ts";
import { netInput, treesInput } from "../../models/tasks/evaluate/model.ts";
import { modelOf, trainTask } from "../../models/tasks/train/train.ts";
import { canonicalJson } from "../../shared/base/canonical.ts";
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type EvaluatedModel, inputHashOf } from "../../shared/charter/evaluate-spec.ts";
import type { Manifest, Plan, PlanRequest } from "../../shared/charter/manifest.ts";
import { noModel } from "../cli/export.ts";
import type { RunSummary } from "./events.ts";

/** A run that may have made a model. */
export interface Source {
  readonly run: RunSummary;
  /** Under which it was made. */
  readonly charter: Charter;
  /** The task's last state; null: there is none. */
  readonly state: Uint8Array | null;
}

/** Where models of a room are found. */
interface Sources {
  source(prefix: string, room: string): Source;
}

/**
 * The plan with its model, where it names one by its run.
 *
 * @throws {CloisterError} If that run has no released model, or one of another schema.
 */
export function resolvedPlan(plan: Plan | PlanRequest, charter: Charter, runs: Sources): Plan {
  const { task } = plan;
  if (task.kind !== "evaluate") return { ...plan, task };
  if (typeof task.model !== "string") return { ...plan, task: { ...task, model: task.model } };
  const source = runs.source(task.model, charter.room);
  const { runId, status } = source.run;
  if (status !== "completed") {
    const message = `run ${runId.slice(0, 12)} is ${status}; only a completed run's model is released`;
    throw new CloisterError("evaluate.not-released", message, EXIT.refused);
  }
  const { made, input } = modelIn(charter, source);
  return { ...plan, task: { ...task, model: { run: runId, made, inputHash: inputHashOf(input) } } };
}

/**
 * With what an approved evaluation begins. Null: it is none, or its model is gone or another by now; the run then fails
 * and says so.
 */
export function begunWith(charter: Charter, manifest: Manifest, runs: Sources): Uint8Array | null {
  const { task } = manifest;
  if (task.kind !== "evaluate") return null;
  try {
    const { input } = modelIn(charter, runs.source(task.model.run, charter.room));
    const context = { ...contextOf(charter, manifest), spec: task };
    return evaluateTask.encodeState(begunEvaluation(context, input));
  } catch (error) {
    if (error instanceof CloisterError) return null;
    throw error;
  }
}

/** @throws {CloisterError} If there is no model, or the charter has another schema by now. */
function modelIn(
  current: Charter,
  { run, charter, state }: Source,
): { readonly made: EvaluatedModel["made"]; readonly input: Float32Array } {
  const { task } = run.manifest;
  if (!state) throw noModel(run);
  if (canonicalJson(charter.schema) !== canonicalJson(current.schema)) {
    const message = `run ${run.runId.slice(0, 12)} was made under an earlier charter, whose schema was another; train anew`;
    throw new CloisterError("evaluate.other-schema", message, EXIT.refused);
  }
  const common = contextOf(charter, run.manifest);
  if (task.kind === "boost") {
    const context = { ...common, spec: task };
    const model = treeModelOf(context, boostTask.decodeState(context, state));
    return { made: { kind: "trees", spec: task.model }, input: treesInput(model) };
  }
  if (task.kind === "train") {
    const context = { ...common, spec: task };
    const model = modelOf(context, trainTask.decodeState(context, state));
    return { made: { kind: "net", spec: task.model }, input: netInput(model) };
  }
  const message = `run ${run.runId.slice(0, 12)} made no model: it is a ${task.kind}`;
  throw badInput("evaluate.no-model", message);
}
