/** The closed list of tasks a manifest may name. Pure. */
import { unreachable } from "../../shared/base/assert.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { boostTask } from "./boost/boost.ts";
import { evaluateTask } from "./evaluate/evaluate.ts";
import { glmTask } from "./glm/glm.ts";
import { matchTask } from "./match/match.ts";
import { overlapTask } from "./overlap/overlap.ts";
import { probeTask } from "./probe.ts";
import { queryTask } from "./query/query.ts";
import type { Task } from "./task.ts";
import { trainTask } from "./train/train.ts";

/**
 * The task that `spec` names. Its state is opaque to the caller: pass back only states that this
 * task made or decoded, and only contexts whose `spec` is this one.
 */
export function taskFor(spec: TaskSpec): Task<TaskSpec, unknown> {
  switch (spec.kind) {
    case "train":
      return trainTask;
    case "boost":
      return boostTask;
    case "query":
      return queryTask;
    case "glm":
      return glmTask;
    case "overlap":
      return overlapTask;
    case "match":
      return matchTask;
    case "evaluate":
      return evaluateTask;
    case "probe":
      return probeTask;
    default:
      return unreachable(spec);
  }
}
