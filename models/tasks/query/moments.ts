/** Sum, mean and variance of a number column in each cell. Pure. */
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { Cell } from "../../answers/answer.ts";
import type { EncodedData } from "../../data.ts";
import { momentsOf, type Scale, scaleOf } from "../../statistics/moments.ts";
import { type NumberReader, numberReader } from "../columns.ts";
import { ANYTHING_ELSE, MISSING } from "./cells.ts";
import type { QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, titleOf } from "./tables.ts";

/** What is summed of the column's values, scaled to ±1: their number, their sum, and that of their squares. */
export const MOMENTS = {
  sums: ["rows", "values", "squares of values"],
  values: "reals",
  /** 1 + u² + u⁴ ≤ 3. */
  rowNorm: Math.sqrt(3),
} as const;

export function addMomentsInPlace(reader: NumberReader): Statistic["addInPlace"] {
  const { middle, half } = scaleOf(reader);
  return (sums, at, data, row) => {
    const u = Math.max(-1, Math.min(1, (reader.read(data, row) - middle) / half));
    sums[at] = (sums[at] ?? 0) + 1;
    sums[at + 1] = (sums[at + 1] ?? 0) + u;
    sums[at + 2] = (sums[at + 2] ?? 0) + u * u;
  };
}

/** Whether a row has a value of the column. */
export function isPresent(reader: NumberReader): (data: EncodedData, row: number) => boolean {
  return (data, row) => !Number.isNaN(reader.place(data, row));
}

/** @throws {CloisterError} If it is no column of numbers. */
export function momentsStatistic(
  { schema }: QueryContext,
  { column: name }: StatisticSpec<"moments">,
): Statistic {
  const reader = numberReader(schema, name);
  return {
    ...MOMENTS,
    axes: [],
    isCounted: isPresent(reader),
    columns: { summed: [name], grouped: [] },
    addInPlace: addMomentsInPlace(reader),
    answer(opened) {
      const all = byRows(opened, (noised) => [momentCells(noised, scaleOf(reader))]);
      const { rows, notes } = withoutNoiseRows(all, opened.by.names.length);
      const columns = [...byColumns(opened), ...MOMENT_COLUMNS];
      return {
        title: titleOf(`Mean and variance of ${name}`, opened),
        tables: [{ name: "moments", columns, rows }],
        charts: [],
        notes: [SAMPLING_NOTE, ...notes],
      };
    },
  };
}

/**
 * Under noise, a place that nobody declared is left out where its noised count does not tell it from none: its mean is
 * nothing but noise. The rule reads only what is told.
 *
 * @param width Columns that say what a row is of; its count follows them.
 */
export function withoutNoiseRows(rows: readonly Cell[][], width: number): TableRows {
  const told = rows.filter((row) => {
    const count = row[width];
    const isOpen = typeof count === "object" && count !== null && count.low <= 0;
    return !(isOpen && row.slice(0, width).some(isUndeclared));
  });
  return { rows: told, notes: told.length < rows.length ? [LEFT_OUT] : [] };
}

interface TableRows {
  readonly rows: readonly Cell[][];
  readonly notes: readonly string[];
}

const isUndeclared = (label: Cell | undefined): boolean =>
  label === ANYTHING_ELSE || label === MISSING;
const LEFT_OUT = `${ANYTHING_ELSE} and ${MISSING} are left out where their noised count does not tell them from none`;

/** What `momentCells` gives. */
export const MOMENT_COLUMNS = [
  column("rows", "count"),
  column("sum", "number"),
  column("mean", "number"),
  column("mean, with sampling", "number"),
  column("variance", "number"),
  column("standard deviation", "number"),
];

export function momentCells(
  noised: Parameters<typeof momentsOf>[0],
  scale: Scale,
): ReturnType<typeof momentsOf>["mean"][] {
  const { count, sum, mean, meanSampled, variance, stdDev } = momentsOf(noised, scale);
  return [count, sum, mean, meanSampled, variance, stdDev];
}

export const SAMPLING_NOTE =
  "intervals called “with sampling” are of what the rows are drawn from, if they are drawn independently, and include the noise; p-values allow for the noise";
