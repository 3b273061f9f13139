/**
 * Canaries: customers of whom each moves one coordinate of the gradient by the whole clipping bound, in or out by a
 * fair coin. One category each of one embedding, and a model in which that embedding's weight rules: as a
 * coordinator would choose it that wants to see them. Pure.
 */
import type { PartitionedData } from "../../models/data.ts";
import type { TrainContext } from "../../models/tasks/train/shape.ts";
import type { TrainState } from "../../models/tasks/train/state.ts";
import { trainTask } from "../../models/tasks/train/train.ts";
import { assert } from "../../shared/base/assert.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { TrainTask } from "../../shared/charter/task-spec.ts";
import { netOf } from "./net.ts";
import type { RoomSetting } from "./room.ts";

/** Rows of one canary: a bug that clips rows instead of units shows by this factor. */
const ROWS = 5;
/** An unclipped gradient is half of this long: five times the clipping bound. */
const EMBEDDING_WEIGHT = 10;

export function canarySchema(canaries: number): DataSchema {
  const categories = Array.from({ length: canaries }, (_, i) => `canary-${i}`);
  return DataSchema.parse({
    label: { column: "label" },
    unit: { column: "unit" },
    features: [{ name: "who", type: "category", categories, encoding: "embedding", dimension: 1 }],
  });
}

/** Logistic regression on the embedding that stays where it is, round after round. */
export function canaryTask(
  { adaptive }: RoomSetting,
  {
    rounds,
    samplingProbability,
  }: { readonly rounds: number; readonly samplingProbability: number },
): TrainTask {
  return TrainTask.parse({
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds,
      samplingProbability,
      clipNorm: 1,
      learningRate: 1e-12,
      momentum: 0,
      ...(adaptive && { adaptiveClipping: {} }),
    },
    evaluation: { everyRounds: null, bins: 2 },
  });
}

/** Embeddings of zero under a large weight: the gradient of a canary lies along its own embedding. */
export function canaryState(context: TrainContext): TrainState {
  const { layers } = netOf(context);
  const state = trainTask.begin(context);
  const params = new Float32Array(state.params.length);
  params[layers[0]?.kernelOffset ?? 0] = EMBEDDING_WEIGHT;
  return { ...state, params };
}

/** The coordinate of canary i in the gradient. Invariant: row 0 is "anything else". */
export function coordinateOf(context: TrainContext, canary: number): number {
  const [table] = netOf(context).embeddings;
  assert(table !== undefined && table.width === 1, "canaries have an embedding of one coordinate");
  return table.offset + 1 + canary;
}

/** Who is in: fair coins. Shape [canaries]. */
export function tossCoins(canaries: number, seed: string): Uint8Array {
  const source = new UniformSource(reproducibleRng(`coins ${seed}`));
  return Uint8Array.from({ length: canaries }, () => source.below(2));
}

/** The canaries that are in, dealt out among `members`; one other customer in the hold-out. */
export function canaryData(included: Uint8Array, member: number, members: number): PartitionedData {
  const own: number[] = [];
  for (let i = member; i < included.length; i += members) if (included[i] === 1) own.push(i + 1);
  return { train: customers(own, ROWS), holdout: customers([0], 1) };
}

/** Members who only add noise. */
export const NO_CANARIES: PartitionedData = {
  train: customers([], ROWS),
  holdout: customers([0], 1),
};

function customers(codes: readonly number[], rows: number): PartitionedData["train"] {
  const rowCount = rows * codes.length;
  return {
    rowCount,
    numbers: new Float32Array(0),
    codes: Uint16Array.from(codes.flatMap((code) => new Array<number>(rows).fill(code))),
    labels: new Uint8Array(rowCount).fill(1),
    unitStarts: Uint32Array.from({ length: codes.length + 1 }, (_, u) => u * rows),
  };
}
