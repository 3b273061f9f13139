/** How far a column's values have moved between rows of two kinds: earlier and later, here and there. Pure. */
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { NoisedSums } from "../../statistics/noised.ts";
import type { Axis } from "./cells.ts";
import { countStatistic, spreadAxis } from "./count.ts";
import { rowTest } from "./filter.ts";
import { SAMPLING_NOTE } from "./moments.ts";
import {
  type Histogram,
  STABILITY_COLUMNS,
  STABILITY_NOTE,
  shareOf,
  stabilityCells,
} from "./shares.ts";
import type { OpenedCells, QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, pointsOf, seriesName, titleOf } from "./tables.ts";

const SIDES = ["before", "after"] as const;

/** @throws {CloisterError} If a column or a condition does not fit; says what to change. */
export function driftStatistic(
  { schema }: QueryContext,
  { column: name, bins, before = [], after = [] }: StatisticSpec<"drift">,
): Statistic {
  const axis = spreadAxis(schema, name, bins);
  const [isBefore, isAfter] = [rowTest(schema, before), rowTest(schema, after)];
  const side: Axis = { name: "when", labels: SIDES, at: (data, row) => +isAfter(data, row) };
  const conditions = [...before, ...after].map((one) => one.column);
  return {
    ...countStatistic(),
    axes: [side, axis],
    isCounted: (data, row) => isBefore(data, row) !== isAfter(data, row),
    columns: { summed: conditions, grouped: [name] },
    answer: (opened) => ({
      title: titleOf(`Drift of ${name}`, opened),
      tables: [
        {
          name: "stability",
          columns: [...byColumns(opened), ...STABILITY_COLUMNS],
          rows: byRows(opened, (noised) => {
            const [earlier, later] = sidesOf(noised);
            return [stabilityCells(earlier, later)];
          }),
        },
        {
          name: "shares",
          columns: [
            ...byColumns(opened),
            column(name, "text"),
            ...SIDES.map((own) => column(own, "share")),
          ],
          rows: byRows(opened, (noised) =>
            axis.labels.map((label, b) => [
              label,
              ...sidesOf(noised).map((own) => shareOf(own, b)),
            ]),
          ),
        },
      ],
      charts: [chartOf(opened, name, axis)],
      notes: [SAMPLING_NOTE, STABILITY_NOTE],
    }),
  };
}

function sidesOf({ sums, stdDev }: NoisedSums): [Histogram, Histogram] {
  const bins = sums.length / 2;
  return [
    { sums: sums.subarray(0, bins), stdDev },
    { sums: sums.subarray(bins), stdDev },
  ];
}

function chartOf(opened: OpenedCells, name: string, axis: Axis) {
  const series = Array.from({ length: opened.by.count }, (_, outer) => {
    const sides = sidesOf({ sums: opened.sumsWithin(outer), stdDev: opened.stdDev });
    return sides.map((own, s) => ({
      name: seriesName(opened, outer, SIDES[s] ?? ""),
      points: axis.labels.flatMap((label, b) => pointsOf(label, shareOf(own, b))),
    }));
  }).flat();
  return { kind: "bars", title: `${name} before and after`, x: name, y: "share", series } as const;
}
