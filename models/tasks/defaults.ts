/** Tasks with defaults that work: measured on public tables (docs/models.md, "Against central models"). Pure. */
import { BoostTask } from "../../shared/charter/boost-spec.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";

/** A sample of fewer units tells too little of where to go. */
const SAMPLE_MIN = 256;
const SAMPLE_SHARE = 0.02;
/** The step that tables of 90 000 units bear; smaller ones bear it as the root of their units. */
const RATE_MAX = 0.02;

/**
 * Training by one optimiser step a round on everybody's gradients: what a pooled training would do, however different the
 * members' records are. With noise: steps by Adam, which are as large where gradients were clipped as elsewhere, and one
 * hidden layer, so that fewer coordinates carry noise.
 *
 * @param noised Whether the run adds noise: then over declared bounds, else over moments.
 * @param units Units that members train on in all, about; a public figure. How far an exact step may go depends on it.
 * @param rounds Training rounds; 200 with noise and 600 without where not given.
 */
export function defaultTrainTask({
  noised,
  units = 45_000,
  rounds,
}: {
  readonly noised: boolean;
  readonly units?: number;
  readonly rounds?: number;
}): TrainTask {
  if (!noised) {
    return {
      kind: "train",
      model: { hidden: [64, 32], activation: "relu", seed: "cloister" },
      scaling: "moments",
      strategy: {
        kind: "dpSgd",
        rounds: rounds ?? 600,
        samplingProbability: Math.min(1, Math.max(SAMPLE_SHARE, rounded(SAMPLE_MIN / units))),
        clipNorm: 100,
        rowsPerUnitMax: 16,
        optimizer: "adam",
        learningRate: Math.min(RATE_MAX, rounded(Math.sqrt(units) / 15_000)),
        momentum: 0.9,
        learningRateSchedule: { kind: "cosine", floor: 0.01, warmupRounds: 0 },
      },
      evaluation: { everyRounds: null, bins: 256, rowsPerUnitMax: 16 },
    };
  }
  return {
    kind: "train",
    model: { hidden: [32], activation: "relu", seed: "cloister" },
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds: rounds ?? 200,
      samplingProbability: 0.05,
      clipNorm: 1,
      rowsPerUnitMax: 16,
      optimizer: "adam",
      learningRate: 0.02,
      momentum: 0,
    },
    evaluation: { everyRounds: null, bins: 32, rowsPerUnitMax: 4 },
  };
}

/** Two significant digits: what people would write into a plan. */
function rounded(x: number): number {
  return Number(x.toPrecision(2));
}

/** Federated averaging, for rooms where a round is dear: few rounds, and a model that drifts where members' records differ. */
export function fedAvgTask({ rounds = 10 }: { readonly rounds?: number } = {}): TrainTask {
  return {
    kind: "train",
    model: { hidden: [32, 16], activation: "relu", seed: "cloister" },
    scaling: "moments",
    strategy: {
      kind: "fedAvg",
      rounds,
      localEpochs: 1,
      batchSize: 256,
      localOptimizer: "adam",
      learningRate: 0.01,
      clipNorm: 10,
    },
    evaluation: { everyRounds: 1, bins: 256, rowsPerUnitMax: 16 },
  };
}

/**
 * Boosted trees. Under noise trees are small and few, each may use some of the features only, and
 * a split needs rows enough to be told from noise.
 *
 * @param noised Whether the run adds noise: bins between declared bounds, else quantiles from a secure sum.
 */
export function defaultBoostTask({ noised }: { noised: boolean }): BoostTask {
  if (!noised) {
    return BoostTask.parse({
      kind: "boost",
      model: { trees: 150, depth: 8, leavesMax: 31, learningRate: 0.08 },
      evaluation: { everyTrees: null, bins: 256 },
    });
  }
  return BoostTask.parse({
    kind: "boost",
    model: {
      trees: 30,
      depth: 3,
      learningRate: 0.3,
      l2: 10,
      minChildWeight: 8,
      minRows: 1,
      bins: 16,
      edges: "bounds",
      columnShare: 0.3,
    },
    sampling: { probability: 0.1, rowsPerUnitMax: 4 },
    evaluation: { everyTrees: null, bins: 32, rowsPerUnitMax: 4 },
  });
}
