/** A boosting task with defaults. Pure. */
import { BoostTask } from "../../shared/charter/boost-spec.ts";

/**
 * Both are measured (docs/models.md). Under noise trees are small and few, each may use some of the features only, and
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
