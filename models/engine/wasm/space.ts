/** The kernel with an architecture's layout and views of its memory: parameters and rows go in here. Pure. */
import type { EncodedData } from "../../data.ts";
import type { Architecture, CategoryTable } from "../architecture.ts";
import type { Params, Scaling } from "../backend.ts";
import type { Exports, Kernel } from "../kernel/module.ts";
import { type Layout, padded } from "./layout.ts";

export interface Space {
  readonly architecture: Architecture;
  readonly layout: Layout;
  readonly exports: Exports;
  /** Whether there is room for units' gradients to be formed one by one. */
  readonly hasApart: boolean;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
}

export function openSpace(
  kernel: Kernel,
  architecture: Architecture,
  layout: Layout,
  hasApart: boolean,
): Space {
  const buffer = kernel.reserve(hasApart ? layout.byteLengthApart : layout.byteLength);
  return {
    architecture,
    layout,
    exports: kernel.exports,
    hasApart,
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    u32: new Uint32Array(buffer),
  };
}

/** Copies parameters and scaling in, packs what the passes read, and zeroes what pads the first layer's input. */
export function loadParamsInPlace(
  space: Space,
  params: Params,
  scaling: Scaling,
  backwards: boolean,
): void {
  const { layout, f32, exports } = space;
  f32.set(params, layout.params / 4);
  f32.set(scaling, layout.scaling / 4);
  for (const [l, at] of layout.layers.entries()) {
    const { inputWidth, outputWidth, kernelOffset, biasOffset } = at.layer;
    const kernel = layout.params + 4 * kernelOffset;
    copyPadded(f32, layout.params / 4 + biasOffset, at.bias / 4, outputWidth);
    if (at.isLast) {
      copyPadded(f32, kernel / 4, at.packed / 4, inputWidth);
      continue;
    }
    exports.packPanels(kernel, at.packed, inputWidth, outputWidth);
    if (l > 0 && backwards) {
      exports.packTransposed(kernel, at.packedTransposed, inputWidth, outputWidth);
    }
  }
  const [first] = layout.layers;
  if (first === undefined) return;
  const inputEnd = first.input + first.inputStride * layout.rowCapacity;
  f32.fill(0, first.input / 4, inputEnd / 4);
  f32.fill(0, layout.zeros / 4, layout.gradient / 4);
  if (layout.embeddedWidth === 0 || !backwards) return;
  const { inputWidth, outputWidth, kernelOffset } = first.layer;
  const row = inputWidth - layout.embeddedWidth;
  const source = layout.params + 4 * (kernelOffset + row * outputWidth);
  exports.packTransposed(source, layout.packedEmbedding, layout.embeddedWidth, outputWidth);
}

function copyPadded(f32: Float32Array, source: number, target: number, width: number): void {
  f32.copyWithin(target, source, source + width);
  f32.fill(0, target + width, target + padded(width));
}

/**
 * Fills the first layer's input with chosen rows: scaled numbers, indicators, embeddings; and the addresses of their
 * categories' rows.
 *
 * @param rows Row indices; the first `count` are taken, at most the layout's capacity.
 */
export function gatherRowsInPlace(
  space: Space,
  data: EncodedData,
  rows: Uint32Array,
  count: number,
): void {
  const { architecture, layout, f32, exports } = space;
  const { numberCount, indicators, embeddings, sparse } = architecture;
  const [first] = layout.layers;
  if (first === undefined) return;
  const stride = first.inputStride / 4;
  const { numbers } = data;
  for (let r = 0; r < count; r++) {
    const source = (rows[r] ?? 0) * numberCount;
    const target = first.input / 4 + r * stride;
    for (let j = 0; j < numberCount; j++) f32[target + j] = numbers[source + j] ?? 0;
    for (let m = 0; m < indicators.length; m++) {
      const x = numbers[source + (indicators[m] ?? 0)] ?? 0;
      f32[target + numberCount + m] = Number.isNaN(x) ? 1 : 0;
    }
  }
  const inverseScales = layout.scaling + 4 * numberCount;
  exports.scaleNumbers(
    first.input,
    first.inputStride,
    layout.scaling,
    inverseScales,
    count,
    numberCount,
  );
  pointAtCategories(space, data, rows, count, sparse, layout.sparse / 4);
  if (embeddings.length === 0) return;
  pointAtCategories(space, data, rows, count, embeddings, layout.embedded / 4);
  const at = first.input / 4 + numberCount + indicators.length;
  for (let r = 0; r < count; r++) embedRow(space, r, at + r * stride);
}

/** An index beyond the table counts as "anything else". */
function pointAtCategories(
  { architecture, layout, u32 }: Space,
  { codes }: EncodedData,
  rows: Uint32Array,
  count: number,
  tables: readonly CategoryTable[],
  target: number,
): void {
  const { categoryCount } = architecture;
  for (let t = 0; t < tables.length; t++) {
    const table = tables[t];
    if (table === undefined) continue;
    const { column, rowCount, width, offset } = table;
    const start = layout.params + 4 * offset;
    for (let r = 0; r < count; r++) {
      const code = codes[(rows[r] ?? 0) * categoryCount + column] ?? 0;
      u32[target + r * tables.length + t] = start + 4 * width * (code < rowCount ? code : 0);
    }
  }
}

function embedRow({ architecture, layout, f32, u32 }: Space, row: number, start: number): void {
  const { embeddings } = architecture;
  let target = start;
  for (let t = 0; t < embeddings.length; t++) {
    const width = embeddings[t]?.width ?? 0;
    const source = (u32[layout.embedded / 4 + row * embeddings.length + t] ?? 0) / 4;
    for (let k = 0; k < width; k++) f32[target + k] = f32[source + k] ?? 0;
    target += width;
  }
}
