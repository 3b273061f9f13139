/** What an evaluation comes to, for people and programs. Pure. */
import { counted } from "../../../shared/base/counted.ts";
import type { Answer, Cell, Chart, Column, Point, Series, Table } from "../../answers/answer.ts";
import { type Told, toldReport } from "../../metrics/noised-report.ts";
import type { AlertBudget, EvaluationReport, ReportRequest } from "../../metrics/report.ts";
import type { ScoreCounts } from "../../metrics/running-counts.ts";
import { cellMinOf } from "../cell-min.ts";
import { crowdingNotes } from "./crowding.ts";
import { areProbabilities } from "./model.ts";
import type { EvaluateContext, OpenedEvaluation } from "./shape.ts";

export function evaluationAnswer(context: EvaluateContext, opened: OpenedEvaluation): Answer {
  const { spec } = context;
  const cellMin = cellMinOf(context);
  const { segments, stdDev } = opened;
  const request = requestOf(context);
  // Segments' noise is independent: that of their sum grows with the root of how many they are.
  const counts = together(segments.map((segment) => segment.counts));
  const report = toldReport(counts, stdDev * Math.sqrt(segments.length), request);
  const tables = report === null ? [] : reportTables(report);
  if (spec.by !== undefined) tables.push(...segmentTables(spec.by, opened, request));
  const held = segments.filter(({ heldBack }) => heldBack > 0);
  return {
    title: `Model of run ${spec.model.run.slice(0, 12)} on ${spec.rows === "holdout" ? "rows held out from training" : "all rows"}`,
    tables,
    charts: report === null ? [] : chartsOf(report),
    notes: [
      ...(report === null ? [NOTHING_TOLD] : [BINNING, ...crowdingNotes(counts)]),
      ...(stdDev > 0 ? [NOISE] : []),
      ...(held.length > 0
        ? [
            `members with fewer than ${counted(cellMin, "unit")} of a label in a segment held these rows back, by how many members: ${held
              .map(({ name, heldBack }) => `${name} (${heldBack})`)
              .join("; ")}`,
          ]
        : []),
    ],
  };
}

export const NOTHING_TOLD =
  "there are no rows of one of the labels, or fewer than noise may have made: no figure is told";
const BINNING =
  "bins, low and high: where the figure of the scores themselves lies, for scores are counted in bins";
const NOISE =
  "intervals are of the noise: the figure that all members' exact counts give is within them in 95 of 100 evaluations";

export function requestOf(context: EvaluateContext): ReportRequest {
  const { thresholds, falsePositiveRates, alertBudgets } = context.spec;
  return {
    thresholds,
    falsePositiveRates,
    alertBudgets,
    probabilities: areProbabilities(context),
  };
}

function together(parts: readonly ScoreCounts[]): ScoreCounts {
  const add = (which: keyof ScoreCounts): Float64Array => {
    const sum = new Float64Array(parts[0]?.[which].length ?? 0);
    for (const part of parts)
      for (let bin = 0; bin < sum.length; bin++)
        sum[bin] = (sum[bin] ?? 0) + (part[which][bin] ?? 0);
    return sum;
  };
  return { negatives: add("negatives"), positives: add("positives") };
}

/** A figure as a cell: not defined, exact, or with its interval. */
function cellOf({ value, noise }: Told): Cell {
  if (Number.isNaN(value)) return null;
  return noise === null ? value : { value, ...noise };
}

const text = (name: string): Column => ({ name, kind: "text" });
const share = (name: string): Column => ({ name, kind: "share" });
const count = (name: string): Column => ({ name, kind: "count" });
const number = (name: string): Column => ({ name, kind: "number" });

/** Main figures by name. */
export function mainFigures(report: EvaluationReport<Told>): (readonly [string, Told])[] {
  const { rocAuc, gini, prAuc, ks, recalls, calibration } = report;
  return [
    ["ROC-AUC", rocAuc],
    ["Gini", gini],
    ["PR-AUC", prAuc],
    ["KS", ks],
    ...recalls.map(
      ({ falsePositiveRate, recall }) =>
        [`recall at ${percent(falsePositiveRate)} false positives`, recall] as const,
    ),
    ...(calibration
      ? ([
          ["expected calibration error", calibration.expectedError],
          ["Brier score", calibration.brier],
        ] as const)
      : []),
  ];
}

function percent(part: number): string {
  return `${Number((100 * part).toPrecision(6))} %`;
}

function reportTables(report: EvaluationReport<Told>): Table[] {
  const { positives, negatives, calibration } = report;
  return [
    {
      name: "figures",
      columns: [text("figure"), number("value"), number("bins, low"), number("bins, high")],
      rows: mainFigures(report).map(([name, told]) => [
        name,
        cellOf(told),
        told.binning.low,
        told.binning.high,
      ]),
    },
    {
      name: "rows",
      columns: [text("label"), count("rows")],
      rows: [
        ["positive", cellOf(positives)],
        ["negative", cellOf(negatives)],
      ],
    },
    budgetTable("alert budgets", "rows looked at", report.budgets),
    thresholdTable(report),
    budgetTable("gains", "highest scores", report.gains),
    ...(calibration ? [calibrationTable(calibration)] : []),
    curveTable(report),
  ];
}

function budgetTable(name: string, what: string, budgets: readonly AlertBudget<Told>[]): Table {
  return {
    name,
    columns: [text(what), share("precision"), share("recall"), number("lift")],
    rows: budgets.map(({ budget, precision, recall, lift }) => [
      budget < 1 || name === "gains" ? percent(budget) : String(budget),
      cellOf(precision),
      cellOf(recall),
      cellOf(lift),
    ]),
  };
}

function thresholdTable({ thresholds }: EvaluationReport<Told>): Table {
  return {
    name: "thresholds",
    columns: [
      { name: "score at least", kind: "probability" },
      count("true positives"),
      count("false positives"),
      count("true negatives"),
      count("false negatives"),
      share("precision"),
      share("recall"),
      share("false positive rate"),
    ],
    rows: thresholds.map((at) => [
      at.threshold,
      cellOf(at.truePositives),
      cellOf(at.falsePositives),
      cellOf(at.trueNegatives),
      cellOf(at.falseNegatives),
      cellOf(at.precision),
      cellOf(at.recall),
      cellOf(at.falsePositiveRate),
    ]),
  };
}

function calibrationTable({ groups }: NonNullable<EvaluationReport<Told>["calibration"]>): Table {
  return {
    name: "calibration",
    columns: [
      { name: "scores from", kind: "probability" },
      { name: "to", kind: "probability" },
      count("rows"),
      { name: "mean score", kind: "probability" },
      share("positives"),
    ],
    rows: groups.map(({ scores, rows, meanScore, positiveShare }) => [
      scores.low,
      scores.high,
      cellOf(rows),
      cellOf(meanScore),
      cellOf(positiveShare),
    ]),
  };
}

function curveTable({ curve }: EvaluationReport<Told>): Table {
  return {
    name: "curve",
    columns: [
      { name: "score at least", kind: "probability" },
      share("false positive rate"),
      share("recall"),
      share("precision"),
    ],
    rows: curve.map(({ score, falsePositiveRate, recall, precision }) => [
      score,
      cellOf(falsePositiveRate),
      cellOf(recall),
      cellOf(precision),
    ]),
  };
}

/** A segment with too few rows of a label has no figures. */
function segmentTables(by: string, opened: OpenedEvaluation, request: ReportRequest): Table[] {
  const { segments, stdDev } = opened;
  const reports = segments.map(({ counts }) => toldReport(counts, stdDev, request));
  const names = reports.flatMap((report) => (report ? [mainFigures(report)] : []))[0] ?? [];
  const columns = [text(by), count("positives"), count("negatives")];
  const rows = segments.map(({ name }, s): Cell[] => {
    const report = reports[s] ?? null;
    if (report === null) return [name, null, null, ...names.map(() => null)];
    const { positives, negatives } = report;
    const figures = mainFigures(report).map(([, told]) => cellOf(told));
    return [name, cellOf(positives), cellOf(negatives), ...figures];
  });
  return [
    { name: `by ${by}`, columns: [...columns, ...names.map(([name]) => number(name))], rows },
    {
      name: `by ${by}, bins`,
      columns: [text(by), text("figure"), number("bins, low"), number("bins, high")],
      rows: segments.flatMap(({ name }, s) => {
        const report = reports[s] ?? null;
        if (report === null) return [];
        return mainFigures(report).map(([figure, { binning }]) => [
          ...[name, figure],
          ...[binning.low, binning.high],
        ]);
      }),
    },
  ];
}

function chartsOf(report: EvaluationReport<Told>): Chart[] {
  const { curve, gains, calibration } = report;
  const line = (
    title: string,
    [x, y]: readonly [string, string],
    points: readonly (Point | null)[],
  ): Chart => {
    const series: Series = { name: y, points: points.flatMap((point) => point ?? []) };
    return { kind: "lines", title, x, y, series: [series] };
  };
  return [
    line(
      "ROC curve",
      ["false positive rate", "recall"],
      [
        { x: 0, y: 0 },
        ...curve.map(({ falsePositiveRate, recall }) => point(falsePositiveRate.value, recall)),
      ],
    ),
    line(
      "Precision and recall",
      ["recall", "precision"],
      curve.map(({ recall, precision }) => point(recall.value, precision)),
    ),
    line(
      "Gains",
      ["share of rows", "recall"],
      [{ x: 0, y: 0 }, ...gains.map(({ budget, recall }) => point(budget, recall))],
    ),
    ...(calibration
      ? [
          line(
            "Calibration",
            ["mean score", "positives"],
            calibration.groups.map((group) => point(group.meanScore.value, group.positiveShare)),
          ),
        ]
      : []),
  ];
}

function point(x: number, { value, noise }: Told): Point | null {
  if (Number.isNaN(x) || Number.isNaN(value)) return null;
  return noise === null ? { x, y: value } : { x, y: value, ...noise };
}
