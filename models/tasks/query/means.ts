/** Means of a number column by group, and whether they differ. Pure. */
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { Cell } from "../../answers/answer.ts";
import { Z_95 } from "../../answers/estimate.ts";
import {
  type MeansTest,
  pooledTest,
  varianceAnalysis,
  welchTest,
} from "../../statistics/groups.ts";
import { momentsOf, type Scale, scaleOf } from "../../statistics/moments.ts";
import type { NoisedSums } from "../../statistics/noised.ts";
import { numberReader } from "../columns.ts";
import { type Axis, axisOf } from "./cells.ts";
import {
  addMomentsInPlace,
  isPresent,
  MOMENT_COLUMNS,
  MOMENTS,
  momentCells,
  SAMPLING_NOTE,
  withoutNoiseRows,
} from "./moments.ts";
import type { OpenedCells, QueryContext, Statistic } from "./statistic.ts";
import {
  byColumns,
  byRows,
  column,
  declaredPlaces,
  pointsOf,
  seriesName,
  titleOf,
} from "./tables.ts";

const WIDTH = MOMENTS.sums.length;

/** @throws {CloisterError} If a column does not fit; says what to change. */
export function meansStatistic(
  { schema }: QueryContext,
  { column: name, groups }: StatisticSpec<"means">,
): Statistic {
  const reader = numberReader(schema, name);
  const axis = axisOf(schema, groups);
  const scale = scaleOf(reader);
  return {
    ...MOMENTS,
    axes: [axis],
    isCounted: isPresent(reader),
    columns: { summed: [name], grouped: [groups.column] },
    addInPlace: addMomentsInPlace(reader),
    answer(opened) {
      const columns = [...byColumns(opened), column(axis.name, "text"), ...MOMENT_COLUMNS];
      const means = byRows(opened, (noised) =>
        axis.labels.map((label, g) => [label, ...momentCells(groupOf(noised, g), scale)]),
      );
      const { rows, notes } = withoutNoiseRows(means, opened.by.names.length + 1);
      const tests = byRows(opened, (noised) => testRows(noised, axis, scale));
      return {
        title: titleOf(`Means of ${name} by ${axis.name}`, opened),
        tables: [
          { name: "means", columns, rows },
          { name: "tests", columns: [...byColumns(opened), ...TEST_COLUMNS], rows: tests },
        ],
        charts: [chartOf(opened, name, axis, scale)],
        notes: [SAMPLING_NOTE, tests.length > 0 ? TESTED : UNTESTED, ...notes],
      };
    },
  };
}

const TESTED =
  "tests compare declared groups with at least two rows, and more than noise makes of none";
const UNTESTED =
  "nothing is tested: fewer than two declared groups have two rows, and more than noise makes of none";

const TEST_COLUMNS = [
  column("test", "text"),
  column("statistic", "number"),
  column("degrees of freedom", "number"),
  column("p-value", "probability"),
  column("effect", "text"),
  column("size", "number"),
  column("size, with sampling", "number"),
];

function groupOf({ sums, stdDev }: NoisedSums, g: number): NoisedSums {
  return { sums: sums.subarray(g * WIDTH, (g + 1) * WIDTH), stdDev };
}

function testRows(noised: NoisedSums, axis: Axis, scale: Scale): Cell[][] {
  const { sums, stdDev } = noised;
  const compared = Array.from({ length: declaredPlaces(axis) }, (_, g) => g).filter(
    (g) => (sums[g * WIDTH] ?? 0) >= Math.max(2, Z_95 * stdDev),
  );
  const only: NoisedSums = {
    sums: Float64Array.from(compared.flatMap((g) => [...groupOf(noised, g).sums])),
    stdDev,
  };
  if (compared.length < 2) return [];
  if (compared.length === 2) {
    const effect = compared.map((g) => axis.labels[g]).join(" less ");
    return [
      ["Welch's t", ...meansCells(welchTest(only, scale), effect)],
      ["Student's t, one variance", ...meansCells(pooledTest(only, scale), effect)],
    ];
  }
  const analysis = varianceAnalysis(only);
  if (analysis === null) return [];
  const { f, degreesBetween, degreesWithin, pValue, shareBetween } = analysis;
  const part = "part of the variance between groups";
  return [
    ["analysis of variance, F", f, degreesBetween, pValue, part, shareBetween, ""],
    ["its rows within groups", "", degreesWithin, "", "", "", ""],
  ];
}

function meansCells(test: MeansTest, effect: string): Cell[] {
  const { t, degrees, pValue, difference, differenceSampled } = test;
  return [t, degrees, pValue, effect, difference, differenceSampled];
}

function chartOf(opened: OpenedCells, name: string, axis: Axis, scale: Scale) {
  const series = Array.from({ length: opened.by.count }, (_, outer) => {
    const noised = { sums: opened.sumsWithin(outer), stdDev: opened.stdDev };
    const points = axis.labels.flatMap((label, g) =>
      pointsOf(label, momentsOf(groupOf(noised, g), scale).mean),
    );
    return { name: seriesName(opened, outer) || `mean of ${name}`, points };
  });
  const title = titleOf(`Means of ${name} by ${axis.name}`, opened);
  return { kind: "bars", title, x: axis.name, y: `mean of ${name}`, series } as const;
}
