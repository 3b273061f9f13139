/** A column of the charter's schema, by name, as questions read it from encoded rows. Pure. */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { DataSchema, Feature } from "../../shared/charter/schema.ts";
import { type EncodedData, type OtherColumns, UNLABELLED } from "../data.ts";
import { encodeNumber, type NumberColumn, numberColumn } from "../features/columns.ts";

/** Values are read at 2⁻²⁴ of the declared range (of its logarithm where the schema says so). */
export interface NumberReader {
  readonly kind: "number";
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** In the column's own unit, within the declared bounds; NaN: missing. */
  read(data: EncodedData, row: number): number;
  /** As the row has it: in order, and equal where values are. NaN: missing. */
  place(data: EncodedData, row: number): number;
  /** The place that a value of the column would have. */
  placeOf(value: number): number;
  /** The value of a place. */
  valueAt(place: number): number;
}

export interface CategoryReader {
  readonly kind: "category";
  readonly name: string;
  readonly categories: readonly string[];
  /** 0: anything else, or missing; i + 1: `categories[i]`. */
  read(data: EncodedData, row: number): number;
}

export type ColumnReader = NumberReader | CategoryReader;

/** @throws {CloisterError} If the schema has no such column that questions may read; names those that it has. */
export function columnReader(schema: DataSchema, name: string): ColumnReader {
  if (name === schema.label.column) return labelReader(schema);
  const feature = readerIn(schema.features, name, (data) => data);
  const other = readerIn(schema.others ?? [], name, ({ others }) => others ?? NONE);
  const reader = feature ?? other;
  if (reader) return reader;
  throw unknownColumn(schema, name);
}

/** @throws {CloisterError} If it has none, or it is none of numbers. */
export function numberReader(schema: DataSchema, name: string): NumberReader {
  const reader = columnReader(schema, name);
  if (reader.kind === "number") return reader;
  const message = `column "${name}" has categories, and this needs a column of numbers`;
  throw badInput("question.not-a-number", message);
}

const NONE: OtherColumns = { numbers: new Float32Array(0), codes: new Uint16Array(0) };

function labelReader({ label }: DataSchema): CategoryReader {
  return {
    kind: "category",
    name: label.column,
    categories: [label.negative, label.positive],
    read({ labels }, row) {
      const mark = labels[row] ?? UNLABELLED;
      return mark === UNLABELLED ? 0 : mark + 1;
    },
  };
}

function readerIn(
  features: readonly Feature[],
  name: string,
  columnsIn: (data: EncodedData) => OtherColumns,
): ColumnReader | null {
  const feature = features.find((one) => one.name === name);
  if (!feature) return null;
  const alike = features.filter(({ type }) => type === feature.type);
  const [width, index] = [alike.length, alike.indexOf(feature)];
  if (feature.type === "category") {
    const { categories } = feature;
    const read = (data: EncodedData, row: number): number =>
      columnsIn(data).codes[row * width + index] ?? 0;
    return { kind: "category", name, categories, read };
  }
  const column = numberColumn(feature);
  const place = (data: EncodedData, row: number): number =>
    columnsIn(data).numbers[row * width + index] ?? Number.NaN;
  return {
    kind: "number",
    name,
    min: feature.min,
    max: feature.max,
    place,
    placeOf: (value) => Math.fround(encodeNumber(column, value)),
    valueAt: (at) => decoded(column, at),
    read: (data, row) => decoded(column, place(data, row)),
  };
}

/** Undoes `encodeNumber`. */
function decoded({ min, max, isLog, low, scale }: NumberColumn, place: number): number {
  const transformed = (place + 1) / scale + low;
  const value = isLog ? Math.sign(transformed) * Math.expm1(Math.abs(transformed)) : transformed;
  return Math.min(max, Math.max(min, value)); // NaN stays.
}

function unknownColumn(schema: DataSchema, name: string): CloisterError {
  const { features, others = [], label, unit, identifiers = [] } = schema;
  if (name === unit?.column || identifiers.some((one) => one.name === name)) {
    const message = `column "${name}" tells customers apart; no question reads it`;
    return badInput("question.identifier", message);
  }
  const names = [...features, ...others].map((one) => one.name);
  const known = [...names, label.column].join(", ");
  return badInput(
    "question.column",
    `the charter's schema has no column "${name}"; it has ${known}`,
  );
}
