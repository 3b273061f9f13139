/** What customers come to, beside how many are shared: whose, by which column, how much at most, and how sure. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import type { OverlapTask } from "../../../shared/charter/overlap-spec.ts";
import type { EncodedData, PartitionedData } from "../../data.ts";
import { overlapVariance } from "../../overlap/sketch-size.ts";
import { type NumberReader, numberReader } from "../columns.ts";
import type { TaskContext } from "../task.ts";

export type OverlapContext = TaskContext<OverlapTask>;

/** Nobody pays for a number whose interval is as wide as all that could be in it. */
const ERROR_SHARE_MAX = 0.5;

export interface AskedValues {
  readonly reader: NumberReader;
  /** Places in the roster of the members whose customers' values are asked for, in the order of their sections. */
  readonly members: readonly number[];
  /** What one customer comes to at most, up or down. */
  readonly most: number;
}

export interface ValuesPlan extends AskedValues {
  /** Standard error of a sum over few customers in common, of sets as large as expected, in the column's unit. */
  readonly standardError: number;
  /** What all customers of a member come to: as expected, or, where nobody says, at most. */
  readonly total: number;
}

/** Null: nobody asks. @throws {CloisterError} If it cannot be asked so; says what to change. */
export function askedValues({
  spec,
  schema,
  memberCount,
  memberIds,
}: OverlapContext): AskedValues | null {
  const { values, valuesFrom, valueMax, valueExpected } = spec;
  if (values === undefined) {
    if (valuesFrom ?? valueMax ?? valueExpected) {
      const message = "valuesFrom, valueMax and valueExpected are about a column: say values";
      throw badInput("overlap.values", message);
    }
    return null;
  }
  const reader = numberReader(schema, values);
  const most = valueMax ?? Math.max(Math.abs(reader.min), Math.abs(reader.max));
  if (valueExpected !== undefined && valueExpected > most) {
    const message = `valueExpected ${valueExpected} is above the most that a customer comes to (${most}): raise valueMax`;
    throw badInput("overlap.values", message);
  }
  const names = valuesFrom ?? memberIds;
  const members =
    names?.map((name) => memberIds?.indexOf(name) ?? -1) ??
    Array.from({ length: memberCount }, (_, k) => k);
  const unknown = names?.find((name, i) => members[i] === -1 || names.indexOf(name) !== i);
  if (unknown === undefined) return { reader, members, most };
  const message = `valuesFrom: ${unknown} is no member of the run, or is named twice; there are ${memberIds?.join(", ")}`;
  throw badInput("overlap.values-from", message);
}

/** @throws {CloisterError} If no sum could be told from nothing, or from all. */
export function valuesPlan(
  { sizeExpected, valueExpected }: OverlapTask,
  asked: AskedValues,
  sketch: { readonly slots: number; readonly noiseStdDev: number },
): ValuesPlan {
  const { most, reader } = asked;
  const mean = valueExpected ?? most;
  // No value is above 1, and so no square is above its value.
  const squares = (sizeExpected * mean) / most;
  const sizes = [sizeExpected, squares] as const;
  const standardError = most * Math.sqrt(overlapVariance({ ...sketch, sizes, overlap: 0 }));
  const total = sizeExpected * mean;
  if (!isHopeless(standardError, total)) return { ...asked, standardError, total };
  const message = `of sums of ${reader.name} of ${round(total)} one would be known within ${round(2 * standardError)} only: use more ε, or a smaller valueMax`;
  throw badInput("overlap.hopeless", message);
}

/** @param all What the number may come to. */
export function isHopeless(standardError: number, all: number): boolean {
  return standardError > ERROR_SHARE_MAX * all;
}

/** Of each row of the two partitions, 1 being the most that a customer comes to; NaN: none. */
export function valuesOf(
  { reader, most }: AskedValues,
  { train, holdout }: PartitionedData,
): Float64Array[] {
  return [train, holdout].map((side: EncodedData) =>
    Float64Array.from({ length: side.rowCount }, (_, row) => reader.read(side, row) / most),
  );
}

const round = (value: number): string => String(Number(value.toPrecision(3)));
