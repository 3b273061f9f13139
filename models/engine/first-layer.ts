/**
 * A net's first layer feature by feature: what each adds to its sums. Pure. Embeddings are taken through
 * the kernel, so that every category has one row, whatever its encoding.
 */
import type { Model } from "../model.ts";
import type { Architecture, CategoryTable } from "./architecture.ts";

/** All vectors have the first layer's width. */
export type FeatureSums = NumberSums | CategorySums;

export interface NumberSums {
  readonly type: "number";
  readonly feature: string;
  /** Index among the schema's number features. */
  readonly column: number;
  readonly centre: number;
  readonly inverseScale: number;
  /** What one unit of (x − centre) · inverseScale adds. */
  readonly weights: Float64Array<ArrayBuffer>;
  /** What an unknown value adds; null: the schema refuses it. */
  readonly missing: Float64Array<ArrayBuffer> | null;
}

export interface CategorySums {
  readonly type: "category";
  readonly feature: string;
  /** Index among the schema's category features. */
  readonly column: number;
  /** By code; row 0 is "anything else". */
  readonly rows: readonly Float64Array<ArrayBuffer>[];
}

/** In schema order. */
export function featureSums(model: Model, architecture: Architecture): FeatureSums[] {
  let [number, category] = [0, 0];
  return model.schema.features.map(({ type, name }) =>
    type === "number"
      ? numberSums(model, architecture, name, number++)
      : categorySums(model, architecture, name, category++),
  );
}

function numberSums(
  { params, scaling }: Model,
  architecture: Architecture,
  feature: string,
  column: number,
): NumberSums {
  const { numberCount, indicators } = architecture;
  const indicator = indicators.indexOf(column);
  return {
    type: "number",
    feature,
    column,
    centre: scaling[column] ?? 0,
    inverseScale: scaling[numberCount + column] ?? 1,
    weights: kernelRow(architecture, params, column),
    missing: indicator < 0 ? null : kernelRow(architecture, params, numberCount + indicator),
  };
}

function categorySums(
  { params }: Model,
  architecture: Architecture,
  feature: string,
  column: number,
): CategorySums {
  const { embeddings, sparse, numberCount, indicators } = architecture;
  const onehot = sparse.find((table) => table.column === column);
  if (onehot) return { type: "category", feature, column, rows: tableRows(onehot, params) };
  let at = numberCount + indicators.length;
  let rows: Float64Array<ArrayBuffer>[] = [];
  for (const table of embeddings) {
    const first = at;
    at += table.width;
    if (table.column !== column) continue;
    const kernel = Array.from({ length: table.width }, (_, k) =>
      kernelRow(architecture, params, first + k),
    );
    rows = tableRows(table, params).map((row) => combined(row, kernel));
  }
  return { type: "category", feature, column, rows };
}

/** Σ factors[k] · vectors[k]. */
function combined(
  factors: Float64Array,
  vectors: readonly Float64Array[],
): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const [k, vector] of vectors.entries())
    for (let o = 0; o < sum.length; o++)
      sum[o] = (sum[o] ?? 0) + (factors[k] ?? 0) * (vector[o] ?? 0);
  return sum;
}

/** What input `index` of the first layer gives to each output. */
function kernelRow(
  { layers }: Architecture,
  params: Float32Array,
  index: number,
): Float64Array<ArrayBuffer> {
  const { kernelOffset, outputWidth } = layers[0] ?? { kernelOffset: 0, outputWidth: 1 };
  const from = kernelOffset + index * outputWidth;
  return Float64Array.from(params.subarray(from, from + outputWidth));
}

function tableRows(
  { rowCount, width, offset }: CategoryTable,
  params: Float32Array,
): Float64Array<ArrayBuffer>[] {
  return Array.from({ length: rowCount }, (_, code) =>
    Float64Array.from(params.subarray(offset + code * width, offset + (code + 1) * width)),
  );
}
