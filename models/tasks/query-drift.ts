/** How far a column's values have moved between rows of two kinds: earlier and later, here and there. Pure. */
import type { StatisticSpec } from "../../shared/charter/query-spec.ts";
import type { Cell } from "../answers/answer.ts";
import { Z_95 } from "../answers/estimate.ts";
import { type NoisedSums, ratioTold } from "../statistics/noised.ts";
import { stabilityOf } from "../statistics/stability.ts";
import type { Axis } from "./query-cells.ts";
import { countStatistic, spreadAxis } from "./query-count.ts";
import { rowTest } from "./query-filter.ts";
import { SAMPLING_NOTE } from "./query-moments.ts";
import type { OpenedCells, QueryContext, Statistic } from "./query-statistic.ts";
import { byColumns, byRows, column, pointsOf, seriesName, titleOf } from "./query-tables.ts";

const SIDES = ["before", "after"] as const;

/** @throws {CloisterError} If a column or a condition does not fit; says what to change. */
export function driftStatistic(
  { schema }: QueryContext,
  { column: name, bins, before, after }: StatisticSpec<"drift">,
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
          rows: byRows(opened, (noised) => [stabilityCells(noised)]),
        },
        {
          name: "shares",
          columns: [...byColumns(opened), column(name, "text"), ...SHARE_COLUMNS],
          rows: byRows(opened, (noised) => shareRows(noised, axis)),
        },
      ],
      charts: [chartOf(opened, name, axis)],
      notes: [
        SAMPLING_NOTE,
        "by custom, a stability index below 0.1 says that nothing has changed, one above 0.25 that much has",
      ],
    }),
  };
}

const STABILITY_COLUMNS = [
  column("population stability index", "number"),
  column("p-value", "probability"),
];
const SHARE_COLUMNS = SIDES.map((side) => column(side, "share"));

/** Bins in which neither side has rows are left out. */
function stabilityCells({ sums, stdDev }: NoisedSums): Cell[] {
  const bins = sums.length / 2;
  const isUsed = (b: number): boolean =>
    Math.max(sums[b] ?? 0, sums[bins + b] ?? 0) > Z_95 * stdDev;
  const stability = stabilityOf({ sums: sums.filter((_, i) => isUsed(i % bins)), stdDev });
  return [stability?.index ?? null, stability?.pValue ?? null];
}

function shareRows(noised: NoisedSums, axis: Axis): Cell[][] {
  return axis.labels.map((label, b) => [label, ...SIDES.map((_, s) => shareOf(noised, s, b))]);
}

function shareOf({ sums, stdDev }: NoisedSums, side: number, bin: number) {
  const bins = sums.length / 2;
  const own = sums.subarray(side * bins, (side + 1) * bins);
  const count = own[bin] ?? 0;
  const rest = own.reduce((sum, other) => sum + other, 0) - count;
  // count/(count + rest) rises with the odds, whose two counts have independent noise.
  const odds = ratioTold(
    { value: count, stdDev },
    { value: rest, stdDev: stdDev * Math.sqrt(bins - 1) },
    0,
    Number.MAX_VALUE,
  );
  return count > 0 && rest === 0 ? 1 : shareOfOdds(odds);
}

function shareOfOdds(odds: ReturnType<typeof ratioTold>) {
  const share = (x: number): number => (x >= Number.MAX_VALUE ? 1 : x / (1 + x));
  if (odds === null || typeof odds === "number") return odds === null ? null : share(odds);
  return { value: share(odds.value), low: share(odds.low), high: share(odds.high) };
}

function chartOf(opened: OpenedCells, name: string, axis: Axis) {
  const series = Array.from({ length: opened.by.count }, (_, outer) => {
    const noised = { sums: opened.sumsWithin(outer), stdDev: opened.stdDev };
    return SIDES.map((side, s) => ({
      name: seriesName(opened, outer, side),
      points: axis.labels.flatMap((label, b) => pointsOf(label, shareOf(noised, s, b))),
    }));
  }).flat();
  return { kind: "bars", title: `${name} before and after`, x: name, y: "share", series } as const;
}
