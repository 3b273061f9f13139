/**
 * EDGE: `npm run baselines`: federated nets and trees by their defaults, on public tables divided by organisation,
 * against central models. Reads the tables whole, which only a measurement may.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { linesOf, picture, table } from "./report.ts";
import { readResults } from "./results.ts";
import { DATA_SETS } from "./sets.ts";
import { MODELS, type Trial, type TrialResult, taskOf, trialKey, trialsOf } from "./trials.ts";

const TEXT = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    data: { ...TEXT, default: fileURLToPath(new URL("../../../shared/data/", import.meta.url)) },
    set: { ...TEXT, default: "" },
    model: TEXT,
    epsilon: TEXT,
    seeds: { ...TEXT, default: "3" },
    json: TEXT,
    report: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    threads: { ...TEXT, default: String(availableParallelism()) },
    help: { type: "boolean", default: false },
  },
});

const USAGE = `usage: npm run baselines -- [--data FOLDER] [--set NAME,NAME] [--model net|trees] [--epsilon none,8,3,1] [--seeds 3] [--threads N]
  [--quick: the two smallest sets, one seed] [--json FILE: results so far are read, kept where they are of today's defaults, added to]
  [--report: only what is in that file] [--write: table and pictures into docs/]
sets: ${DATA_SETS.map(({ name }) => name).join(", ")}`;

const PAGE = new URL("../../docs/models.md", import.meta.url);
const QUICK = ["heart-disease-4-hospitals", "uci-credit-default"];

await main();

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const { data: folder, json } = values;
  if (!existsSync(folder))
    return console.log(`nothing measured: no folder ${folder}; name one with --data`);
  const trials = wanted().filter((trial) => isThere(folder, trial.set) && isAsked(trial));
  const done = readResults(json).filter(({ trial, task, trainRows }) =>
    isDeepStrictEqual(task, taskOf(trial, trainRows)),
  );
  const keys = new Set(done.map(({ trial }) => trialKey(trial)));
  const missing = trials.filter((trial) => !keys.has(trialKey(trial)));
  const keep = (result: TrialResult): void => {
    done.push(result);
    const { trial, metrics, seconds } = result;
    const rocAuc = metrics?.rocAuc.toFixed(4) ?? "none, it failed";
    console.log(`${trialKey(trial)}: ROC-AUC ${rocAuc}, ${seconds.toFixed(0)} s`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(done, null, 1)}\n`);
  };
  if (!values.report) await carriedOut(folder, missing, keep);
  const asked = new Set(trials.map(trialKey));
  report(done.filter(({ trial }) => asked.has(trialKey(trial))));
}

function wanted(): Trial[] {
  const sets = values.set.split(",").filter((name) => name !== "");
  const unknown = sets.find((name) => !DATA_SETS.some((set) => set.name === name));
  if (unknown !== undefined) return refused(`--set ${unknown}: no such set`);
  const { model, quick } = values;
  if (model !== undefined && !MODELS.some((name) => name === model))
    return refused(`--model ${model}: not net or trees`);
  const seeds = Number(values.seeds);
  if (!Number.isSafeInteger(seeds) || seeds < 1)
    return refused(`--seeds ${values.seeds}: no count`);
  return quick ? trialsOf(sets.length > 0 ? sets : QUICK, 1) : trialsOf(sets, seeds);
}

function refused(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function isAsked({ model, epsilon }: Trial): boolean {
  const epsilons = values.epsilon?.split(",") ?? [];
  const isModel = values.model === undefined || values.model === model;
  return isModel && (epsilons.length === 0 || epsilons.includes(String(epsilon ?? "none")));
}

function isThere(folder: string, name: string): boolean {
  const set = DATA_SETS.find((one) => one.name === name);
  return set !== undefined && existsSync(`${folder}/${set.file}`);
}

async function carriedOut(
  folder: string,
  all: readonly Trial[],
  keep: (result: TrialResult) => void,
): Promise<void> {
  const waiting = [...all];
  const oneThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url), {
        workerData: { folder },
      });
      worker.on("error", reject);
      worker.on("message", (message: TrialResult | "ready") => {
        if (message !== "ready") keep(message);
        const next = waiting.shift();
        if (next) worker.postMessage(next);
        else void worker.terminate().then(() => resolve());
      });
    });
  const threads = Math.min(all.length, Math.max(1, Number(values.threads) || 1));
  await Promise.all(Array.from({ length: threads }, oneThread));
}

function report(results: readonly TrialResult[]): void {
  const lines = linesOf(results);
  const printed = table(lines);
  console.log(printed);
  if (!values.write) return;
  writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8"), printed));
  for (const model of MODELS)
    writeFileSync(
      new URL(`../../docs/figures/baselines-${model}.svg`, import.meta.url),
      picture(lines, model),
    );
}

function withTable(page: string, markdown: string): string {
  const marks = /(<!-- baselines -->\n)[\s\S]*?(<!-- \/baselines -->)/;
  if (!marks.test(page))
    throw new Error("the page has no <!-- baselines --> … <!-- /baselines -->");
  return page.replace(marks, (_, open, close) => `${open}${markdown}\n${close}`);
}
