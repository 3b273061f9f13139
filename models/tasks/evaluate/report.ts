/**
 * How a model does on one member's own rows, beside models that only this member has. It is for the member's own disk,
 * exact, and never part of a vector. Pure.
 */
import type { EvaluateTask } from "../../../shared/charter/evaluate-spec.ts";
import type { Answer, Cell } from "../../answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../data.ts";
import { addScoresInPlace } from "../../metrics/histogram.ts";
import { type Told, toldReport } from "../../metrics/noised-report.ts";
import { groupsOfScores } from "../../metrics/ranking.ts";
import type { EvaluationReport } from "../../metrics/report.ts";
import type { Model } from "../../model.ts";
import type { Ask, TaskContext } from "../task.ts";
import { mainFigures, NOTHING_TOLD, requestOf } from "./answer.ts";
import { modelScores, netScores } from "./model.ts";
import type { EvaluateContext } from "./shape.ts";

/** For how near scores are to probabilities; rankings are of the scores themselves. */
const BINS = 4096;

/** A model of which the last layers are the member's own. */
export interface OwnModel {
  readonly runId: string;
  readonly model: Model;
}

/** @param own Of the same schema. */
export function ownReport(
  context: TaskContext<EvaluateTask>,
  { input }: Ask,
  { holdout }: PartitionedData,
  own: readonly OwnModel[],
): Answer {
  const { spec } = context;
  const global = reportOn(context, holdout, modelScores(context, input, holdout));
  const others = own.map(({ runId, model }) => ({
    name: `own model of run ${runId.slice(0, 12)}`,
    report: reportOn(context, holdout, netScores(model, holdout)),
  }));
  const models = [{ name: "global model", report: global }, ...others];
  const names = global === null ? [] : mainFigures(global).map(([name]) => name);
  const positives = holdout.labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  return {
    title: `Model of run ${spec.model.run.slice(0, 12)} on this member's own held-out rows`,
    tables: [
      {
        name: "own rows",
        columns: [
          { name: "figure", kind: "text" },
          ...models.map(({ name }) => ({ name, kind: "number" as const })),
        ],
        rows: [
          ["rows", ...models.map(() => holdout.rowCount)],
          ["positive rows", ...models.map(() => positives)],
          ...names.map((name, i) => [name, ...models.map(({ report }) => figure(report, i))]),
        ],
      },
    ],
    charts: [],
    notes: [
      ...(global === null ? [NOTHING_TOLD] : []),
      "exact, and of this member's rows alone: they stay with the member",
    ],
  };
}

function reportOn(
  context: EvaluateContext,
  { labels }: EncodedData,
  scores: Float32Array,
): EvaluationReport<Told> | null {
  const { positives, negatives } = groupsOfScores(scores, labels);
  const ranked = { positives: positives.toReversed(), negatives: negatives.toReversed() };
  const request = { ...requestOf(context), thresholds: [], alertBudgets: [] };
  const report = toldReport(ranked, 0, { ...request, probabilities: false });
  if (report === null || !request.probabilities) return report;
  const histogram = new Float64Array(2 * BINS);
  addScoresInPlace(histogram, scores, labels, null);
  const binned = { negatives: histogram.subarray(0, BINS), positives: histogram.subarray(BINS) };
  return { ...report, calibration: toldReport(binned, 0, request)?.calibration ?? null };
}

function figure(report: EvaluationReport<Told> | null, index: number): Cell {
  const [, told] = (report && mainFigures(report)[index]) ?? [];
  return told === undefined || Number.isNaN(told.value) ? null : told.value;
}
