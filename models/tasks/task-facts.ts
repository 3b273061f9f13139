/** What a run's task would do, as the policy's rules see it: derived from charter and manifest by whoever asks. Pure. */
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { Reason, TaskFacts } from "../../shared/charter/policy/facts.ts";
import { contextOf } from "./context.ts";
import { checkEncoding } from "./encoding.ts";
import { taskFor } from "./registry.ts";

const NONE = { sums: 0, dimensionMax: 0, columns: [], summedColumns: [], bins: 0 } as const;

export function taskFactsOf(charter: Charter, manifest: Manifest): TaskFacts {
  try {
    const context = contextOf(charter, manifest);
    const task = taskFor(manifest.task);
    const asks = task.plannedAsks(context);
    const dimensions = asks.map(({ kind }) => task.shapeOf(context, kind).dimension);
    return {
      sums: asks.reduce((sum, { count }) => sum + count, 0),
      dimensionMax: Math.max(0, ...dimensions),
      ...columnsOf(charter, manifest),
      bins: manifest.task.kind === "probe" ? 0 : manifest.task.evaluation.bins,
      faults: encodingFaults(charter, manifest),
    };
  } catch (error) {
    return { ...NONE, faults: [faultOf(error, "taskUnusable")] };
  }
}

/** Nothing reads a record in a probe. */
function columnsOf(
  { schema }: Charter,
  { task }: Manifest,
): Pick<TaskFacts, "columns" | "summedColumns"> {
  if (task.kind === "probe") return { columns: [], summedColumns: [] };
  const { label, unit, features } = schema;
  const names = features.map(({ name }) => name);
  const columns = [...names, label.column];
  if (label.delay) columns.push(label.delay.column);
  if (unit) columns.push(unit.column);
  const numbers = features.filter(({ type }) => type === "number").map(({ name }) => name);
  // Trees open sums of gradients, and counts, by each feature's own values.
  if (task.kind === "boost") return { columns, summedColumns: names };
  return { columns, summedColumns: task.scaling === "moments" ? numbers : [] };
}

function encodingFaults(charter: Charter, manifest: Manifest): Reason[] {
  try {
    checkEncoding(charter, manifest);
    return [];
  } catch (error) {
    return [faultOf(error, "encodingUnusable")];
  }
}

function faultOf(error: unknown, code: string): Reason {
  if (error instanceof CloisterError) return { code, message: error.message };
  throw error;
}
