/** Counts by several columns, and for each pair of them whether they go together. Pure. */
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { Cell } from "../../answers/answer.ts";
import type { NoisedSums } from "../../statistics/noised.ts";
import { tableTest, twoByTwo } from "../../statistics/table.ts";
import { type Axis, axisOf } from "./cells.ts";
import { countStatistic, countTable } from "./count.ts";
import { SAMPLING_NOTE } from "./moments.ts";
import type { QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, declaredPlaces, titleOf } from "./tables.ts";

/** @throws {CloisterError} If a column cannot be broken down so; says what to change. */
export function crosstabStatistic(
  { schema }: QueryContext,
  { columns }: StatisticSpec<"crosstab">,
): Statistic {
  const axes = columns.map((group) => axisOf(schema, group));
  const grouped = columns.map((group) => group.column);
  return {
    ...countStatistic(),
    axes,
    columns: { summed: [], grouped },
    answer: (opened) => ({
      title: titleOf(`Rows by ${grouped.join(" × ")}`, opened),
      tables: [
        countTable(opened, "rows"),
        {
          name: "pairs",
          columns: [...byColumns(opened), ...PAIR_COLUMNS],
          rows: byRows(opened, (noised) => pairRows(noised, axes)),
        },
        {
          name: "ratios",
          columns: [...byColumns(opened), ...RATIO_COLUMNS],
          rows: byRows(opened, (noised) => ratioRows(noised, axes)),
        },
      ],
      charts: [],
      notes: [SAMPLING_NOTE, "tests are of declared categories and bands that have rows"],
    }),
  };
}

const PAIR_COLUMNS = [
  column("rows", "text"),
  column("columns", "text"),
  column("χ²", "number"),
  column("degrees of freedom", "count"),
  column("p-value", "probability"),
  column("Cramér's V", "share"),
];

const RATIO_COLUMNS = [
  column("of", "text"),
  column("among", "text"),
  column("odds ratio", "number"),
  column("odds ratio, with sampling", "number"),
  column("relative risk", "number"),
  column("relative risk, with sampling", "number"),
];

interface Pair {
  readonly row: Axis;
  readonly column: Axis;
  /** Declared places of both; all of other columns. Shape [places of row × places of column]. */
  readonly counts: NoisedSums;
}

function pairsOf(noised: NoisedSums, axes: readonly Axis[]): Pair[] {
  return axes.flatMap((row, a) =>
    axes.slice(a + 1).map((other, i) => ({
      row,
      column: other,
      counts: marginal(noised, axes, a, a + 1 + i),
    })),
  );
}

/** Counts by two columns, added up over all others: their noise adds up too. */
function marginal({ sums, stdDev }: NoisedSums, axes: readonly Axis[], a: number, b: number) {
  const sizes = axes.map(({ labels }) => labels.length);
  const [height, width] = [a, b].map((k) => (sizes[k] ?? 1) - 1);
  const counts = new Float64Array((height ?? 0) * (width ?? 0));
  for (const [cell, count] of sums.entries()) {
    const places = placesOf(cell, sizes);
    const [i = 0, j = 0] = [places[a], places[b]];
    if (i === height || j === width) continue;
    const at = i * (width ?? 0) + j;
    counts[at] = (counts[at] ?? 0) + count;
  }
  const others = sums.length / (sizes[a] ?? 1) / (sizes[b] ?? 1);
  return { sums: counts, stdDev: stdDev * Math.sqrt(others) };
}

function placesOf(cell: number, sizes: readonly number[]): number[] {
  let rest = cell;
  const places: number[] = [];
  for (const size of sizes.toReversed()) {
    places.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return places;
}

function pairRows(noised: NoisedSums, axes: readonly Axis[]): Cell[][] {
  return pairsOf(noised, axes).map(({ row, column: other, counts }) => {
    const test = tableTest(counts, declaredPlaces(other));
    const names = [row.name, other.name];
    if (test === null) return [...names, null, null, null, null];
    return [...names, test.chiSquare, test.degrees, test.pValue, test.cramersV];
  });
}

/** Of pairs of columns with two declared places each. */
function ratioRows(noised: NoisedSums, axes: readonly Axis[]): Cell[][] {
  const pairs = pairsOf(noised, axes).filter(
    ({ row, column: other }) => declaredPlaces(row) === 2 && declaredPlaces(other) === 2,
  );
  return pairs.map(({ row, column: other, counts }) => {
    const { oddsRatio, oddsRatioSampled, relativeRisk, relativeRiskSampled } = twoByTwo(counts);
    const of = `${other.name} ${other.labels[0]} against ${other.labels[1]}`;
    const among = `${row.name} ${row.labels[0]} against ${row.labels[1]}`;
    return [of, among, oddsRatio, oddsRatioSampled, relativeRisk, relativeRiskSampled];
  });
}
