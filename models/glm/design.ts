/**
 * A question's columns as the columns of a design matrix: intercept, numbers, what is missing, and categories against a
 * reference. Every entry is in [−1, 1], by declared bounds alone, so that every row's part of a sum is bounded. Pure.
 */
import type { EncodedData } from "../data.ts";
import { signedLog } from "../features/cell.ts";

/** A number of a row: in the column's own unit, NaN where it is missing. */
export interface NumberSource {
  readonly kind: "number";
  readonly name: string;
  /** Declared bounds, in the column's own unit. */
  readonly min: number;
  readonly max: number;
  /** Enters as sign(x)·ln(1 + |x|). */
  readonly isLog: boolean;
  readonly mayBeMissing: boolean;
  read(data: EncodedData, row: number): number;
}

/** A category of a row: 0 is anything else, i + 1 is `categories[i]`. */
export interface CategorySource {
  readonly kind: "category";
  readonly name: string;
  readonly categories: readonly string[];
  /** The category that the others are compared with, counted like a row's. */
  readonly reference: number;
  read(data: EncodedData, row: number): number;
}

export type Source = NumberSource | CategorySource;

export interface DesignColumn {
  /** For people: `age`, `age is missing`, `cp = 4`. */
  readonly name: string;
  /** A column holds (value − centre)/halfWidth of what it is called after. */
  readonly centre: number;
  readonly halfWidth: number;
  readonly kind: "intercept" | "number" | "missing" | "level";
}

/** A row's entries that are not 0. Overwritten for each row. */
export interface DesignRow {
  count: number;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

export interface Design {
  readonly columns: readonly DesignColumn[];
  /** R²: a row's entries squared add up to at most so much. */
  readonly rowSquareMax: number;
  readonly sources: readonly Source[];
}

const INTERCEPT: DesignColumn = { name: "(intercept)", centre: 0, halfWidth: 1, kind: "intercept" };

export function designOf(sources: readonly Source[]): Design {
  const columns = [INTERCEPT, ...sources.flatMap(columnsOf)];
  // A source has at most one entry that is not 0: a number or its absence, one category.
  return { columns, rowSquareMax: 1 + sources.length, sources };
}

function columnsOf(source: Source): DesignColumn[] {
  if (source.kind === "category") return levelsOf(source);
  const { name, isLog, mayBeMissing } = source;
  const shown = isLog ? `log(1 + ${name})` : name;
  const number = { name: shown, ...rangeOf(source), kind: "number" } as const;
  if (!mayBeMissing) return [number];
  return [number, { name: `${name} is missing`, centre: 0, halfWidth: 1, kind: "missing" }];
}

/** Of the values as they enter. */
export function rangeOf({ min, max, isLog }: Pick<NumberSource, "min" | "max" | "isLog">): {
  readonly centre: number;
  readonly halfWidth: number;
} {
  const low = isLog ? signedLog(min) : min;
  const high = isLog ? signedLog(max) : max;
  return { centre: low / 2 + high / 2, halfWidth: high / 2 - low / 2 };
}

/** The reference has no column. */
function levelsOf({ name, categories, reference }: CategorySource): DesignColumn[] {
  return ["anything else", ...categories]
    .filter((_, code) => code !== reference)
    .map((level) => ({ name: `${name} = ${level}`, centre: 0, halfWidth: 1, kind: "level" }));
}

/** What writes rows of this design, over and over into the same arrays. */
export function rowWriter(design: Design): (data: EncodedData, row: number) => DesignRow {
  const { sources } = design;
  const into: DesignRow = {
    count: 0,
    columns: new Uint32Array(1 + sources.length),
    values: new Float64Array(1 + sources.length),
  };
  const starts: number[] = [];
  let next = 1;
  for (const source of sources) {
    starts.push(next);
    next += columnsOf(source).length;
  }
  const add = (column: number, value: number): void => {
    into.columns[into.count] = column;
    into.values[into.count] = value;
    into.count += 1;
  };
  const writers = sources.map((source, i) => entryWriter(source, starts[i] ?? 0, add));
  return (data, row) => {
    into.count = 0;
    add(0, 1);
    for (const write of writers) write(data, row);
    return into;
  };
}

function entryWriter(
  source: Source,
  start: number,
  add: (column: number, value: number) => void,
): (data: EncodedData, row: number) => void {
  if (source.kind === "category") {
    const { reference } = source;
    return (data, row) => {
      const code = source.read(data, row);
      if (code !== reference) add(start + (code > reference ? code - 1 : code), 1);
    };
  }
  const { centre, halfWidth } = rangeOf(source);
  return (data, row) => {
    const value = source.read(data, row);
    if (Number.isNaN(value)) {
      // The number itself is taken for the centre of its bounds, which enters as 0.
      if (source.mayBeMissing) add(start + 1, 1);
      return;
    }
    const entering = source.isLog ? signedLog(value) : value;
    add(start, Math.max(-1, Math.min(1, (entering - centre) / halfWidth)));
  };
}
