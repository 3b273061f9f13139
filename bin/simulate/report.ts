/** What a simulation found: a table, a picture, an object for programs, and its rounds as CSV. Pure. */
import type { Metrics } from "../../models/tasks/task.ts";
import type { MetricName, TaskSpec } from "../../shared/charter/task-spec.ts";
import { VERDICTS } from "../verdicts.ts";
import type { Played } from "./baselines.ts";
import { type Chart, chartSvg, type Series } from "./chart.ts";
import type { Line, Result } from "./play.ts";

/** Over seeds; NaN where no run has a figure. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [below, above] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  const median = ((below ?? Number.NaN) + (above ?? Number.NaN)) / 2;
  return { median, low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN };
}

function spread(runs: readonly Played[], metric: MetricName): Spread {
  return spreadOf(runs.flatMap(({ metrics }) => (metrics ? [metrics[metric]] : [])));
}

function nameOf({ kind, epsilon }: Line): string {
  if (kind === "pooled") return "records pooled";
  if (kind === "alone") return "each member alone, mean";
  return epsilon === null ? "federated, no noise" : `federated, ε = ${epsilon}`;
}

const COLUMNS = ["ROC-AUC", "PR-AUC", "recall at 5 % FPR", "aborted", "failed", "noise"];

/** Markdown, aligned for a terminal. */
export function tableLines({ lines }: Result): string[] {
  const rows = [["", ...COLUMNS]];
  for (const line of lines) {
    const { kind, runs, setting } = line;
    const federated = kind === "federated";
    const figures = (["rocAuc", "prAuc", "recallAt5pctFpr"] as const).map((metric) =>
      inWords(spread(runs, metric)),
    );
    const aborted = runs.reduce((sum, run) => sum + run.aborted, 0);
    const failed = runs.filter(({ failure }) => failure !== null).length;
    const noise = setting?.manifest.privacy?.trainMultiplier;
    const worth = setting?.worth ? `, ${setting.worth.verdict}` : "";
    rows.push([
      nameOf(line),
      ...figures,
      federated ? String(aborted) : "",
      failed === 0 ? "" : `${failed} of ${runs.length}`,
      noise === undefined ? "" : `z = ${noise.toFixed(2)}${worth}`,
    ]);
  }
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const text = rows.map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`,
  );
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [text[0] ?? "", rule, ...text.slice(1)];
}

function shortly(value: number): string {
  return Number.isNaN(value) ? "not known" : value.toFixed(3);
}

function inWords({ median, low, high }: Spread): string {
  if (Number.isNaN(median)) return "none";
  if (low === high) return median.toFixed(4);
  return `${median.toFixed(4)} (${low.toFixed(4)}–${high.toFixed(4)})`;
}

/** What a reader must not take a simulation for, and what to make of this one. */
export function noteLines({ lines, notes }: Result): string[] {
  const warnings = (["poor", "hopeless"] as const).flatMap((verdict) => {
    const some = lines.filter(({ setting }) => setting?.worth?.verdict === verdict);
    const epsilons = some.map(({ epsilon }) => epsilon).join(" and ");
    return some.length === 0 ? [] : [`${verdict} at ε = ${epsilons}: ${VERDICTS[verdict]}`];
  });
  const failures = lines.flatMap(({ runs }) => runs.flatMap(({ failure }) => failure ?? []));
  return [
    ...notes,
    ...warnings,
    ...(failures[0] ? [`a run failed: ${failures[0].message}`] : []),
    "Nothing in a simulation is protected: all records lie in one process, noise comes from a seed, and masks, which cancel",
    "in every sum to the last bit, are not computed. Everything else is what members and coordinator compute.",
  ];
}

const METRICS: Readonly<Record<MetricName, string>> = {
  rocAuc: "ROC-AUC",
  prAuc: "PR-AUC",
  recallAt1pctFpr: "recall at 1 % FPR",
  recallAt5pctFpr: "recall at 5 % FPR",
};
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** Utility against ε, beside what it is held against. SVG. */
export function plotOf(result: Result, metric: MetricName, about: string): string {
  const federated = result.lines.filter(({ kind }) => kind === "federated");
  const points = federated.map(({ runs }, tick) => {
    const { median: value, low, high } = spread(runs, metric);
    return { tick, value, low, high };
  });
  const level = (kind: Line["kind"]): number =>
    spread(result.lines.find((line) => line.kind === kind)?.runs ?? [], metric).median;
  const series: Series[] = [
    { name: "federated", points },
    { name: "records pooled", level: level("pooled") },
    { name: "each member alone", level: level("alone") },
  ];
  const ticks = federated.map(({ epsilon }) => (epsilon === null ? "no noise" : `ε = ${epsilon}`));
  const figures = points.map(({ tick, value }) => `${ticks[tick]} ${shortly(value)}`);
  const chart: Chart = {
    title: `${METRICS[metric]} against ε: ${about}`,
    description: `${METRICS[metric]} of the federated model, median over seeds: ${figures.join(", ")}; records pooled ${shortly(level("pooled"))}; each member alone ${shortly(level("alone"))}.`,
    xLabel: "privacy budget ε of the run; bars: range over seeds",
    yLabel: `${METRICS[metric]} on held-out rows`,
    ticks,
    series,
  };
  return chartSvg(chart);
}

/** For programs. Numbers as they are; null where there is none. */
export function resultJson(result: Result, task: TaskSpec): object {
  const { memberCount, trainUnits, holdoutRows, notes } = result;
  const lines = result.lines.map(({ kind, epsilon, setting, runs }) => ({
    kind,
    epsilon,
    privacy: setting?.manifest.privacy ?? null,
    worth: setting?.worth ?? null,
    summary: Object.fromEntries(METRIC_NAMES.map((metric) => [metric, spread(runs, metric)])),
    runs: runs.map(({ seed, metrics, secure, rounds, aborted, failure }) => {
      return { seed, metrics, secure, rounds: rounds.length, aborted, failure };
    }),
  }));
  return { memberCount, trainUnits, holdoutRows, task, notes, lines };
}

/** One line for each round that was opened. */
export function roundsCsv({ lines }: Result): string {
  const header = "epsilon,seed,round,kind,survivors,aborted,loss,rocAuc,prAuc";
  const rows = lines.flatMap(({ kind, epsilon, runs }) =>
    kind === "federated"
      ? runs.flatMap(({ seed, rounds }) =>
          rounds.map(({ round, askKind, survivors, aborted, loss, metrics }) => {
            const evaluated: Metrics | null = askKind === "evaluate" ? metrics : null;
            const cells = [epsilon ?? "none", quoted(seed), round, askKind, survivors, aborted];
            return [...cells, loss ?? "", evaluated?.rocAuc ?? "", evaluated?.prAuc ?? ""].join(
              ",",
            );
          }),
        )
      : [],
  );
  return `${[header, ...rows].join("\n")}\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
