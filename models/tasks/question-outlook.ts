/**
 * What noise would leave of a question's answer, before it is asked: from what everybody knows, the charter, the
 * manifest and a public estimate of the units. Reads no record. Pure.
 */
import type { MatchTask } from "../../shared/charter/match-spec.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { Z_95 } from "../answers/estimate.ts";
import { decoyStdDev, noiseOfPair } from "../overlap/decoy-noise.ts";
import { overlapPlan } from "./overlap-shape.ts";
import { cellCount } from "./query.ts";
import { taskFor } from "./registry.ts";
import type { TaskContext } from "./task.ts";

export interface QuestionOutlook {
  /** Numbers that are opened. */
  readonly numbers: number;
  /** Cells that the rows are broken down into. */
  readonly cells: number;
  /** Units in a cell, if they were spread evenly and met every condition; null: the charter has no estimate. */
  readonly unitsPerCell: number | null;
  /**
   * Standard deviation of the noise in each number if every member answers, in units: so many units' parts, each as
   * large as it may be, are as much. A count of one row a unit is off by so many rows, an overlap by so many
   * customers. 0: no noise.
   */
  readonly stdDev: number;
  /** Sums of a column's values, where the question is for such beside counts of customers. */
  readonly values: ValuesOutlook | null;
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

/** 1.96 standard deviations are so many average cells at most: the half-width of the interval against the number. */
const GOOD_MAX = 0.1;
const HOPELESS_MIN = 1;

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
  const { stdDev = noised, cells, units, values = null } = sizesOf(context);
  const unitsPerCell = units === null ? null : units / cells;
  const verdict = worse(
    verdictOf(stdDev, unitsPerCell),
    values?.isExpected ? verdictOf(values.stdDev, values.total) : "exact",
  );
  return { numbers, cells, unitsPerCell, stdDev, values, verdict };
}

interface Sizes {
  readonly cells: number;
  /** In all of them. */
  readonly units: number | null;
  /** Left out: of the noise in each number that is opened. */
  readonly stdDev?: number;
  readonly values?: ValuesOutlook | null;
}

function sizesOf(context: TaskContext<TaskSpec>): Sizes {
  const { spec, noise, memberCount } = context;
  const units = noise?.unitsExpected ?? null;
  if (spec.kind === "query") return { cells: cellCount({ ...context, spec }), units };
  if (spec.kind === "match") return sizesOfMatch({ ...context, spec });
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

const VERDICTS = ["exact", "good", "rough", "hopeless"] as const;

function worse(
  a: QuestionOutlook["verdict"],
  b: QuestionOutlook["verdict"],
): QuestionOutlook["verdict"] {
  return VERDICTS.indexOf(a) > VERDICTS.indexOf(b) ? a : b;
}

/** Of two members' customers in common, against all that one of them may have. */
function sizesOfMatch({ spec, noise, memberCount }: TaskContext<MatchTask>): Sizes {
  const { perPool = 0 } = noise?.pools ?? {};
  const stdDev = decoyStdDev(noiseOfPair(memberCount, perPool));
  return { cells: 1, units: noise ? spec.setSize : null, stdDev };
}

function verdictOf(stdDev: number, unitsPerCell: number | null): QuestionOutlook["verdict"] {
  if (stdDev === 0 || unitsPerCell === null) return "exact";
  const share = (Z_95 * stdDev) / unitsPerCell;
  if (share >= HOPELESS_MIN) return "hopeless";
  return share <= GOOD_MAX ? "good" : "rough";
}
