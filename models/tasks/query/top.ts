/** The categories of a column with the most rows in each cell. Pure. */

import { badInput } from "../../../shared/base/errors.ts";
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { Cell } from "../../answers/answer.ts";
import type { NoisedSums } from "../../statistics/noised.ts";
import { largest } from "../../statistics/ranking.ts";
import { columnReader } from "../columns.ts";
import { type Axis, categoryAxis } from "./cells.ts";
import { countStatistic } from "./count.ts";
import type { QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, declaredPlaces, titleOf } from "./tables.ts";

/** @throws {CloisterError} If the column has no categories. */
export function topStatistic(
  { schema }: QueryContext,
  { column: name, k }: StatisticSpec<"top">,
): Statistic {
  const reader = columnReader(schema, name);
  if (reader.kind !== "category") {
    const message = `column "${name}" has numbers, and this needs declared categories; ask for its histogram instead`;
    throw badInput("question.not-a-category", message);
  }
  const axis = categoryAxis(reader);
  return {
    ...countStatistic(),
    axes: [axis],
    columns: { summed: [], grouped: [name] },
    answer: (opened) => ({
      title: titleOf(`Most frequent ${name}`, opened),
      tables: [
        {
          name: "top",
          columns: [...byColumns(opened), column(name, "text"), ...COLUMNS],
          rows: byRows(opened, (noised) => topRows(noised, axis, k)),
        },
      ],
      charts: [],
      notes: [
        "ranks are the best and the worst that the noise leaves open; that categories were chosen for their counts makes noise upwards likelier where many are close",
      ],
    }),
  };
}

const COLUMNS = [
  column("rows", "count"),
  column("best rank", "count"),
  column("worst rank", "count"),
];

/** Anything else has no rank, and comes last. */
function topRows({ sums, stdDev }: NoisedSums, axis: Axis, k: number): Cell[][] {
  const declared = declaredPlaces(axis);
  const ranked = largest({ sums: sums.subarray(0, declared), stdDev }, k);
  const [other] = largest({ sums: sums.subarray(declared), stdDev }, 1);
  return [
    ...ranked.map(({ index, count, rankBest, rankWorst }): Cell[] => [
      axis.labels[index] ?? "",
      count,
      rankBest,
      rankWorst,
    ]),
    [axis.labels[declared] ?? "", other?.count ?? null, null, null],
  ];
}
