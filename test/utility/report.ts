/** What the trials amount to: means, standard errors, a table and a picture. Pure. */
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

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [560, 320, 64, 34, 272];
const COLOURS: Readonly<Record<Placement, string>> = {
  none: "#666666",
  central: "#1b6ca8",
  distributed: "#1a936f",
  local: "#c8553d",
};

/** ROC-AUC by number of members, with bars of two standard errors. SVG. */
export function picture(cells: readonly Cell[], title: string): string {
  const members = [...new Set(cells.map((cell) => cell.members))].sort((a, b) => a - b);
  const values = cells.flatMap(({ rocAuc }) => [
    rocAuc.mean - 2 * rocAuc.standardError,
    rocAuc.mean + 2 * rocAuc.standardError,
  ]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.08 * (high - low);
  const y = (value: number): number =>
    BOTTOM - ((value - low + margin) / (high - low + 2 * margin)) * (BOTTOM - TOP);
  const x = (count: number): number =>
    LEFT + 40 + (members.indexOf(count) * (WIDTH - LEFT - 190)) / Math.max(1, members.length - 1);
  const parts = [axes(members, x, y, low, high), `<text x="${LEFT}" y="20">${title}</text>`];
  for (const [i, placement] of (["none", "central", "distributed", "local"] as const).entries()) {
    const own = cells.filter((cell) => cell.placement === placement);
    if (own.length > 0) parts.push(series(own, placement, i, x, y));
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`;
  return `${head}\n<title>${title}</title>\n<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>\n${parts.join("\n")}\n</svg>\n`;
}

type Scale = (value: number) => number;

function axes(members: readonly number[], x: Scale, y: Scale, low: number, high: number): string {
  const ticks = [low, (low + high) / 2, high].map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - 130}" y1="${y(value)}" y2="${y(value)}" stroke="#dddddd"/>` +
      `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(3)}</text>`,
  );
  const names = members.map(
    (count) => `<text x="${x(count)}" y="${BOTTOM + 20}" text-anchor="middle">${count}</text>`,
  );
  const label = `<text x="${(LEFT + WIDTH - 130) / 2}" y="${HEIGHT - 8}" text-anchor="middle">members; bars: two standard errors over seeds</text>`;
  return [...ticks, ...names, label].join("\n");
}

function series(
  cells: readonly Cell[],
  placement: Placement,
  index: number,
  x: Scale,
  y: Scale,
): string {
  const colour = COLOURS[placement];
  const shift = 5 * (index - 1.5);
  const points = [...cells].sort((a, b) => a.members - b.members);
  const at = (cell: Cell): string => `${x(cell.members) + shift},${y(cell.rocAuc.mean)}`;
  const line = `<polyline fill="none" stroke="${colour}" points="${points.map(at).join(" ")}"/>`;
  const marks = points.map((cell) => {
    const centre = x(cell.members) + shift;
    const { mean, standardError } = cell.rocAuc;
    const bar = `<line x1="${centre}" x2="${centre}" y1="${y(mean - 2 * standardError)}" y2="${y(mean + 2 * standardError)}" stroke="${colour}"/>`;
    return `${bar}<circle cx="${centre}" cy="${y(mean)}" r="3.5" fill="${colour}"/>`;
  });
  const legendY = TOP + 16 + 20 * index;
  const legend = `<circle cx="${WIDTH - 112}" cy="${legendY - 4}" r="4" fill="${colour}"/><text x="${WIDTH - 102}" y="${legendY}">${placement === "none" ? "no noise" : placement}</text>`;
  return [line, ...marks, legend].join("\n");
}
