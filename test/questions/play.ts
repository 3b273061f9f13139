/** A question asked three ways: of all rows in one table, of the members by plain addition, and through the wire. Pure. */
import type { Answer } from "../../models/answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { joinedData } from "../../models/data-parts.ts";
import { type MemberMemory, newMemory } from "../../models/tasks/member-memory.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Aggregate, TaskContext } from "../../models/tasks/task.ts";
import type { WireManifest } from "../../models/tasks/wire.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { secureSum } from "../support/secure-sum.ts";

export interface Asked {
  readonly spec: TaskSpec;
  readonly schema: DataSchema;
  readonly members: readonly PartitionedData[];
  readonly rowsMax: number;
  /** What the task begins with, where that is more than its specification. */
  readonly begun?: unknown;
}

export interface ThreeWays {
  readonly pooled: Answer;
  readonly federated: Answer;
  readonly secure: Answer;
}

type Adding = (parts: readonly Float64Array[], askKind: string, step: number) => Aggregate;

/** @param manifest The members' roster, and no noise. Nothing is held back, so that all rows count each way. */
export function threeWays(asked: Asked, manifest: WireManifest): ThreeWays {
  const { spec, schema, members, rowsMax, begun } = asked;
  const context = { spec, schema, rowsMax, noise: null, memberCount: members.length, cellMin: 1 };
  const side = (pick: (data: PartitionedData) => EncodedData): EncodedData =>
    joinedData(members.map(pick));
  const all = { train: side(({ train }) => train), holdout: side(({ holdout }) => holdout) };
  const secure: Adding = (parts, askKind, step) =>
    secureSum(parts, taskFor(spec).shapeOf(context, askKind), manifest, step);
  return {
    pooled: answered(context, [all], added, begun),
    federated: answered(context, members, added, begun),
    secure: answered(context, members, secure, begun),
  };
}

function added(parts: readonly Float64Array[]): Aggregate {
  const sum = new Float64Array(parts[0]?.length ?? 0);
  for (const part of parts) for (const [i, x] of part.entries()) sum[i] = (sum[i] ?? 0) + x;
  return sum;
}

function answered(
  context: TaskContext<TaskSpec>,
  members: readonly PartitionedData[],
  add: Adding,
  begun: unknown,
): Answer {
  const task = taskFor(context.spec);
  const memories: MemberMemory[] = members.map((_, k) => newMemory(k));
  let state = begun ?? task.begin(context);
  for (let step = 0; ; step++) {
    const ask = task.nextAsk(context, state);
    if (ask === null) break;
    const parts = members.map((data, k) =>
      task.contribute(context, ask, data, reproducibleRng(`${k}/${step}`), memories[k]),
    );
    state = task.absorb(context, state, add(parts, ask.kind, step));
  }
  const answer = task.answer?.(context, state);
  if (!answer) throw new Error(`no answer: ${JSON.stringify(task.progress(state).failure)}`);
  return answer;
}
