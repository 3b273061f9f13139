/** What a run's task would do, as the policy's rules see it: derived from charter and manifest by whoever asks. Pure. */
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { Reason, TaskFacts } from "../../shared/charter/policy/facts.ts";
import { isModelTask } from "../../shared/charter/task-spec.ts";
import { contextOf } from "./context.ts";
import { checkEncoding } from "./encoding.ts";
import { isEpsilonHonest } from "./privacy-events.ts";
import { taskFor } from "./registry.ts";
import type { ColumnUse } from "./task.ts";

const NO_COLUMNS: ColumnUse = { read: [], summed: [], grouped: [], joined: [] };
const NONE = { sums: 0, dimensionMax: 0, columns: NO_COLUMNS, bins: 0 } as const;

export function taskFactsOf(charter: Charter, manifest: Manifest): TaskFacts {
  try {
    const context = contextOf(charter, manifest);
    const task = taskFor(manifest.task);
    const asks = task.plannedAsks(context);
    const dimensions = asks.map(({ kind }) => task.shapeOf(context, kind).dimension);
    return {
      sums: asks.reduce((sum, { count }) => sum + count, 0),
      dimensionMax: Math.max(0, ...dimensions),
      columns: task.columnUse?.(context) ?? modelColumns(charter, manifest),
      bins: binsOf(manifest),
      faults: [
        ...encodingFaults(charter, manifest),
        ...epsilonFaults(charter, manifest),
        ...attendanceFaults(manifest),
      ],
    };
  } catch (error) {
    return { ...NONE, faults: [faultOf(error, "taskUnusable")] };
  }
}

function binsOf({ task }: Manifest): number {
  if (isModelTask(task)) return task.evaluation.bins;
  return task.kind === "evaluate" ? task.bins : 0;
}

/** As a model reads them. */
function modelColumns({ schema }: Charter, { task }: Manifest): ColumnUse {
  if (!isModelTask(task)) return NO_COLUMNS; // Nothing reads a record in a probe.
  const { label, unit, features } = schema;
  const names = features.map(({ name }) => name);
  const read = [...names, label.column];
  if (label.delay) read.push(label.delay.column);
  if (unit) read.push(unit.column);
  const numbers = features.filter(({ type }) => type === "number").map(({ name }) => name);
  // Trees open sums of gradients, and counts, by each feature's own values.
  if (task.kind === "boost") return { ...NO_COLUMNS, read, summed: names };
  return { ...NO_COLUMNS, read, summed: task.scaling === "moments" ? numbers : [] };
}

function encodingFaults(charter: Charter, manifest: Manifest): Reason[] {
  try {
    checkEncoding(charter, manifest);
    return [];
  } catch (error) {
    return [faultOf(error, "encodingUnusable")];
  }
}

/** Limits, members' own rules and people go by the ε that the manifest names: it has to be true. */
function epsilonFaults(charter: Charter, manifest: Manifest): Reason[] {
  if (isEpsilonHonest(charter, manifest)) return [];
  const message = "the run's noise does not give the ε that its manifest names";
  return [{ code: "epsilonUnderstated", message }];
}

/** Without noise any member may be missing, with it as many as the noise's shares allow for. */
function attendanceFaults({ task, privacy }: Manifest): Reason[] {
  if (!taskFor(task).needsEveryMember?.(task) || privacy?.maxDropouts === 0) return [];
  const message = `a ${task.kind} needs every member in its sum: plan with privacy.maxDropouts: 0`;
  return [{ code: "everyMemberNeeded", message }];
}

function faultOf(error: unknown, code: string): Reason {
  if (error instanceof CloisterError) return { code, message: error.message };
  throw error;
}
