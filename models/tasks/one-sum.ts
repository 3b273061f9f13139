/** A task that is a single secure sum: one ask, one aggregate, one answer. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { Answer } from "../answers/answer.ts";
import type { PartitionedData } from "../data.ts";
import type { MemberMemory } from "./member-memory.ts";
import type { Aggregate, ColumnUse, Payers, ReleaseShape, Task, TaskContext } from "./task.ts";

/** What there is to say of such a task. */
export interface OneSum<Spec> {
  /** The name of its ask. */
  readonly ask: string;
  readonly partition: Payers;
  /** @throws {CloisterError} If the question does not fit the schema; says what to change. */
  check(context: TaskContext<Spec>): void;
  shapeOf(context: TaskContext<Spec>): ReleaseShape;
  contribute(
    context: TaskContext<Spec>,
    data: PartitionedData,
    rng: Rng,
    memory: MemberMemory | undefined,
  ): Float64Array;
  answer(context: TaskContext<Spec>, aggregate: Aggregate): Answer;
  /** @see Task.cohorts */
  cohorts?(context: TaskContext<Spec>, data: PartitionedData): Int32Array;
  /** @see Task.needsEveryMember */
  needsEveryMember?(spec: Spec): boolean;
  columnUse(context: TaskContext<Spec>): ColumnUse;
  partNames(context: TaskContext<Spec>): readonly (readonly [string, number])[];
}

/** Null: not asked yet. */
export interface OneSumState {
  readonly sum: Aggregate | null;
}

export function oneSumTask<Spec>(one: OneSum<Spec>): Task<Spec, OneSumState> {
  const checkKind = (kind: string): void => {
    if (kind !== one.ask) throw badInput("task.ask-unknown", `This task never asks for "${kind}".`);
  };
  return {
    plannedAsks(context) {
      one.check(context);
      return [{ kind: one.ask, partition: one.partition, count: 1 }];
    },
    shapeOf(context, askKind) {
      checkKind(askKind);
      return one.shapeOf(context);
    },
    contribute(context, ask, data, rng, memory) {
      checkKind(ask.kind);
      return one.contribute(context, data, rng, memory);
    },
    begin: () => ({ sum: null }),
    nextAsk: (_, { sum }) => (sum === null ? { kind: one.ask, input: new Float32Array(0) } : null),
    absorb(context, state, aggregate) {
      assert(state.sum === null, "the task is complete");
      assert(aggregate.length === one.shapeOf(context).dimension, "aggregate has the wrong length");
      return { sum: aggregate.slice() };
    },
    answer: (context, { sum }) => (sum === null ? null : one.answer(context, sum)),
    ...(one.cohorts && { cohorts: one.cohorts }),
    ...(one.needsEveryMember && { needsEveryMember: one.needsEveryMember }),
    columnUse: one.columnUse,
    partNames: one.partNames,
    progress: ({ sum }) => ({ done: sum === null ? 0 : 1, total: 1, loss: null, metrics: null }),
    encodeState: ({ sum }) =>
      sum === null ? new Uint8Array(0) : new Uint8Array(sum.slice().buffer),
    decodeState(context, bytes) {
      if (bytes.length === 0) return { sum: null };
      if (bytes.length !== 8 * one.shapeOf(context).dimension)
        throw badInput("task.state-unreadable", "The stored state is not one of this task.");
      return { sum: new Float64Array(bytes.slice().buffer) };
    },
  };
}
