/** A training run as a fold over members that remember, without network, masks or noise. */
import type { PartitionedData } from "../../../models/data.ts";
import { type MemberMemory, newMemory } from "../../../models/tasks/member-memory.ts";
import type { TaskContext } from "../../../models/tasks/task.ts";
import type { TrainState } from "../../../models/tasks/train/state.ts";
import { trainTask } from "../../../models/tasks/train/train.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import { TaskSpec, type TrainTask } from "../../../shared/charter/task-spec.ts";
import { rng } from "../fixtures.ts";

export interface Federation {
  readonly context: TaskContext<TrainTask>;
  readonly members: readonly PartitionedData[];
  readonly memories: MemberMemory[];
}

/** A training task as a plan would have it, defaults filled in. */
export function trainSpec(parts: object): TrainTask {
  const common = { kind: "train", model: { hidden: [] }, scaling: "bounds" };
  const spec = TaskSpec.parse({ ...common, evaluation: EVALUATED_ONCE, ...parts });
  if (spec.kind !== "train") throw new Error("a training task is one");
  return spec;
}

export const EVALUATED_ONCE = { everyRounds: null, bins: 64 };

export function federation(
  schema: DataSchema,
  spec: TrainTask,
  members: readonly PartitionedData[],
): Federation {
  const context = { spec, schema, noise: null, rowsMax: 10_000, memberCount: members.length };
  return { context, members, memories: members.map((_, k) => newMemory(k)) };
}

/** @param present Which members answer; all where left out. */
export function round(
  { context, members, memories }: Federation,
  state: TrainState,
  present: (member: number) => boolean = () => true,
): TrainState {
  const ask = trainTask.nextAsk(context, state);
  if (ask === null) throw new Error("the task has ended");
  const sum = new Float64Array(trainTask.shapeOf(context, ask.kind).dimension);
  for (const [k, member] of members.entries()) {
    if (!present(k)) continue;
    const random = rng(`member ${k}, step ${state.done}`);
    const part = trainTask.contribute(context, ask, member, random, memories[k]);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
  }
  return trainTask.absorb(context, state, sum);
}

export function run(federated: Federation, from = trainTask.begin(federated.context)): TrainState {
  let state = from;
  while (trainTask.nextAsk(federated.context, state) !== null) state = round(federated, state);
  return state;
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(squares);
}
