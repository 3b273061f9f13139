/**
 * What a federation is held against: the same plan carried out by one holder of records on its own. No other member,
 * no rounding, no noise; of the same pure functions, so that nothing but the federation differs. Pure.
 */
import type { PartitionedData } from "../../models/data.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Ask, Failure, TaskContext } from "../../models/tasks/task.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import type { SimulatedMember } from "./sum.ts";

export interface Alone {
  readonly context: TaskContext<TaskSpec>;
  readonly state: unknown;
  readonly lastAsk: Ask | null;
  readonly member: SimulatedMember;
  readonly failure: Failure | null;
}

export function trainedAlone(
  spec: TaskSpec,
  schema: DataSchema,
  data: PartitionedData,
  seed: string,
): Alone {
  const rowsMax = Math.max(1, data.train.rowCount, data.holdout.rowCount);
  const context = { spec, schema, noise: null, rowsMax, memberCount: 1 };
  const task = taskFor(spec);
  const member = { data, memory: newMemory() };
  let state = task.begin(context);
  let lastAsk: Ask | null = null;
  for (let step = 0; ; step++) {
    const ask = task.nextAsk(context, state);
    if (ask === null) {
      const failure = task.progress(state).failure ?? null;
      return { context, state, lastAsk, member, failure };
    }
    lastAsk = ask;
    const rng = reproducibleRng(`${seed}/alone/${step}`);
    const contribution = task.contribute(context, ask, data, rng, member.memory);
    state = task.absorb(context, state, contribution);
  }
}
