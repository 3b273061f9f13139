/** EDGE: starts the threads that train what the consortium's model is held against. */
import { Worker } from "node:worker_threads";
import type { Metrics } from "../../models/tasks/task.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import type { DemoRoom } from "./charter.ts";
import type { ReferenceJob, ReferenceResult } from "./reference-worker.ts";

/** Passes over the records by the models that the consortium's is held against. */
const REFERENCE_EPOCHS = 10;

export interface References {
  readonly own: readonly (Metrics | null)[];
  readonly pooled: Metrics | null;
  readonly consortium: Metrics | null;
}

export async function references(
  room: DemoRoom,
  task: TrainTask,
  model: string,
): Promise<References> {
  const common = {
    charter: room.charter,
    model: task.model,
    paths: room.members.map(({ path }) => path),
    epochs: REFERENCE_EPOCHS,
  };
  const [pooled, own] = await Promise.all([
    reference({ ...common, train: [null], score: [] }),
    reference({ ...common, train: room.members.map((_, i) => i), score: [model] }),
  ]);
  return { own: own.trained, pooled: pooled.trained[0] ?? null, consortium: own.scored[0] ?? null };
}

function reference(job: ReferenceJob): Promise<ReferenceResult> {
  return new Promise((resolveResult, reject) => {
    const worker = new Worker(new URL("./reference-worker.ts", import.meta.url), {
      workerData: job,
    });
    worker.once("message", resolveResult).once("error", reject);
  });
}
