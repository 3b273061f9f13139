/** Boosting without network or masks: encode at every member, add in the ring, decode, absorb. Pure. */
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { metricsOfScores } from "../../models/metrics/ranking.ts";
import { boostTask, modelOf } from "../../models/tasks/boost/boost.ts";
import type { BoostContext } from "../../models/tasks/boost/shape.ts";
import type { BoostState } from "../../models/tasks/boost/state.ts";
import { plannedReleases } from "../../models/tasks/privacy-events.ts";
import type { Ask, Metrics } from "../../models/tasks/task.ts";
import type { WireManifest } from "../../models/tasks/wire.ts";
import { batchLogits } from "../../models/trees/batch.ts";
import type { TreeModel } from "../../models/trees/model.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { BoostTask } from "../../shared/charter/boost-spec.ts";
import type { ManifestPrivacy } from "../../shared/charter/manifest.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { calibrateNoiseMultiplier } from "../../shared/privacy/accounting/calibrate.ts";
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

/** Noise that keeps ε for the whole run at the best Rényi order, with nobody absent and one colluding. */
export function privacyOf(
  context: BoostContext,
  { epsilon, delta, unitsExpected }: Record<"epsilon" | "delta" | "unitsExpected", number>,
): ManifestPrivacy {
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected };
  const multipliers = plannedReleases(context.spec, { ...context, noise }).map(
    ({ event, count: roundCount }) => {
      const samplingProbability = event.kind === "poissonSampled" ? event.samplingProbability : 1;
      const plan = { epsilon, delta, samplingProbability, roundCount };
      return calibrateNoiseMultiplier(plan).noiseMultiplier;
    },
  );
  const [trainMultiplier = 1, holdoutMultiplier = 1] = multipliers;
  const cohort = { maxDropouts: 0, maxColluders: 1 };
  return { epsilon, delta, trainMultiplier, holdoutMultiplier, unitsExpected, ...cohort };
}

/**
 * A federated ensemble and its metrics on all members' held-out rows together, exact.
 *
 * @param epsilon Null: without noise.
 */
export function boostedMetrics(
  schema: DataSchema,
  members: readonly PartitionedData[],
  spec: BoostTask,
  epsilon: number | null = null,
): { readonly model: TreeModel; readonly metrics: Metrics | null } {
  const rowsMax = 2 * Math.max(...members.map(({ train }) => train.rowCount));
  const exact = unnoisedContext(spec, schema, members.length, rowsMax);
  const unitsExpected = members.reduce((sum, { train }) => sum + train.unitStarts.length - 1, 0);
  const delta = Math.min(1e-6, 0.1 / unitsExpected);
  const privacy = epsilon === null ? null : privacyOf(exact, { epsilon, delta, unitsExpected });
  const context = { ...exact, noise: privacy };
  const manifest = { ...rosterOf(members.length), privacy };
  const model = modelOf(context, boosted(context, members, manifest));
  const scores = members.flatMap(({ holdout }) => [...treeScores(model, holdout)]);
  const labels = members.flatMap(({ holdout }) => [...holdout.labels]);
  const metrics = metricsOfScores(Float64Array.from(scores), Uint8Array.from(labels));
  return { model, metrics };
}

/** Probability of "positive" of each row. Shape [rowCount]. */
export function treeScores(model: TreeModel, data: EncodedData): Float32Array {
  return Float32Array.from(batchLogits(model)(data), (logit) => 1 / (1 + Math.exp(-logit)));
}
