/** EDGE: trains one trial after another as the main thread asks. */
import { parentPort, workerData } from "node:worker_threads";
import { loadDataset } from "../../agent/data/dataset.ts";
import { runTrial, type Setting, type Trial } from "./experiment.ts";

export interface WorkerJob {
  readonly path: string;
  readonly setting: Setting;
  readonly holdout: number;
}

const { path, setting, holdout } = workerData as WorkerJob;
const partition = { holdoutFraction: holdout, holdoutSalt: "utility" };
const { data } = await loadDataset(path, setting.schema, partition);
parentPort?.on("message", (trial: Trial) => {
  const metrics = runTrial(setting, data, trial);
  parentPort?.postMessage({ trial, metrics });
});
parentPort?.postMessage("ready");
