/** The training engine on the WebAssembly kernel: single precision inside, doubles across chunks. Pure but for its memory. */
import { assert } from "../../../shared/base/assert.ts";
import type { EncodedData } from "../../data.ts";
import type { Architecture } from "../architecture.ts";
import type { Params, RowLoss, Scaling, TrainerBackend } from "../backend.ts";
import { type Kernel, openKernel, type Variant } from "../kernel/module.ts";
import { CROSS_ENTROPY, checkWeights } from "../loss.ts";
import { checkShapes } from "../shapes.ts";
import { chunksOf, newChunkRoom } from "./chunks.ts";
import { clippedSum } from "./clipped-sum.ts";
import { CHUNK_ROWS, layoutOf } from "./layout.ts";
import { newPass } from "./pass.ts";
import {
  addGradientInPlace,
  backwardInPlace,
  forwardInPlace,
  lossInPlace,
  setChunksInPlace,
  takeGradient,
  weighInPlace,
} from "./passes.ts";
import { gatherRowsInPlace, loadParamsInPlace, openSpace, type Space } from "./space.ts";

/** Rows that go through the kernel together. */
const MEAN_ROWS = 4 * CHUNK_ROWS;
/** Chunks cut by tags are two thirds full, so that rows which fill four chunks fill six: these are to be one pass too. */
const CLIPPED_ROWS = 5 * CHUNK_ROWS;
const MEMORY_MAX = 2 ** 31;

/**
 * @param passRows Rows that go through the kernel together, instead of the usual; no result depends on it.
 * @returns Null where the variant does not run, or the architecture is too large for it.
 */
export function wasmBackend(
  architecture: Architecture,
  variant: Variant,
  passRows?: number,
): TrainerBackend | null {
  assert(passRows === undefined || passRows >= 1, "a pass has at least one row");
  const kernel = openKernel(variant);
  const rowsAtOnce = Math.ceil((passRows ?? MEAN_ROWS) / CHUNK_ROWS) * CHUNK_ROWS;
  const clippedRows = passRows ?? CLIPPED_ROWS;
  const capacity = 6 * Math.ceil(Math.max(CLIPPED_ROWS, rowsAtOnce) / 6);
  const layout = layoutOf(architecture, capacity);
  if (kernel === null || layout.byteLengthApart > MEMORY_MAX) return null;
  const open = (
    params: Params,
    scaling: Scaling,
    data: EncodedData,
    { backwards = true, apart = false },
  ): Space => {
    checkShapes(architecture, params, scaling, data);
    const space = openSpace(kernel, architecture, layout, apart);
    loadParamsInPlace(space, params, scaling, backwards);
    return space;
  };
  const pass = newPass(capacity);
  const room = newChunkRoom();
  return {
    name: nameOf(kernel),
    architecture,
    supports: ({ kind }) => kind !== "reconstruction",
    logits(params, scaling, data) {
      return outputs(open(params, scaling, data, { backwards: false }), data, false);
    },
    scores(params, scaling, data) {
      return outputs(open(params, scaling, data, { backwards: false }), data, true);
    },
    meanGradient(params, scaling, data, rows, loss = CROSS_ENTROPY) {
      checkWeights(loss, data);
      return meanGradient(open(params, scaling, data, {}), data, rows, loss, rowsAtOnce);
    },
    clippedGradientSum(params, scaling, data, units, clipNorm, loss = CROSS_ENTROPY) {
      checkWeights(loss, data);
      assert(units.tags.length === units.starts.length - 1, "every unit has a tag");
      const chunks = chunksOf(units, room);
      const space = open(params, scaling, data, { apart: !chunks.isOneEach });
      return clippedSum(space, { data, units, chunks, clipNorm, loss }, pass, clippedRows);
    },
  };
}

function nameOf({ variant }: Kernel): "wasm-relaxed-simd" | "wasm-simd" {
  return variant === "relaxed" ? "wasm-relaxed-simd" : "wasm-simd";
}

function outputs(space: Space, data: EncodedData, asScores: boolean): Float32Array {
  const { layout, f32, exports } = space;
  const result = new Float32Array(data.rowCount);
  const rows = new Uint32Array(layout.rowCapacity);
  for (let from = 0; from < data.rowCount; from += layout.rowCapacity) {
    const count = Math.min(layout.rowCapacity, data.rowCount - from);
    for (let r = 0; r < count; r++) rows[r] = from + r;
    gatherRowsInPlace(space, data, rows, count);
    forwardInPlace(space, count);
    if (asScores) exports.sigmoid(layout.logits, Math.ceil(count / 4) * 4);
    const start = layout.logits / 4;
    result.set(f32.subarray(start, start + count), from);
  }
  return result;
}

function meanGradient(
  space: Space,
  data: EncodedData,
  rows: Uint32Array,
  rowLoss: RowLoss,
  rowsAtOnce: number,
): { gradient: Float64Array; loss: number } {
  const { layout, f32, f64 } = space;
  const { gradient, gradientBytes, weights, losses } = layout;
  f64.fill(0, gradient / 8, (gradient + gradientBytes) / 8);
  let loss = 0;
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const chosen = rows.subarray(from, from + rowsAtOnce);
    f32.fill(1 / rows.length, weights / 4, weights / 4 + chosen.length);
    weighInPlace(space, rowLoss, chosen, chosen.length);
    gatherRowsInPlace(space, data, chosen, chosen.length);
    forwardInPlace(space, chosen.length);
    lossInPlace(space, data, rowLoss, chosen, chosen.length);
    for (let r = 0; r < chosen.length; r++) loss += f32[losses / 4 + r] ?? 0;
    backwardInPlace(space, chosen.length);
    const starts = [];
    for (let r = 0; r < chosen.length; r += CHUNK_ROWS) starts.push(r);
    setChunksInPlace(space, [...starts, chosen.length]);
    addGradientInPlace(space, gradient, starts.length);
  }
  return { gradient: takeGradient(space, gradient), loss };
}
