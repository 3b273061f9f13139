/**
 * A question to all members' tables: one secure sum of counts and other sums in each of its cells. Where no noise is
 * added, each member holds back its part of a cell with few of its units, and says only that it did. Pure.
 */
import { counted } from "../../../shared/base/counted.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { QueryTask } from "../../../shared/charter/query-spec.ts";
import type { Answer } from "../../answers/answer.ts";
import { cellMinOf } from "../cell-min.ts";
import { oneSumTask } from "../one-sum.ts";
import { visitRows } from "../question-rows.ts";
import { readSums, type SumsPlan, sumsShape, writeSums } from "../sums.ts";
import type { ColumnUse } from "../task.ts";
import { axisOf, type Cells, cellsOf } from "./cells.ts";
import { UnitCounts, withoutSmall } from "./differencing.ts";
import { type RowTest, rowTest } from "./filter.ts";
import type { OpenedCells, QueryContext, Statistic } from "./statistic.ts";
import { statisticOf } from "./statistics.ts";
import { conditionsText } from "./words.ts";

/** Of one question. */
const NUMBERS_MAX = 1_000_000;

export const queryTask = oneSumTask<QueryTask>({
  ask: "query",
  partition: "all",
  check(context) {
    rowTest(context.schema, context.spec.where);
    planOf(context);
  },
  shapeOf: (context) => sumsShape(context, planOf(context)),
  contribute(context, data, rng, memory) {
    const { cells, statistic } = asked(context, memory?.index);
    const width = statistic.sums.length;
    const sums = new Float64Array(planOf(context).length);
    const units = new UnitCounts(cells.count);
    const { rowsPerUnitMax } = context.spec;
    const isMatch = matchOf(context, statistic);
    visitRows(context, data, rowsPerUnitMax, rng, isMatch, (part, row, unit) => {
      const cell = cells.at(part, row);
      const isNew = units.add(cell, unit);
      statistic.addInPlace(sums, cell * width, part, row, isNew);
    });
    if (context.noise === null) holdBackInPlace(context, sums, units.counts, width);
    return writeSums(context, planOf(context), sums);
  },
  cohorts(context, data) {
    const { cells, statistic } = asked(context);
    const isMatch = matchOf(context, statistic);
    const { train, holdout } = data;
    const result = new Int32Array(train.rowCount + holdout.rowCount).fill(-1);
    for (const [part, from] of [[train, 0] as const, [holdout, train.rowCount] as const]) {
      for (let row = 0; row < part.rowCount; row++)
        if (isMatch(part, row)) result[from + row] = cells.at(part, row);
    }
    return withoutSmall(result, data, cellMinOf(context));
  },
  answer(context, aggregate) {
    const { cells, by, statistic } = asked(context);
    const width = statistic.sums.length;
    const within = (cells.count / by.count) * width;
    const { sums, stdDev } = readSums(context, planOf(context), aggregate);
    const opened: OpenedCells = {
      cells,
      by,
      stdDev,
      sumsWithin: (outer) => sums.subarray(outer * within, (outer + 1) * within),
      sumsOf: (cell) => sums.subarray(cell * width, (cell + 1) * width),
      heldBack: (cell) => (context.noise === null ? (sums[cells.count * width + cell] ?? 0) : 0),
    };
    return withNotes(context, statistic.answer(opened), opened);
  },
  /** Whose histogram is missing would be taken for one without rows, or not be among the others. */
  needsEveryMember: ({ statistic }) =>
    statistic.kind === "drift" && statistic.between !== undefined,
  columnUse,
  partNames(context) {
    const { cells, statistic } = asked(context);
    const names = Array.from({ length: cells.count }, (_, cell) => {
      const where = cells.labelsOf(cell).join(", ");
      return statistic.sums.map((sum) => [where === "" ? sum : `${where}: ${sum}`, 1] as const);
    }).flat();
    return context.noise === null ? [...names, ["cells held back", cells.count]] : names;
  },
});

/** Told of all rows of a cell, or of its largest parts: how finely these are counted does not matter. */
const TOLD_WHOLE: ReadonlySet<string> = new Set(["quantiles", "survival", "top"]);

/** Cells that an answer's numbers are of: the question's, and what its statistic breaks them down into. */
export function cellCount(context: QueryContext): number {
  const { cells, by } = asked(context);
  return TOLD_WHOLE.has(context.spec.statistic.kind) ? by.count : cells.count;
}

/** Of the noise in each sum, in what it counts, if every member answers; 0 without noise. */
export function queryStdDev(context: QueryContext): number {
  const plan = planOf(context);
  return readSums(context, plan, new Float64Array(sumsShape(context, plan).dimension)).stdDev;
}

interface Asked {
  readonly cells: Cells;
  /** Without the statistic's own within. */
  readonly by: Cells;
  readonly statistic: Statistic;
}

/** @param own The member's place in the roster, where it is about to answer. */
function asked(context: QueryContext, own?: number): Asked {
  const statistic = statisticOf(context, own);
  const axes = context.spec.by.map((group) => axisOf(context.schema, group));
  return { cells: cellsOf([...axes, ...statistic.axes]), by: cellsOf(axes), statistic };
}

/** Rows that meet the question's conditions and its statistic's. */
function matchOf({ schema, spec }: QueryContext, { isCounted }: Statistic): RowTest {
  const isMatch = rowTest(schema, spec.where);
  if (!isCounted) return isMatch;
  return (data, row) => isMatch(data, row) && isCounted(data, row);
}

/** The cells' sums and, without noise, of each cell how many members hold it back. */
function planOf(context: QueryContext): SumsPlan {
  const { cells, statistic } = asked(context);
  const { sums, values, rowNorm } = statistic;
  const length = cells.count * (sums.length + (context.noise === null ? 1 : 0));
  if (length > NUMBERS_MAX) {
    const message = `the question has ${cells.count} cells of ${counted(sums.length, "number")}; ${NUMBERS_MAX} numbers are the most: break down by less`;
    throw badInput("question.too-many-cells", message);
  }
  const { rowsPerUnitMax } = context.spec;
  const unitNorm = statistic.unitNorm?.(rowsPerUnitMax, cells.count);
  return { length, values, rowNorm, rowsPerUnitMax, ...(unitNorm !== undefined && { unitNorm }) };
}

/** @param units Of each cell. */
function holdBackInPlace(
  context: QueryContext,
  sums: Float64Array,
  units: Uint32Array,
  width: number,
): void {
  const cellMin = cellMinOf(context);
  for (const [cell, count] of units.entries()) {
    if (count === 0 || count >= cellMin) continue;
    sums.fill(0, cell * width, (cell + 1) * width);
    sums[units.length * width + cell] = 1;
  }
}

function columnUse(context: QueryContext): ColumnUse {
  const { where, by } = context.spec;
  const { summed, grouped } = statisticOf(context).columns;
  const parted = [...grouped, ...by.map(({ column }) => column)];
  const conditions = where.map(({ column }) => column);
  // What is counted by a column's values tells of its values.
  const all = [...new Set([...conditions, ...summed, ...parted])];
  return { read: all, summed: all, grouped: parted, joined: [] };
}

function withNotes(context: QueryContext, answer: Answer, opened: OpenedCells): Answer {
  const cellMin = cellMinOf(context);
  const { cells, stdDev } = opened;
  const all = Array.from({ length: cells.count }, (_, cell) => cell);
  const held = all.filter((cell) => opened.heldBack(cell) > 0);
  const { rowsPerUnitMax, where } = context.spec;
  const notes = [...answer.notes];
  if (where.length > 0) notes.unshift(`only of rows with ${conditionsText(where)}`);
  if (context.noise !== null && context.schema.unit !== null)
    notes.push(
      `of each ${rowsPerUnitMax === 1 ? "unit one row" : `unit at most ${rowsPerUnitMax} rows`} ${rowsPerUnitMax === 1 ? "was" : "were"} counted`,
    );
  if (stdDev > 0)
    notes.push(
      "intervals are of the noise: the number over all members' rows is within them in 95 of 100 questions",
    );
  if (held.length > 0) {
    const which = held
      .slice(0, 10)
      .map((cell) => `${cells.labelsOf(cell).join(", ") || "all rows"} (${opened.heldBack(cell)})`);
    const more = held.length > 10 ? `, and ${held.length - 10} more` : "";
    notes.push(
      `members with 1 to ${counted(cellMin - 1, "unit")} in a cell held them back, so these are too small, by how many members: ${which.join("; ")}${more}`,
    );
  }
  return { ...answer, notes };
}
