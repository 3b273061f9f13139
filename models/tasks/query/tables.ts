/** What answers to questions have in common: a table's columns and its rows for each of the question's cells. Pure. */
import type { Cell, Column, Point } from "../../answers/answer.ts";
import type { NoisedSums, Told } from "../../statistics/noised.ts";
import type { Axis } from "./cells.ts";
import type { OpenedCells } from "./statistic.ts";

export function column(name: string, kind: Column["kind"]): Column {
  return { name, kind };
}

/** Names of the columns that a question is broken down by. */
export function byColumns({ by }: OpenedCells): Column[] {
  return by.names.map((name) => column(name, "text"));
}

/** Rows of each of the question's own cells, its labels first. */
export function byRows(
  opened: OpenedCells,
  rowsOf: (noised: NoisedSums, outer: number) => readonly (readonly Cell[])[],
): Cell[][] {
  return Array.from({ length: opened.by.count }, (_, outer) => {
    const noised = { sums: opened.sumsWithin(outer), stdDev: opened.stdDev };
    return rowsOf(noised, outer).map((row) => [...opened.by.labelsOf(outer), ...row]);
  }).flat();
}

/** What a chart calls a cell of the question; nothing where it is not broken down. */
export function seriesName({ by }: OpenedCells, outer: number, ...more: string[]): string {
  return [...by.labelsOf(outer), ...more].join(", ");
}

export function titleOf(what: string, { by }: OpenedCells): string {
  return by.names.length > 0 ? `${what} by ${by.names.join(", ")}` : what;
}

/** A place of a chart; none where there is no number. */
export function pointsOf(x: number | string, told: Told): Point[] {
  if (told === null) return [];
  if (typeof told === "number") return [{ x, y: told }];
  return [{ x, y: told.value, low: told.low, high: told.high }];
}

/** Places of an axis that tests compare: declared ones, not what is missing or anything else, which is the last. */
export function declaredPlaces({ labels }: Axis): number {
  return labels.length - 1;
}
