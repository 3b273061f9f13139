/** How many rows, or units, there are in each cell; also by bands of one more column, as a histogram. Pure. */
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { Answer, Cell, Table } from "../../answers/answer.ts";
import { estimate } from "../../answers/estimate.ts";
import { columnReader } from "../columns.ts";
import { ANYTHING_ELSE, type Axis, binsAxis, categoryAxis } from "./cells.ts";
import type { OpenedCells, QueryContext, Statistic } from "./statistic.ts";
import { column, pointsOf } from "./tables.ts";

export function countStatistic(): Statistic {
  return {
    axes: [],
    sums: ["rows"],
    values: "integers",
    rowNorm: 1,
    columns: { summed: [], grouped: [] },
    addInPlace: addRowInPlace,
    answer: (opened) => answerOf(opened, "rows"),
  };
}

/** A unit counts once in each cell that it has a row in: of k rows, in k cells at most, each by 1. */
export function unitsStatistic(): Statistic {
  return {
    ...countStatistic(),
    sums: ["units"],
    unitNorm: (rowCount, cellCount) => Math.sqrt(Math.min(rowCount, cellCount)),
    addInPlace(sums, at, _data, _row, isNew) {
      if (isNew) addRowInPlace(sums, at);
    },
    answer: (opened) => answerOf(opened, "units"),
  };
}

/** @throws {CloisterError} If it is no column that questions read. */
export function histogramStatistic(
  { schema }: QueryContext,
  name: string,
  bins: number,
): Statistic {
  const axis = spreadAxis(schema, name, bins);
  return { ...countStatistic(), axes: [axis], columns: { summed: [], grouped: [name] } };
}

/** Numbers in bins, and categories as they are. */
export function spreadAxis(schema: DataSchema, name: string, bins: number): Axis {
  const reader = columnReader(schema, name);
  return reader.kind === "number" ? binsAxis(reader, bins) : categoryAxis(reader);
}

export function addRowInPlace(sums: Float64Array, at: number): void {
  sums[at] = (sums[at] ?? 0) + 1;
}

/** Counts of all cells. */
export function countTable({ cells, sumsOf, stdDev }: OpenedCells, what: string): Table {
  const rows = Array.from({ length: cells.count }, (_, cell): Cell[] => {
    const [count = 0] = sumsOf(cell);
    return [...cells.labelsOf(cell), estimate(count, stdDev)];
  });
  const names = cells.names.map((name) => column(name, "text"));
  return { name: what, columns: [...names, column(what, "count")], rows };
}

function answerOf(opened: OpenedCells, what: string): Answer {
  const { names } = opened.cells;
  const subject = what === "rows" ? "Rows" : "Units";
  return {
    title: names.length > 0 ? `${subject} by ${names.join(", ")}` : subject,
    tables: [countTable(opened, what)],
    charts: names.length === 1 ? [bars(opened, what, subject)] : [],
    notes: [],
  };
}

function bars(
  { cells, sumsOf, stdDev }: OpenedCells,
  what: string,
  subject: string,
): Answer["charts"][number] {
  const points = Array.from({ length: cells.count }, (_, cell) => {
    const [count = 0] = sumsOf(cell);
    return pointsOf(cells.labelsOf(cell)[0] ?? ANYTHING_ELSE, estimate(count, stdDev));
  }).flat();
  const name = cells.names[0] ?? "";
  const series = [{ name: what, points }];
  return { kind: "bars", title: `${subject} by ${name}`, x: name, y: what, series };
}
