/** An answer as JSON, and back: nothing is lost, infinities neither. Pure. */
import { z } from "zod";
import { parseOrRefuse } from "../../shared/charter/charter.ts";
import type { Answer, Cell, Point } from "./answer.ts";

/** JSON has no numbers beyond all bounds, and none that is none. */
const Numeral = z.union([
  z.number(),
  z.literal("inf").transform(() => Number.POSITIVE_INFINITY),
  z.literal("-inf").transform(() => Number.NEGATIVE_INFINITY),
  z.literal("nan").transform(() => Number.NaN),
]);
/** A lone number that JSON lacks: `"inf"` alone would be a text. */
const Lone = z.strictObject({ number: Numeral }).transform(({ number }) => number);
const Estimate = z.strictObject({ value: Numeral, low: Numeral, high: Numeral });
const AnyCell = z.union([z.string(), z.number(), z.null(), Lone, Estimate]);
const Column = z.strictObject({
  name: z.string(),
  kind: z.enum(["text", "count", "number", "share", "probability"]),
});
const Table = z
  .strictObject({ name: z.string(), columns: z.array(Column), rows: z.array(z.array(AnyCell)) })
  .refine(
    ({ columns, rows }) => rows.every((row) => row.length === columns.length),
    "a row has another number of cells than the table has columns",
  );
const AnyPoint = z.strictObject({
  x: z.union([z.string(), z.number(), Lone]),
  y: Numeral,
  low: Numeral.optional(),
  high: Numeral.optional(),
});
const Series = z.strictObject({ name: z.string(), points: z.array(AnyPoint) });
const Chart = z.strictObject({
  kind: z.enum(["bars", "lines", "steps"]),
  title: z.string(),
  x: z.string(),
  y: z.string(),
  series: z.array(Series),
});
const AnswerFile = z.strictObject({
  title: z.string(),
  tables: z.array(Table),
  charts: z.array(Chart),
  notes: z.array(z.string()),
});

/** @returns Plain data that `JSON.stringify` changes nothing of. */
export function answerData({ title, tables, charts, notes }: Answer): unknown {
  return {
    title,
    tables: tables.map((table) => ({ ...table, rows: table.rows.map((row) => row.map(cellData)) })),
    charts: charts.map((chart) => ({
      ...chart,
      series: chart.series.map(({ name, points }) => ({ name, points: points.map(pointData) })),
    })),
    notes,
  };
}

/**
 * @param value What `answerData` made.
 * @param what Where it is from, for the error.
 * @throws {CloisterError} `input.invalid`.
 */
export function parseAnswer(value: unknown, what: string): Answer {
  const { charts, ...rest } = parseOrRefuse(AnswerFile, value, what);
  return {
    ...rest,
    charts: charts.map((chart) => ({
      ...chart,
      series: chart.series.map(({ name, points }) => ({ name, points: points.map(bare) })),
    })),
  };
}

/** Without ends that are left out. */
function bare({ x, y, low, high }: z.infer<typeof AnyPoint>): Point {
  return { x, y, ...(low !== undefined && { low }), ...(high !== undefined && { high }) };
}

function cellData(cell: Cell): unknown {
  if (typeof cell === "number") return loneData(cell);
  if (cell === null || typeof cell === "string") return cell;
  return { value: numeral(cell.value), low: numeral(cell.low), high: numeral(cell.high) };
}

function pointData({ x, y, low, high }: Point): unknown {
  return {
    x: typeof x === "number" ? loneData(x) : x,
    y: numeral(y),
    ...(low !== undefined && { low: numeral(low) }),
    ...(high !== undefined && { high: numeral(high) }),
  };
}

function loneData(value: number): unknown {
  return Number.isFinite(value) ? value : { number: numeral(value) };
}

function numeral(value: number): number | string {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}
