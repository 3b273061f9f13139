/** How many rows there are in each cell. Pure. */
import type { Answer, Cell } from "../answers/answer.ts";
import { estimate } from "../answers/estimate.ts";
import { ANYTHING_ELSE } from "./query-cells.ts";
import type { OpenedCells, QueryContext, Statistic } from "./query-statistic.ts";

export function countStatistic({ schema, noise, spec }: QueryContext): Statistic {
  const isLimited = noise !== null && schema.unit !== null;
  return {
    sums: ["rows"],
    values: "integers",
    rowNorm: 1,
    columns: { summed: [], grouped: [] },
    addInPlace(sums, at) {
      sums[at] = (sums[at] ?? 0) + 1;
    },
    answer: (opened) => answerOf(opened, isLimited ? spec.rowsPerUnitMax : null),
  };
}

function answerOf(opened: OpenedCells, rowsPerUnitMax: number | null): Answer {
  const { cells, stdDev } = opened;
  const rows = Array.from({ length: cells.count }, (_, cell): Cell[] => {
    const [count = 0] = opened.sumsOf(cell);
    return [...cells.labelsOf(cell), estimate(count, stdDev)];
  });
  const names = cells.names.map((name) => ({ name, kind: "text" as const }));
  const table = {
    name: "rows",
    columns: [...names, { name: "rows", kind: "count" as const }],
    rows,
  };
  const limit = `of each ${rowsPerUnitMax === 1 ? "unit one row" : `unit at most ${rowsPerUnitMax} rows`} were counted`;
  return {
    title: cells.names.length > 0 ? `Rows by ${cells.names.join(", ")}` : "Rows",
    tables: [table],
    charts: cells.names.length === 1 ? [bars(opened)] : [],
    notes: rowsPerUnitMax === null ? [] : [limit],
  };
}

function bars({ cells, sumsOf, stdDev }: OpenedCells): Answer["charts"][number] {
  const points = Array.from({ length: cells.count }, (_, cell) => {
    const [count = 0] = sumsOf(cell);
    const value = estimate(count, stdDev);
    const x = cells.labelsOf(cell)[0] ?? ANYTHING_ELSE;
    return typeof value === "number"
      ? { x, y: value }
      : { x, y: value.value, low: value.low, high: value.high };
  });
  const name = cells.names[0] ?? "";
  return {
    kind: "bars",
    title: `Rows by ${name}`,
    x: name,
    y: "rows",
    series: [{ name: "rows", points }],
  };
}
