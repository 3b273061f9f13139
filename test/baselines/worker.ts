/** EDGE: plays one run after another as the main thread asks; the last set that was read is kept. */
import { parentPort, workerData } from "node:worker_threads";
import { played } from "./experiment.ts";
import { type LoadedSet, loadSet } from "./load.ts";
import { DATA_SETS } from "./sets.ts";
import { type Trial, type TrialResult, taskOf } from "./trials.ts";

const { folder } = workerData as { readonly folder: string };
let loaded: { readonly name: string; readonly set: LoadedSet } | null = null;

async function setNamed(name: string): Promise<LoadedSet> {
  if (loaded?.name === name) return loaded.set;
  const found = DATA_SETS.find((set) => set.name === name);
  if (!found) throw new Error(`no set ${name}`);
  loaded = { name, set: await loadSet(folder, found) };
  return loaded.set;
}

async function resultOf(trial: Trial): Promise<TrialResult> {
  const { schema, members } = await setNamed(trial.set);
  const rows = (side: "train" | "holdout"): number =>
    members.reduce((sum, { data }) => sum + data[side].rowCount, 0);
  const sizes = { members: members.length, trainRows: rows("train"), testRows: rows("holdout") };
  const task = taskOf(trial, sizes.trainRows);
  const { epsilon, seed } = trial;
  const beganAt = performance.now();
  const metrics = played({ task, epsilon, seed }, schema, members);
  const seconds = (performance.now() - beganAt) / 1000;
  return { trial, task, ...sizes, metrics, seconds };
}

parentPort?.on("message", (trial: Trial) => {
  void resultOf(trial).then((result) => parentPort?.postMessage(result));
});
parentPort?.postMessage("ready");
