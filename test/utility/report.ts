/** What the trials amount to: means, standard errors, a table and a picture. Pure. */
import { chartSvg } from "../../bin/simulate/chart.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import type { Placement, Trial } from "./experiment.ts";

export interface TrialResult {
  readonly trial: Trial;
  readonly metrics: Metrics | null;
}

export interface Cell {
  readonly placement: Placement;
  readonly members: number;
  readonly count: number;
  readonly rocAuc: Estimate;
  readonly prAuc: Estimate;
  readonly recall: Estimate;
}

/** A mean over seeds and its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly standardError: number;
}

export function estimate(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length);
  return { mean, standardError };
}

export function cellsOf(results: readonly TrialResult[]): Cell[] {
  const groups = new Map<string, TrialResult[]>();
  for (const result of results) {
    const key = `${result.trial.placement}/${result.trial.members}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const { placement, members } = group[0]?.trial ?? { placement: "none", members: 1 };
    const all = (pick: (metrics: Metrics) => number): Estimate =>
      estimate(group.map(({ metrics }) => (metrics ? pick(metrics) : Number.NaN)));
    return {
      placement,
      members,
      count: group.length,
      rocAuc: all(({ rocAuc }) => rocAuc),
      prAuc: all(({ prAuc }) => prAuc),
      recall: all(({ recallAt5pctFpr }) => recallAt5pctFpr),
    };
  });
}

/** How far a placement's ROC-AUC is from central noise's, in standard errors of the difference. */
export function distance(cell: Cell, central: Cell): number {
  const error = Math.hypot(cell.rocAuc.standardError, central.rocAuc.standardError);
  return Math.abs(cell.rocAuc.mean - central.rocAuc.mean) / error;
}

const text = ({ mean, standardError }: Estimate): string =>
  `${mean.toFixed(4)} ± ${standardError.toFixed(4)}`;

/** Markdown. */
export function table(cells: readonly Cell[]): string {
  const central = cells.find(({ placement }) => placement === "central");
  const lines = [
    "| noise | members | ROC-AUC | PR-AUC | recall at 5 % FPR | ROC-AUC from central, standard errors |",
    "|---|---|---|---|---|---|",
  ];
  for (const cell of cells) {
    const from =
      central && cell.placement !== "none" && cell !== central
        ? distance(cell, central).toFixed(1)
        : "";
    const row = [cell.placement, cell.members, text(cell.rocAuc), text(cell.prAuc)];
    lines.push(`| ${[...row, text(cell.recall), from].join(" | ")} |`);
  }
  return lines.join("\n");
}

const NAMES: Readonly<Record<Placement, string>> = {
  none: "no noise",
  central: "central",
  distributed: "distributed",
  local: "local",
};

/** ROC-AUC by number of members, with bars of two standard errors. SVG. */
export function picture(cells: readonly Cell[], title: string): string {
  const members = [...new Set(cells.map((cell) => cell.members))].sort((a, b) => a - b);
  const series = (["none", "central", "distributed", "local"] as const).flatMap((placement) => {
    const own = cells.filter((cell) => cell.placement === placement);
    const points = own.map(({ members: count, rocAuc: { mean, standardError } }) => ({
      tick: members.indexOf(count),
      value: mean,
      low: mean - 2 * standardError,
      high: mean + 2 * standardError,
    }));
    points.sort((a, b) => a.tick - b.tick);
    return points.length === 0 ? [] : [{ name: NAMES[placement], points }];
  });
  const figures = cells.map(
    ({ placement, members: count, rocAuc }) =>
      `${NAMES[placement]}, ${count} members ${rocAuc.mean.toFixed(3)}`,
  );
  return chartSvg({
    title,
    description: `Mean over seeds: ${figures.join("; ")}.`,
    xLabel: "members; bars: two standard errors over seeds",
    yLabel: "ROC-AUC",
    ticks: members.map(String),
    series,
  });
}
