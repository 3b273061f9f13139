/**
 * One training run under differential privacy, in one process: the product's own sampling, clipping,
 * grid, noise shares, sums and optimiser, without masks and sockets, which change no number. Pure.
 */
import { encodeContribution } from "../../agent/gate/encode.ts";
import { addCentralNoiseInPlace } from "../../coordinator/central-noise.ts";
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { architectureOf } from "../../models/engine/architecture.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { metricsOfScores } from "../../models/metrics/ranking.ts";
import { decodeSum } from "../../models/tasks/decode.ts";
import type { Metrics, TaskContext } from "../../models/tasks/task.ts";
import { modelOf, trainTask } from "../../models/tasks/train.ts";
import { type WireManifest, wireFormat } from "../../models/tasks/wire.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { defaultCohort } from "../../shared/privacy/mechanism/noise-share.ts";
import { selectedUnits } from "./units.ts";

export type Placement = "none" | "central" | "distributed" | "local";

export interface Trial {
  readonly placement: Placement;
  readonly members: number;
  readonly seed: string;
}

export interface Setting {
  readonly schema: DataSchema;
  readonly task: TrainTask;
  /** z of the training sums. */
  readonly noiseMultiplier: number;
  readonly epsilon: number;
  readonly delta: number;
}

/** Trains on `train`, dealt to the members by unit, and scores `holdout`. */
export function runTrial(
  setting: Setting,
  { train, holdout }: PartitionedData,
  trial: Trial,
): Metrics | null {
  const parts = dealt(train, trial.members, trial.seed);
  const context = contextOf(setting, train, trial);
  const manifest = manifestOf(setting, train, trial);
  let state = trainTask.begin(context);
  for (let round = 0; ; round++) {
    const ask = trainTask.nextAsk(context, state);
    if (ask?.kind !== "gradient") break;
    const shape = trainTask.shapeOf(context, ask.kind);
    const place = { shape, manifest, runId: trial.seed, attempt: round };
    const sum = new Uint32Array(wireFormat(shape, manifest).dimension);
    for (const [index, part] of parts.entries()) {
      const rng = reproducibleRng(`${trial.seed}/${round}/${index}`);
      const own = { train: part, holdout: part };
      const vector = trainTask.contribute(context, ask, own, rng);
      const ring = encodeContribution(vector, place, new UniformSource(rng));
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (ring[i] ?? 0);
    }
    const central = new UniformSource(reproducibleRng(`${trial.seed}/${round}/central`));
    addCentralNoiseInPlace(sum, shape, manifest, central);
    state = trainTask.absorb(context, state, decodeSum(sum, shape, manifest, place));
  }
  const { scaling, params, schema, spec } = modelOf(context, state);
  const backend = plainBackend(architectureOf(schema, spec));
  return metricsOfScores(backend.scores(params, scaling, holdout), holdout.labels);
}

function contextOf(
  { schema, task, noiseMultiplier }: Setting,
  train: EncodedData,
  { placement, members, seed }: Trial,
): TaskContext<TrainTask> {
  const unitsExpected = train.unitStarts.length - 1;
  const multipliers = { trainMultiplier: noiseMultiplier, holdoutMultiplier: noiseMultiplier };
  const noise = placement === "none" ? null : { ...multipliers, unitsExpected };
  const spec = { ...task, model: { ...task.model, seed } };
  return { spec, schema, noise, rowsMax: train.rowCount, memberCount: members };
}

/** Only the number of members counts here: nobody signs anything. */
function manifestOf(
  { noiseMultiplier, epsilon, delta }: Setting,
  train: EncodedData,
  { placement, members }: Trial,
): WireManifest {
  const nobody = { memberId: "member", identityKey: "", enrolmentSignature: "" };
  const roster = new Array<typeof nobody>(members).fill(nobody);
  if (placement === "none") return { roster, privacy: null };
  const { maxDropouts, maxColluders } = defaultCohort(members);
  const privacy = {
    epsilon,
    delta,
    trainMultiplier: noiseMultiplier,
    holdoutMultiplier: noiseMultiplier,
    unitsExpected: train.unitStarts.length - 1,
    maxDropouts,
    maxColluders,
    noisePlacement: placement,
  };
  return { roster, privacy };
}

/** The units in a random order, dealt one after another. */
function dealt(data: EncodedData, members: number, seed: string): EncodedData[] {
  const order = Uint32Array.from({ length: data.unitStarts.length - 1 }, (_, unit) => unit);
  new UniformSource(reproducibleRng(`${seed}/deal`)).shuffleInPlace(order);
  return Array.from({ length: members }, (_, member) =>
    selectedUnits(
      data,
      order.filter((_, i) => i % members === member),
    ),
  );
}
