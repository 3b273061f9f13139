/** A model for the evaluations among the questions: a few trees over the members' own rows, without network or noise. */
import type { PartitionedData } from "../../models/data.ts";
import { modelOf } from "../../models/tasks/boost/boost.ts";
import { begunEvaluation, type EvaluateState } from "../../models/tasks/evaluate/evaluate.ts";
import { treesInput } from "../../models/tasks/evaluate/model.ts";
import { type EvaluateTask, inputHashOf } from "../../shared/charter/evaluate-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { boosted, boostTaskOf, unnoisedContext } from "../support/boosted.ts";

export interface Evaluated {
  readonly spec: EvaluateTask;
  readonly begun: EvaluateState;
}

/** @param task As a plan has it, without the model. */
export function evaluated(
  task: object,
  schema: DataSchema,
  members: readonly PartitionedData[],
  rowsMax: number,
): Evaluated {
  const boosting = unnoisedContext(
    boostTaskOf({ trees: 5, depth: 4, minRows: 20 }),
    schema,
    members.length,
    rowsMax,
  );
  const input = treesInput(modelOf(boosting, boosted(boosting, members)));
  const made = { kind: "trees", spec: boosting.spec.model };
  const model = { run: "ab".repeat(32), made, inputHash: inputHashOf(input) };
  const spec = TaskSpec.parse({ ...task, model });
  if (spec.kind !== "evaluate") throw new Error("an evaluation is one");
  return { spec, begun: begunEvaluation({ ...boosting, spec }, input) };
}
