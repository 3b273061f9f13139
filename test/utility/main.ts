/**
 * EDGE: `npm run utility -- --data FILE --label COLUMN`: what noise costs by where it is added. Trains
 * the same plan with central, distributed and local noise, over several seeds, and prints a table and
 * a picture. Reads one file whole, which only a measurement may.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { inferSchema } from "../../agent/data/inference.ts";
import { defaultTrainTask } from "../../models/tasks/defaults.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { calibrateNoiseMultiplier } from "../../shared/privacy/accounting/calibrate.ts";
import type { Placement, Setting, Trial } from "./experiment.ts";
import { cellsOf, distance, picture, type TrialResult, table } from "./report.ts";
import type { WorkerJob } from "./worker.ts";

const TEXT = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    data: TEXT,
    label: TEXT,
    drop: { ...TEXT, default: "" },
    categorical: { ...TEXT, default: "" },
    unit: TEXT,
    epsilon: { ...TEXT, default: "1" },
    delta: { ...TEXT, default: "1e-6" },
    members: { ...TEXT, default: "3,10,30" },
    seeds: { ...TEXT, default: "5" },
    rounds: TEXT,
    probability: TEXT,
    "learning-rate": TEXT,
    momentum: TEXT,
    hidden: TEXT,
    holdout: { ...TEXT, default: "0.2" },
    json: TEXT,
    page: TEXT,
    picture: TEXT,
  },
});

const path = values.data;
if (path === undefined || values.label === undefined) {
  console.error(
    "usage: npm run utility -- --data FILE.csv[.gz] --label COLUMN [--drop A,B] [--unit COLUMN] [--epsilon 1]\n" +
      "  [--members 3,10,30] [--seeds 5] [--rounds N] [--probability Q] [--learning-rate R] [--momentum M] [--hidden 32,16]\n" +
      "  (of training: as a noised run's defaults where left out) [--json FILE]\n" +
      "  [--picture FILE.svg] [--page FILE.md: the table goes between its two marks]",
  );
  process.exit(2);
}

const list = (text: string): string[] => text.split(",").filter((name) => name !== "");
const { schema } = await inferSchema(path, {
  label: values.label,
  positive: null,
  unit: values.unit ?? null,
  drop: list(values.drop),
  categorical: list(values.categorical),
  numeric: [],
});
const [epsilon, delta] = [Number(values.epsilon), Number(values.delta)];
const task = taskOf();
const setting: Setting = { schema, task, epsilon, delta, noiseMultiplier: multiplier() };
const trials = trialsOf(list(values.members).map(Number), Number(values.seeds));
console.log(
  `${basename(path)}: ${trials.length} trials of ${task.strategy.rounds} rounds, z = ${setting.noiseMultiplier.toFixed(3)}`,
);
const results = await carriedOut({ path, setting, holdout: Number(values.holdout) }, trials);
report(results);

/** The noised defaults, but for what the command line names. */
function taskOf(): TrainTask {
  const base = defaultTrainTask({ noised: true });
  const { strategy, model } = base;
  if (strategy.kind !== "dpSgd") throw new Error("the noised default is dpSgd");
  const given = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : Number(text);
  return {
    ...base,
    model:
      values.hidden === undefined ? model : { ...model, hidden: list(values.hidden).map(Number) },
    strategy: {
      ...strategy,
      rounds: given(values.rounds, strategy.rounds),
      samplingProbability: given(values.probability, strategy.samplingProbability),
      learningRate: given(values["learning-rate"], strategy.learningRate),
      momentum: given(values.momentum, strategy.momentum),
    },
  };
}

function multiplier(): number {
  const { strategy } = task;
  if (strategy.kind !== "dpSgd") throw new Error("the noised default is dpSgd");
  const { samplingProbability, rounds: roundCount } = strategy;
  return calibrateNoiseMultiplier({ epsilon, delta, samplingProbability, roundCount })
    .noiseMultiplier;
}

/** Central noise and none do not depend on the number of members. The longest first. */
function trialsOf(memberCounts: readonly number[], seeds: number): Trial[] {
  const most = Math.max(...memberCounts);
  const least = Math.min(...memberCounts);
  const kinds: [Placement, readonly number[]][] = [
    ["distributed", memberCounts],
    ["local", memberCounts],
    ["central", [least]],
    ["none", [least]],
  ];
  const cost = ({ placement, members }: Trial): number =>
    placement === "none" ? 0 : members / most;
  return kinds
    .flatMap(([placement, counts]) =>
      counts.flatMap((members) =>
        Array.from({ length: seeds }, (_, i) => ({
          placement,
          members,
          seed: `${placement} ${i}`,
        })),
      ),
    )
    .sort((a, b) => cost(b) - cost(a));
}

async function carriedOut(job: WorkerJob, all: readonly Trial[]): Promise<TrialResult[]> {
  const waiting = [...all];
  const done: TrialResult[] = [];
  const began = Date.now();
  const oneThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: job });
      worker.on("error", reject);
      worker.on("message", (message: TrialResult | "ready") => {
        if (message !== "ready") {
          done.push(message);
          const { placement, members, seed } = message.trial;
          const auc = message.metrics?.rocAuc.toFixed(4) ?? "none";
          const seconds = Math.round((Date.now() - began) / 1000);
          console.log(
            `${String(done.length).padStart(3)} of ${all.length}  ${seconds} s  ${placement}, ${members} members (${seed}): ROC-AUC ${auc}`,
          );
        }
        const next = waiting.shift();
        if (next) worker.postMessage(next);
        else void worker.terminate().then(() => resolve());
      });
    });
  const threads = Math.min(all.length, availableParallelism());
  await Promise.all(Array.from({ length: threads }, oneThread));
  return done;
}

function report(done: readonly TrialResult[]): void {
  const order: readonly Placement[] = ["none", "central", "distributed", "local"];
  const cells = cellsOf(done).sort(
    (a, b) => order.indexOf(a.placement) - order.indexOf(b.placement) || a.members - b.members,
  );
  const printed = table(cells);
  console.log(printed);
  const central = cells.find(({ placement }) => placement === "central");
  const far = cells.filter(
    (cell) => cell.placement === "distributed" && central && distance(cell, central) >= 2,
  );
  console.log(
    far.length === 0
      ? "distributed noise is within two standard errors of central noise everywhere"
      : `FAILS: distributed noise is two standard errors or more from central noise with ${far.map(({ members }) => members).join(", ")} members`,
  );
  if (values.json)
    writeFileSync(values.json, `${JSON.stringify({ setting, cells, results }, null, 2)}\n`);
  const title = `ROC-AUC at ε = ${epsilon}, ${task.strategy.rounds} rounds, ${values.seeds} seeds`;
  if (values.picture) writeFileSync(values.picture, picture(cells, title));
  if (values.page)
    writeFileSync(values.page, withTable(readFileSync(values.page, "utf8"), printed));
  if (far.length > 0) process.exitCode = 1;
}

function withTable(page: string, markdown: string): string {
  const marks = /(<!-- utility -->\n)[\s\S]*?(<!-- \/utility -->)/;
  if (!marks.test(page)) throw new Error("the page has no <!-- utility --> … <!-- /utility -->");
  return page.replace(marks, (_, open, close) => `${open}${markdown}\n${close}`);
}
