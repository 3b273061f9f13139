/**
 * What noise would leave of a question's answer, before it is asked: from what everybody knows, the charter, the
 * manifest and a public estimate of the units. Reads no record. Pure.
 */
import type { MatchTask } from "../../shared/charter/match-spec.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { Z_95 } from "../answers/estimate.ts";
import { decoyStdDev, noiseOfPair } from "../overlap/decoy-noise.ts";
import { numberReader } from "./columns.ts";
import { overlapPlan } from "./overlap-shape.ts";
import { cellCount, queryStdDev } from "./query.ts";
import { taskFor } from "./registry.ts";
import type { TaskContext } from "./task.ts";

export interface QuestionOutlook {
  /** Numbers that are opened. */
  readonly numbers: number;
  /** Cells that the rows are broken down into. */
  readonly cells: number;
  /** Units in a cell, if they were spread evenly and met every condition; null: the charter has no estimate. */
  readonly unitsPerCell: number | null;
  /** Rows of a unit that count at most. */
  readonly rowsPerUnit: number;
  /**
   * Standard deviation of the noise in each number if every member answers: a count is off by so many rows or customers,
   * an overlap by so many customers. A regression: in units, so many units' parts are as much. 0: no noise.
   */
  readonly stdDev: number;
  /** Sums of a column's values, where the question is for such beside counts of customers. */
  readonly values: ValuesOutlook | null;
  /** What a mean is off by in an average cell; null: the question is of no mean, or has no noise. */
  readonly mean: MeanOutlook | null;
  readonly verdict: "exact" | "good" | "rough" | "hopeless";
}

/** In the column's unit. */
interface ValuesOutlook {
  readonly column: string;
  /** Of a sum over few customers. */
  readonly stdDev: number;
  /** What all customers of a member come to. */
  readonly total: number;
  /** False: if every one of them came to the most that one may. */
  readonly isExpected: boolean;
}

export interface MeanOutlook {
  readonly column: string;
  /** Declared. */
  readonly min: number;
  readonly max: number;
  /** Half of the 95 % interval at most, as a share of the declared range. */
  readonly rangeShare: number;
}

/** 1.96 standard deviations are so many average cells at most: the half-width of the interval against the number. */
const GOOD_MAX = 0.1;
const HOPELESS_MIN = 1;
/** And so much of the declared range of a mean: values mostly spread over a few tenths of it, and often over less. */
const MEAN_GOOD_MAX = 0.01;
const MEAN_HOPELESS_MIN = 0.25;

/**
 * Hopeless is a question whose 95 % intervals would reach as far as an average cell is large: most of its answers
 * could not be told from nothing.
 *
 * @returns Null where the task is no question.
 * @throws {CloisterError} If the question does not fit the schema.
 */
export function questionOutlook(context: TaskContext<TaskSpec>): QuestionOutlook | null {
  const { spec, noise } = context;
  const task = taskFor(spec);
  if (!task.answer) return null;
  const releases = task.plannedAsks(context).map(({ kind }) => task.shapeOf(context, kind));
  const numbers = Math.max(0, ...releases.map(({ dimension }) => dimension));
  const multipliers = releases.map(({ release }) =>
    release.kind === "noised" ? release.noiseMultiplier : 0,
  );
  const noised = Math.max(0, ...multipliers) * (noise?.inflation ?? 1);
  const { stdDev = noised, cells, units, rowsPerUnit = 1, values = null } = sizesOf(context);
  const unitsPerCell = units === null ? null : units / cells;
  const share =
    stdDev === 0 || unitsPerCell === null ? null : shareOf(context, stdDev, unitsPerCell);
  const mean = share === null ? null : meanOf(context, share);
  const sumShare = values?.isExpected ? (Z_95 * values.stdDev) / values.total : 0;
  const verdict =
    share === null ? "exact" : verdictOf(Math.max(share, sumShare), mean?.rangeShare ?? 0);
  return { numbers, cells, unitsPerCell, rowsPerUnit, stdDev, values, mean, verdict };
}

/** The interval's half-width against an average cell, in which every unit has as many rows as may count. */
function shareOf({ spec }: TaskContext<TaskSpec>, stdDev: number, unitsPerCell: number): number {
  const isOfRows = spec.kind === "query" && spec.statistic.kind !== "units";
  return (Z_95 * stdDev) / (unitsPerCell * (isOfRows ? spec.rowsPerUnitMax : 1));
}

/**
 * Values u are scaled to ±1, so their mean m of n rows is off by σ/n·√(1 + m²) to first order, √2 σ/n at most; the
 * range is 2 long.
 */
function meanOf({ spec, schema }: TaskContext<TaskSpec>, share: number): MeanOutlook | null {
  if (spec.kind !== "query") return null;
  const { statistic } = spec;
  if (statistic.kind !== "moments" && statistic.kind !== "means") return null;
  const { name: column, min, max } = numberReader(schema, statistic.column);
  return { column, min, max, rangeShare: share * Math.SQRT1_2 };
}

interface Sizes {
  readonly cells: number;
  /** In all of them. */
  readonly units: number | null;
  /** Left out: of the noise in each number that is opened. */
  readonly stdDev?: number;
  readonly values?: ValuesOutlook | null;
  readonly rowsPerUnit?: number;
}

function sizesOf(context: TaskContext<TaskSpec>): Sizes {
  const { spec, noise, memberCount } = context;
  const units = noise?.unitsExpected ?? null;
  if (spec.kind === "match") return sizesOfMatch({ ...context, spec });
  if (spec.kind === "query") {
    const query = { ...context, spec };
    const { rowsPerUnitMax: rowsPerUnit } = spec;
    return { cells: cellCount(query), units, stdDev: queryStdDev(query), rowsPerUnit };
  }
  if (spec.kind !== "overlap") return { cells: 1, units };
  // An overlap is told from whole sketches; a member's customers are what it is a part of.
  const { standardError, values } = overlapPlan({ ...context, spec });
  return {
    cells: memberCount,
    units: memberCount * spec.sizeExpected,
    stdDev: standardError,
    values: values && {
      column: values.reader.name,
      stdDev: values.standardError,
      total: values.total,
      isExpected: spec.valueExpected !== undefined,
    },
  };
}

/** Of two members' customers in common, against all that one of them may have. */
function sizesOfMatch({ spec, noise, memberCount }: TaskContext<MatchTask>): Sizes {
  const { perPool = 0 } = noise?.pools ?? {};
  const stdDev = decoyStdDev(noiseOfPair(memberCount, perPool));
  return { cells: 1, units: noise ? spec.setSize : null, stdDev };
}

function verdictOf(share: number, rangeShare: number): QuestionOutlook["verdict"] {
  if (share >= HOPELESS_MIN || rangeShare >= MEAN_HOPELESS_MIN) return "hopeless";
  return share <= GOOD_MAX && rangeShare <= MEAN_GOOD_MAX ? "good" : "rough";
}
