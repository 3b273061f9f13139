/** Quantiles of a number column in each cell, to within a bin. Pure. */
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { Answer } from "../../answers/answer.ts";
import { mapTold, type NoisedSums, told } from "../../statistics/noised.ts";
import {
  addToTreeInPlace,
  consistentBins,
  quantilePlace,
  type TreeHistogram,
  treeLength,
} from "../../statistics/tree-histogram.ts";
import { type NumberReader, numberReader } from "../columns.ts";
import { binFinder, binsAxis, binValue } from "./cells.ts";
import { countStatistic } from "./count.ts";
import { isPresent } from "./moments.ts";
import type { OpenedCells, QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, titleOf } from "./tables.ts";

type Spec = StatisticSpec<"quantiles">;

/**
 * Without noise a histogram is enough, and each of its bins is held back by itself; under noise counts at all
 * resolutions are asked for.
 *
 * @throws {CloisterError} If it is no column of numbers.
 */
export function quantilesStatistic({ schema, noise }: QueryContext, spec: Spec): Statistic {
  const reader = numberReader(schema, spec.column);
  const common = { isCounted: isPresent(reader), columns: { summed: [], grouped: [spec.column] } };
  if (noise === null) {
    const bins = ({ sums }: NoisedSums): TreeHistogram => ({
      bins: sums.slice(0, spec.bins),
      stdDev: 0,
    });
    return {
      ...countStatistic(),
      ...common,
      axes: [binsAxis(reader, spec.bins)],
      answer: (opened) => answerOf(opened, spec, reader, bins),
    };
  }
  const height = Math.log2(spec.bins);
  const binOf = binFinder(reader, spec.bins);
  return {
    ...common,
    axes: [],
    sums: treeNames(height),
    values: "integers",
    rowNorm: Math.sqrt(height + 1),
    addInPlace: (sums, at, data, row) =>
      addToTreeInPlace(sums, at, height, binOf(reader.place(data, row))),
    answer: (opened) => answerOf(opened, spec, reader, consistentBins),
  };
}

function treeNames(height: number): string[] {
  return Array.from({ length: treeLength(height) }, (_, node) => {
    const level = Math.floor(Math.log2(node + 1));
    return level === 0 ? "rows" : `rows in part ${node + 2 - 2 ** level} of ${2 ** level}`;
  });
}

function answerOf(
  opened: OpenedCells,
  { column: name, shares, bins }: Spec,
  reader: NumberReader,
  histogramOf: (noised: NoisedSums) => TreeHistogram,
): Answer {
  const valueAt = (place: number): number => binValue(reader, bins, place);
  return {
    title: titleOf(`Quantiles of ${name}`, opened),
    tables: [
      {
        name: "quantiles",
        columns: [
          ...byColumns(opened),
          column("share of rows below", "share"),
          column(name, "number"),
        ],
        rows: byRows(opened, (noised) => {
          const histogram = histogramOf(noised);
          return shares.map((share) => [share, mapTold(quantilePlace(histogram, share), valueAt)]);
        }),
      },
      {
        name: "rows",
        columns: [...byColumns(opened), column("rows", "count")],
        rows: byRows(opened, (noised) => [[rowsOf(histogramOf(noised), noised)]]),
      },
    ],
    charts: [],
    notes: [
      `values are told from ${bins} bins over the declared range, as if they were spread evenly within each`,
    ],
  };
}

function rowsOf({ bins }: TreeHistogram, { stdDev }: NoisedSums) {
  const rows = bins.reduce((sum, count) => sum + count, 0);
  // The best fit's total has less noise than the root's own count: 2^(height + 1) − 1 parts of it for 2^height.
  return told(rows, stdDev * Math.sqrt(bins.length / (2 * bins.length - 1)));
}
