/** A regression played over members' tables without a network: by plain sums, or through the wire with its noise. */
import type { Answer, Cell } from "../../models/answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { glmTask } from "../../models/tasks/glm/glm.ts";
import type { GlmContext } from "../../models/tasks/glm/problem.ts";
import type { GlmState } from "../../models/tasks/glm/state.ts";
import { GlmTask } from "../../shared/charter/glm-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { rng } from "../models/fixtures.ts";

export type Adder = (
  parts: readonly Float64Array[],
  askKind: string,
  round: number,
) => Float64Array;

export function plainSum(parts: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(parts[0]?.length ?? 0);
  for (const part of parts)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
  return sum;
}

export function glmContext(
  schema: DataSchema,
  spec: object,
  memberCount: number,
  noise: GlmContext["noise"] = null,
): GlmContext {
  const parsed = GlmTask.parse({ kind: "glm", ...spec });
  return { spec: parsed, schema, noise, rowsMax: 1_000_000, memberCount };
}

/** The state is stored and read back in each round. */
export function glmRun(
  context: GlmContext,
  members: readonly PartitionedData[],
  add: Adder = plainSum,
): GlmState {
  let state = glmTask.begin(context);
  for (;;) {
    const ask = glmTask.nextAsk(context, state);
    if (ask === null) return state;
    const parts = members.map((data, k) =>
      glmTask.contribute(context, ask, data, rng(`member ${k} round ${state.done}`)),
    );
    state = glmTask.absorb(context, state, add(parts, ask.kind, state.done));
    state = glmTask.decodeState(context, glmTask.encodeState(state));
  }
}

export function glmAnswer(context: GlmContext, state: GlmState): Answer {
  const answer = glmTask.answer?.(context, state);
  if (!answer) throw new Error(`no answer: ${state.failure?.message}`);
  return answer;
}

/** Column `name` of the table of coefficients. */
export function cellsOf({ tables }: Answer, name: string): readonly Cell[] {
  const [table] = tables;
  const at = table?.columns.findIndex((column) => column.name === name) ?? -1;
  return (table?.rows ?? []).map((row) => row[at] ?? null);
}

export function numberIn(cell: Cell | undefined): number {
  if (typeof cell === "number") return cell;
  if (cell !== null && typeof cell === "object") return cell.value;
  return Number.NaN;
}

/** No rows, of the width that `like` has. */
export function emptyLike(like: PartitionedData): PartitionedData {
  const none = ({ others }: EncodedData): EncodedData => ({
    rowCount: 0,
    numbers: new Float32Array(0),
    codes: new Uint16Array(0),
    labels: new Uint8Array(0),
    unitStarts: new Uint32Array(1),
    ...(others && { others: { numbers: new Float32Array(0), codes: new Uint16Array(0) } }),
  });
  return { train: none(like.train), holdout: none(like.holdout) };
}
