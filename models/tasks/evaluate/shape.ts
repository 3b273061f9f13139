/**
 * The vector of an evaluation: for each segment and label rows by score, as a tree of counts under noise and bin by bin
 * without. Pure.
 */
import { badInput } from "../../../shared/base/errors.ts";
import type { EvaluateTask } from "../../../shared/charter/evaluate-spec.ts";
import type { EncodedData, PartitionedData } from "../../data.ts";
import { countsOfTree, levelCount, treeLength, treeOf } from "../../metrics/count-tree.ts";
import { scoreBin } from "../../metrics/histogram.ts";
import type { ScoreCounts } from "../../metrics/running-counts.ts";
import { cellMinOf } from "../cell-min.ts";
import { columnReader } from "../columns.ts";
import { ANYTHING_ELSE } from "../query/cells.ts";
import { UnitCounts } from "../query/differencing.ts";
import { visitRows } from "../question-rows.ts";
import { readSums, type SumsPlan, writeSums } from "../sums.ts";
import type { Aggregate, TaskContext } from "../task.ts";

export type EvaluateContext = TaskContext<EvaluateTask>;

/** Counts of one evaluation. */
const NUMBERS_MAX = 1_000_000;
const LABELS = 2;

/** Which segment a row is in: all in one where the evaluation names no column. */
export interface Segments {
  /** What each is called. */
  readonly names: readonly string[];
  at(data: EncodedData, row: number): number;
}

/** @throws {CloisterError} If the column has no categories, or is the label. */
export function segmentsOf({ spec, schema }: EvaluateContext): Segments {
  if (spec.by === undefined) return { names: ["all rows"], at: () => 0 };
  const reader = columnReader(schema, spec.by);
  if (reader.kind !== "category" || spec.by === schema.label.column) {
    const why = reader.kind === "category" ? "is the label" : "has numbers";
    throw badInput(
      "evaluate.by",
      `column "${spec.by}" ${why}; break down by a column with categories`,
    );
  }
  // A category's own number, with "anything else" as 0.
  return { names: [ANYTHING_ELSE, ...reader.categories], at: reader.read };
}

/** @throws {CloisterError} If there are more counts than one question may have. */
export function evaluatePlan(context: EvaluateContext): SumsPlan {
  const { spec, noise } = context;
  const { bins, rowsPerUnitMax } = spec;
  const { names } = segmentsOf(context);
  const length = names.length * LABELS * widthOf(context) + flagCount(context);
  if (length > NUMBERS_MAX) {
    const message = `${names.length} segments of ${bins} bins are ${length} counts; ${NUMBERS_MAX} are the most: use fewer bins`;
    throw badInput("question.too-many-cells", message);
  }
  // A row is in one bin of one label in one segment.
  const rowNorm = noise === null ? 1 : Math.sqrt(levelCount(bins));
  const payers = spec.rows === "holdout" ? "holdout" : "all";
  return { length, values: "integers", rowNorm, rowsPerUnitMax, payers };
}

/** Of one label in one segment. */
function widthOf({ spec, noise }: EvaluateContext): number {
  return noise === null ? spec.bins : treeLength(spec.bins);
}

/** Without noise a member holds back a label's rows where they are few, and says that it did. */
function flagCount(context: EvaluateContext): number {
  return context.noise === null ? segmentsOf(context).names.length * LABELS : 0;
}

/** What the coordinates mean. */
export function evaluateParts(context: EvaluateContext): readonly (readonly [string, number])[] {
  const width = widthOf(context);
  const rows = segmentsOf(context).names.flatMap((name) =>
    ["negative", "positive"].map((label) => [`${name}: ${label} rows by score`, width] as const),
  );
  return [...rows, ["labels held back", flagCount(context)]];
}

/** @param scores Log-odds of each row of a part of `data`. @returns The contribution. */
export function countRows(
  context: EvaluateContext,
  data: PartitionedData,
  scores: (part: EncodedData) => Float32Array,
  rng: Parameters<typeof visitRows>[3],
): Float64Array {
  const { spec } = context;
  const cellMin = cellMinOf(context);
  const { bins } = spec;
  const segments = segmentsOf(context);
  const cellCount = segments.names.length * LABELS;
  const counts = new Float64Array(cellCount * bins);
  const units = new UnitCounts(cellCount);
  const scored = new Map(partsOf(context, data).map((part) => [part, scores(part)]));
  const isMatch = (part: EncodedData, row: number): boolean =>
    scored.has(part) && (part.labels[row] ?? LABELS) < LABELS;
  visitRows(context, data, spec.rowsPerUnitMax, rng, isMatch, (part, row, unit) => {
    const cell = segments.at(part, row) * LABELS + (part.labels[row] ?? 0);
    const at = cell * bins + scoreBin(scored.get(part)?.[row] ?? 0, bins);
    counts[at] = (counts[at] ?? 0) + 1;
    units.add(cell, unit);
  });
  return vectorOf(context, counts, (cell) => {
    const count = units.counts[cell] ?? 0;
    return count > 0 && count < cellMin;
  });
}

function partsOf({ spec }: EvaluateContext, { train, holdout }: PartitionedData): EncodedData[] {
  return spec.rows === "holdout" ? [holdout] : [train, holdout];
}

function vectorOf(
  context: EvaluateContext,
  counts: Float64Array,
  isSmall: (cell: number) => boolean,
): Float64Array {
  const plan = evaluatePlan(context);
  const { bins } = context.spec;
  const sums = new Float64Array(plan.length);
  const width = widthOf(context);
  const flags = plan.length - flagCount(context);
  for (let cell = 0; cell * bins < counts.length; cell++) {
    const own = counts.subarray(cell * bins, (cell + 1) * bins);
    if (flags < plan.length && isSmall(cell)) sums[flags + cell] = 1;
    else sums.set(context.noise === null ? own : treeOf(own), cell * width);
  }
  return writeSums(context, plan, sums);
}

/** Of all members. */
export interface OpenedSegment {
  readonly name: string;
  readonly counts: ScoreCounts;
  /** Members that held back their rows of a label. */
  readonly heldBack: number;
}

export interface OpenedEvaluation {
  readonly segments: readonly OpenedSegment[];
  /** Of the noise on each node of a segment's tree; 0 without noise. */
  readonly stdDev: number;
}

export function openEvaluation(context: EvaluateContext, aggregate: Aggregate): OpenedEvaluation {
  const plan = evaluatePlan(context);
  const { sums, stdDev } = readSums(context, plan, aggregate);
  const width = widthOf(context);
  const flags = plan.length - flagCount(context);
  const countsAt = (cell: number): Float64Array => {
    const own = sums.slice(cell * width, (cell + 1) * width);
    return context.noise === null ? own : countsOfTree(own);
  };
  const segments = segmentsOf(context).names.map((name, s) => ({
    name,
    counts: { negatives: countsAt(LABELS * s), positives: countsAt(LABELS * s + 1) },
    heldBack: Math.max(sums[flags + LABELS * s] ?? 0, sums[flags + LABELS * s + 1] ?? 0),
  }));
  return { segments, stdDev };
}

/** Each row's segment and label, which are told apart; −1: it takes no part. @see Task.cohorts */
export function labelledRows(context: EvaluateContext, data: PartitionedData): Int32Array {
  const segments = segmentsOf(context);
  const asked = new Set(partsOf(context, data));
  const { train, holdout } = data;
  const result = new Int32Array(train.rowCount + holdout.rowCount).fill(-1);
  for (const [part, from] of [[train, 0] as const, [holdout, train.rowCount] as const]) {
    if (!asked.has(part)) continue;
    for (let row = 0; row < part.rowCount; row++) {
      const label = part.labels[row] ?? LABELS;
      if (label < LABELS) result[from + row] = segments.at(part, row) * LABELS + label;
    }
  }
  return result;
}
