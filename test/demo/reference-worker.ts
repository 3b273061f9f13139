/**
 * EDGE: what only a demo can do: train on one bank alone and on all banks' records together, and
 * score everyone's held-out rows at once, so that the consortium's model has something to be held against.
 */
import { parentPort, workerData } from "node:worker_threads";
import { loadDataset } from "../../agent/data/dataset.ts";
import type { EncodedData } from "../../models/data.ts";
import { joinedData } from "../../models/data-parts.ts";
import { architectureOf, initialParams } from "../../models/engine/architecture.ts";
import { trainLocally } from "../../models/engine/local-training.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { parseModelJson } from "../../models/export/json.ts";
import { metricsOfScores } from "../../models/metrics/ranking.ts";
import type { Model } from "../../models/model.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { ModelSpec } from "../../shared/charter/model-spec.ts";

export interface ReferenceJob {
  readonly charter: Charter;
  readonly model: ModelSpec;
  readonly paths: readonly string[];
  readonly epochs: number;
  /** Indices into `paths`; null: all together. */
  readonly train: readonly (number | null)[];
  /** Consortium models to score, as JSON. */
  readonly score: readonly string[];
}

export interface ReferenceResult {
  readonly trained: readonly (Metrics | null)[];
  readonly scored: readonly (Metrics | null)[];
}

async function main({
  charter,
  model,
  paths,
  epochs,
  train,
  score,
}: ReferenceJob): Promise<ReferenceResult> {
  const partition = {
    holdoutFraction: charter.holdoutFraction,
    holdoutSalt: charter.room,
    allowOneClass: true,
  };
  const members: { train: EncodedData; holdout: EncodedData }[] = [];
  for (const path of paths) members.push((await loadDataset(path, charter.schema, partition)).data);
  const holdout = joinedData(members.map((member) => member.holdout));
  const evaluate = ({ params, scaling, schema, spec }: Model): Metrics | null => {
    const backend = plainBackend(architectureOf(schema, spec));
    return metricsOfScores(backend.scores(params, scaling, holdout), holdout.labels);
  };
  const trained = train.map((index) => {
    const chosen = index === null ? members : members.slice(index, index + 1);
    return evaluate(
      trainAlone(charter, model, joinedData(chosen.map((member) => member.train)), epochs),
    );
  });
  return { trained, scored: score.map((text) => evaluate(parseModelJson(text, charter.schema))) };
}

function trainAlone(
  { schema }: Charter,
  spec: ModelSpec,
  data: EncodedData,
  epochs: number,
): Model {
  const architecture = architectureOf(schema, spec);
  const scaling = standardScaling(data, architecture.numberCount);
  const training = {
    epochs,
    batchSize: 256,
    optimizer: { kind: "adam", learningRate: 0.003 },
  } as const;
  const rng = reproducibleRng(`reference/${spec.seed}`);
  const { params } = trainLocally(
    plainBackend(architecture),
    initialParams(architecture, spec.seed),
    scaling,
    data,
    training,
    rng,
  );
  return { schema, spec, scaling, params };
}

/** Centres and inverse standard deviations of the data's own numbers. */
function standardScaling({ numbers, rowCount }: EncodedData, numberCount: number): Float32Array {
  const scaling = new Float32Array(2 * numberCount);
  for (let column = 0; column < numberCount; column++) {
    let [count, sum, squares] = [0, 0, 0];
    for (let row = 0; row < rowCount; row++) {
      const value = numbers[row * numberCount + column] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      count += 1;
      sum += value;
      squares += value * value;
    }
    const mean = count === 0 ? 0 : sum / count;
    const variance = count === 0 ? 0 : squares / count - mean * mean;
    scaling[column] = mean;
    scaling[numberCount + column] = variance > 1e-12 ? 1 / Math.sqrt(variance) : 1;
  }
  return scaling;
}

if (parentPort) parentPort.postMessage(await main(workerData as ReferenceJob));
