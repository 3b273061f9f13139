/** Boosting without network or masks: encode at every member, add in the ring, decode, absorb. Pure. */
import type { PartitionedData } from "../../models/data.ts";
import { metricsOfScores } from "../../models/metrics/ranking.ts";
import { boostTask, modelOf } from "../../models/tasks/boost.ts";
import type { BoostContext } from "../../models/tasks/boost-shape.ts";
import type { BoostState } from "../../models/tasks/boost-state.ts";
import type { Ask, Metrics } from "../../models/tasks/task.ts";
import type { WireManifest } from "../../models/tasks/wire.ts";
import { type TreeModel, treeScores } from "../../models/trees/model.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { BoostTask } from "../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { secureSum } from "./secure-sum.ts";

/** A task from the parts that matter to a test. */
export function boostTaskOf(
  model: Record<string, unknown>,
  evaluation: Record<string, unknown> = {},
): BoostTask {
  return BoostTask.parse({
    kind: "boost",
    model: { trees: 3, depth: 3, minRows: 1, bins: 16, ...model },
    evaluation: { everyTrees: null, bins: 64, ...evaluation },
  });
}

export function unnoisedContext(
  spec: BoostTask,
  schema: DataSchema,
  memberCount: number,
  rowsMax = 10_000,
): BoostContext {
  return { spec, schema, noise: null, rowsMax, memberCount };
}

export function rosterOf(memberCount: number): WireManifest {
  const member = { memberId: "m", identityKey: "00", enrolmentSignature: "00" };
  return { roster: new Array(memberCount).fill(member), privacy: null, encoding: undefined };
}

/** Carries a run out; `onRound` sees every ask and the state after it. */
export function boosted(
  context: BoostContext,
  members: readonly PartitionedData[],
  manifest: WireManifest = rosterOf(context.memberCount),
  onRound: (ask: Ask, state: BoostState) => void = () => undefined,
): BoostState {
  let state = boostTask.begin(context);
  for (let attempt = 0; ; attempt++) {
    const ask = boostTask.nextAsk(context, state);
    if (ask === null) return state;
    const contributions = members.map((data, k) =>
      boostTask.contribute(context, ask, data, reproducibleRng(`${k}/${attempt}`)),
    );
    const sum = secureSum(contributions, boostTask.shapeOf(context, ask.kind), manifest, attempt);
    state = boostTask.absorb(context, state, sum);
    onRound(ask, state);
  }
}

/** A federated ensemble and its metrics on all members' held-out rows together, exact. */
export function boostedMetrics(
  schema: DataSchema,
  members: readonly PartitionedData[],
  spec: BoostTask,
): { readonly model: TreeModel; readonly metrics: Metrics | null } {
  const rowsMax = Math.max(...members.map(({ train }) => train.rowCount));
  const context = unnoisedContext(spec, schema, members.length, 2 * rowsMax);
  const model = modelOf(context, boosted(context, members));
  const scores = members.flatMap(({ holdout }) => [...treeScores(model, holdout)]);
  const labels = members.flatMap(({ holdout }) => [...holdout.labels]);
  const metrics = metricsOfScores(Float64Array.from(scores), Uint8Array.from(labels));
  return { model, metrics };
}
