/** How long until an event: Kaplan-Meier curves on a grid of time, by group, and whether groups differ. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { Cell } from "../../answers/answer.ts";
import { Z_95 } from "../../answers/estimate.ts";
import { logRank } from "../../statistics/log-rank.ts";
import type { NoisedSums, Told } from "../../statistics/noised.ts";
import { firstAtMost, type SurvivalPoint, survivalCurve } from "../../statistics/survival.ts";
import { numberReader } from "../columns.ts";
import { type Axis, axisOf, edgesBelow } from "./cells.ts";
import { countStatistic } from "./count.ts";
import { placeIn, rowTest } from "./filter.ts";
import { isPresent, SAMPLING_NOTE } from "./moments.ts";
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

type Spec = StatisticSpec<"survival">;

/** @throws {CloisterError} If a column, a condition or the grid does not fit; says what to change. */
export function survivalStatistic({ schema }: QueryContext, spec: Spec): Statistic {
  const { time, event, grid, group } = spec;
  const reader = numberReader(schema, time);
  const isEvent = rowTest(schema, event);
  const end: Axis = {
    name: "end",
    labels: ["event", "withdrawn"],
    at: (data, row) => +!isEvent(data, row),
  };
  const groups = group === undefined ? null : axisOf(schema, group);
  return {
    ...countStatistic(),
    axes: [...(groups === null ? [] : [groups]), end, timeAxis(schema, spec)],
    isCounted: isPresent(reader),
    columns: {
      summed: event.map((one) => one.column),
      grouped: [time, ...(group ? [group.column] : [])],
    },
    answer: (opened) => answerOf(opened, time, grid, groups),
  };
}

/** Up to the first time of the grid, from there up to the second, …, beyond the last. */
function timeAxis(schema: DataSchema, { time, grid }: Spec): Axis {
  const reader = numberReader(schema, time);
  if (grid.some((at, j) => j > 0 && !(at > (grid[j - 1] ?? at))))
    throw badInput("question.grid", `the grid of times of "${time}" must ascend`);
  const places = Float64Array.from(grid, (at) => placeIn(reader, at));
  return {
    name: time,
    labels: [...grid.map((at) => `≤ ${at}`), `> ${grid.at(-1)}`],
    at: (data, row) => edgesBelow(places, reader.place(data, row)),
  };
}

/** What comes after the grid is withdrawn there: of each group its events, then its withdrawals. */
function groupSums({ sums, stdDev }: NoisedSums, cells: number, g: number): NoisedSums {
  const own = sums.slice(2 * g * cells, 2 * (g + 1) * cells);
  own[2 * cells - 1] = (own[2 * cells - 1] ?? 0) + (own[cells - 1] ?? 0);
  own[cells - 1] = 0;
  return { sums: own, stdDev };
}

function answerOf(opened: OpenedCells, time: string, grid: readonly number[], groups: Axis | null) {
  const cells = grid.length + 1;
  const labels = groups?.labels ?? [""];
  const curves = (noised: NoisedSums): SurvivalPoint[][] =>
    labels.map((_, g) => survivalCurve(groupSums(noised, cells, g)).slice(0, -1));
  const groupColumn = groups === null ? [] : [column(groups.name, "text")];
  const labelled = (g: number): string[] => (groups === null ? [] : [labels[g] ?? ""]);
  const columns = [...byColumns(opened), ...groupColumn];
  return {
    title: titleOf(`Survival by ${time}${groups === null ? "" : ` and ${groups.name}`}`, opened),
    tables: [
      {
        name: "survival",
        columns: [...columns, column(time, "number"), ...POINT_COLUMNS],
        rows: byRows(opened, (noised) =>
          curves(noised).flatMap((curve, g) =>
            curve.map((point, j) => [...labelled(g), grid[j] ?? null, ...pointCells(point)]),
          ),
        ),
      },
      {
        name: "median",
        columns: [
          ...columns,
          column("median", "number"),
          column("median, with sampling", "number"),
        ],
        rows: byRows(opened, (noised) =>
          curves(noised).map((curve, g) => [...labelled(g), ...medianCells(curve, grid)]),
        ),
      },
      ...(groups === null ? [] : [logRankTable(opened, groups, cells)]),
    ],
    charts: [chartOf(opened, time, grid, groups, curves)],
    notes: [
      SAMPLING_NOTE,
      "rows that are withdrawn between two times of the grid count until the later one; a median is the first time of the grid by which half have had the event",
    ],
  };
}

const POINT_COLUMNS = [
  column("at risk", "count"),
  column("events", "count"),
  column("survival", "share"),
  column("survival, with sampling", "share"),
];

function pointCells({ atRisk, events, survival, survivalSampled }: SurvivalPoint): Cell[] {
  return [atRisk, events, survival, survivalSampled];
}

function medianCells(curve: readonly SurvivalPoint[], grid: readonly number[]): Cell[] {
  return [
    medianOf(
      curve.map(({ survival }) => survival),
      grid,
    ),
    medianOf(
      curve.map(({ survivalSampled }) => survivalSampled),
      grid,
    ),
  ];
}

/** Null where half of them, or the interval's end, is not reached within the grid. */
function medianOf(curve: readonly Told[], grid: readonly number[]): Told {
  const at = (pick: "value" | "low" | "high"): number | null => {
    const picked = curve.map((told) =>
      told === null || typeof told === "number" ? told : told[pick],
    );
    return grid[firstAtMost(picked, 0.5)] ?? null;
  };
  const [value, low, high] = [at("value"), at("low"), at("high")];
  const isExact = curve.every((told) => told === null || typeof told === "number");
  if (isExact || value === null) return value;
  return low === null || high === null ? null : { value, low, high };
}

function logRankTable(opened: OpenedCells, groups: Axis, cells: number) {
  return {
    name: "log-rank",
    columns: [
      ...byColumns(opened),
      column("groups", "text"),
      column("χ²", "number"),
      column("degrees of freedom", "count"),
      column("p-value", "probability"),
    ],
    rows: byRows(opened, (noised) => logRankRows(noised, groups, cells)),
  };
}

/** Of declared groups with more rows than noise makes. */
function logRankRows(noised: NoisedSums, groups: Axis, cells: number): Cell[][] {
  const all = groups.labels.map((_, g) => groupSums(noised, cells, g).sums);
  const least = Z_95 * noised.stdDev * Math.sqrt(2 * cells);
  const compared = all.flatMap((sums, g) =>
    g < declaredPlaces(groups) && sums.reduce((a, b) => a + b, 0) > least ? [g] : [],
  );
  if (compared.length < 2) return [];
  const sums = Float64Array.from(compared.flatMap((g) => [...(all[g] ?? [])]));
  const test = logRank({ sums, stdDev: noised.stdDev }, compared.length);
  const names = compared.map((g) => groups.labels[g]).join(", ");
  return [[names, test?.chiSquare ?? null, compared.length - 1, test?.pValue ?? null]];
}

function chartOf(
  opened: OpenedCells,
  time: string,
  grid: readonly number[],
  groups: Axis | null,
  curves: (noised: NoisedSums) => SurvivalPoint[][],
) {
  const series = Array.from({ length: opened.by.count }, (_, outer) => {
    const noised = { sums: opened.sumsWithin(outer), stdDev: opened.stdDev };
    return curves(noised).map((curve, g) => ({
      name: seriesName(opened, outer, ...(groups === null ? [] : [groups.labels[g] ?? ""])),
      points: [
        { x: 0, y: 1 },
        ...curve.flatMap(({ survival }, j) => pointsOf(grid[j] ?? 0, survival)),
      ],
    }));
  }).flat();
  return { kind: "steps", title: `Survival by ${time}`, x: time, y: "survival", series } as const;
}
