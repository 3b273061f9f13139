/** What the runs amount to: a table with a verdict, and two pictures. Pure. */
import { chartSvg } from "../../bin/simulate/chart.ts";
import { rocAucStandardError } from "../../models/metrics/intervals.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import { DATA_SETS, type DataSet, type Reference } from "./sets.ts";
import { EPSILONS, MODELS, type ModelKind, type TrialResult } from "./trials.ts";

/** How far below the central model a federated one may be where the test rows can tell. */
const SHORTFALL_MAX = 0.01;
/** Below so many rows in all, a standard error instead. */
const ROWS_MIN = 10_000;

interface Mean {
  readonly rocAuc: number;
  readonly prAuc: number;
  /** Between the lowest and the highest ROC-AUC over seeds. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** All runs of one model on one set. */
export interface Line {
  readonly set: DataSet;
  readonly model: ModelKind;
  /** By place in `EPSILONS`; null: no run, or none that did not fail. */
  readonly means: readonly (Mean | null)[];
  /** Of the central model's ROC-AUC on these test rows. */
  readonly standardError: number;
  readonly sizes: Pick<TrialResult, "members" | "trainRows" | "testRows">;
}

export function linesOf(results: readonly TrialResult[]): Line[] {
  return DATA_SETS.flatMap((set) =>
    MODELS.flatMap((model) => {
      const own = results.filter(({ trial }) => trial.set === set.name && trial.model === model);
      const counts = own.find(({ metrics }) => metrics?.counts)?.metrics?.counts;
      const [sizes] = own;
      if (!sizes || !counts) return [];
      const means = EPSILONS.map((epsilon) =>
        meanOf(
          own.flatMap(({ trial, metrics }) =>
            trial.epsilon === epsilon && metrics ? [metrics] : [],
          ),
        ),
      );
      const standardError = rocAucStandardError(set[model].rocAuc, counts);
      return [{ set, model, means, standardError, sizes }];
    }),
  );
}

function meanOf(all: readonly Metrics[]): Mean | null {
  if (all.length === 0) return null;
  const rocAucs = all.map(({ rocAuc }) => rocAuc);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    rocAuc: mean(rocAucs),
    prAuc: mean(all.map(({ prAuc }) => prAuc)),
    low: Math.min(...rocAucs),
    high: Math.max(...rocAucs),
    count: all.length,
  };
}

/** Whether the goals are reached: near the central model without noise, above one organisation alone always. */
export function verdictOf({ set, model, means, standardError, sizes }: Line): string {
  const [exact] = means;
  const below = EPSILONS.filter((_, i) => (means[i]?.rocAuc ?? 1) <= set.alone.rocAuc);
  const names = below.map((epsilon) => (epsilon === null ? "no noise" : `ε = ${epsilon}`));
  const floor = names.length === 0 ? "" : `; **below one alone: ${names.join(", ")}**`;
  if (!exact) return `not run${floor}`;
  const allowed = sizes.trainRows + sizes.testRows > ROWS_MIN ? SHORTFALL_MAX : standardError;
  const difference = exact.rocAuc - set[model].rocAuc;
  const figure = `${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(4)}`;
  return `${difference >= -allowed ? `reached (${figure})` : `**missed** (${figure})`}${floor}`;
}

const NAMES: Readonly<Record<ModelKind, string>> = { net: "MLP", trees: "trees" };
const pair = ({ rocAuc, prAuc }: Reference): string => `${rocAuc.toFixed(4)} / ${prAuc.toFixed(3)}`;

function cell(mean: Mean | null | undefined): string {
  if (!mean) return "none";
  const half = (mean.high - mean.low) / 2;
  return `${pair(mean)}${mean.count > 1 ? ` ±${half.toFixed(3)}` : ""}`;
}

/** Markdown. */
export function table(lines: readonly Line[]): string {
  const head = [
    "| data: members, training / test rows | model | central | one alone | federated, no noise | ε = 8 | ε = 3 | ε = 1 | error | against central, without noise |",
    "|---|---|---|---|---|---|---|---|---|---|",
  ];
  const rows = lines.map((line) => {
    const { set, model, means, standardError, sizes } = line;
    const about = `${set.name}: ${sizes.members}, ${sizes.trainRows} / ${sizes.testRows}`;
    const cells = [about, NAMES[model], pair(set[model]), pair(set.alone), ...means.map(cell)];
    return `| ${[...cells, standardError.toFixed(4), verdictOf(line)].join(" | ")} |`;
  });
  return [...head, ...rows].join("\n");
}

/** How far each set's ROC-AUC is from the central model's, against ε. SVG. */
export function picture(lines: readonly Line[], model: ModelKind): string {
  const own = lines.filter((line) => line.model === model);
  const series = own.map(({ set, means }) => {
    const points = means.flatMap((mean, tick) => {
      if (!mean) return [];
      const [value = 0, low = 0, high = 0] = [mean.rocAuc, mean.low, mean.high].map(
        (rocAuc) => rocAuc - set[model].rocAuc,
      );
      return [{ tick, value, low, high }];
    });
    return { name: set.name.split("-").slice(0, 2).join(" "), points };
  });
  const figures = own.map(({ set, means }) => {
    const all = means.map((mean) => mean?.rocAuc.toFixed(3) ?? "none").join(", ");
    return `${set.name} ${all} (central ${set[model].rocAuc.toFixed(3)})`;
  });
  return chartSvg({
    title: `Federated ${NAMES[model]}: ROC-AUC less the central model's`,
    description: `ROC-AUC without noise and at ε = 8, 3, 1: ${figures.join("; ")}.`,
    xLabel: "privacy budget ε of the run; bars: range over seeds",
    yLabel: "difference of ROC-AUC",
    ticks: EPSILONS.map((epsilon) => (epsilon === null ? "no noise" : `ε = ${epsilon}`)),
    series,
  });
}
