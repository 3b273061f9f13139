/**
 * The sum of clipped unit gradients, chunk by chunk. Pure but for the kernel's memory.
 *
 * Units of a chunk are added in single precision, rows in order, under two rules that bound what that rounds:
 * a chunk has at most `CHUNK_ROWS` rows, and a unit of k rows enters with Σ ‖clipped row gradient‖ ≤ kC. A unit whose
 * rows cancel beyond that, that has too many rows, or for which that is cheaper, has its gradient formed and clipped
 * apart, and added in doubles.
 */
import type { EncodedData } from "../../data.ts";
import type { ClippedSum, RowLoss, UnitRows } from "../backend.ts";
import { type Chunks, rowsOf } from "./chunks.ts";
import { CHUNK_ROWS } from "./layout.ts";
import { boundOfRow, describeLayersInPlace, normOfRows } from "./norms.ts";
import { addChunkInPlace, emptyInPlace, type Pass, restartInPlace } from "./pass.ts";
import {
  addGradientInPlace,
  backwardInPlace,
  forwardInPlace,
  lossInPlace,
  setChunksInPlace,
  takeGradient,
  weighInPlace,
} from "./passes.ts";
import { gatherRowsInPlace, type Space } from "./space.ts";

/** For gradients in doubles, whose norm is known to about 10⁻¹². */
const CLIP_MARGIN = 1 - 1e-9;

/** Of what the kernel's `clipRows` answers. */
const SOME_LEFT_OUT = 2;

/** What is to be added up. */
export interface Clipping {
  readonly data: EncodedData;
  readonly units: UnitRows;
  /** Of `units`. */
  readonly chunks: Chunks;
  readonly loss: RowLoss;
  readonly clipNorm: number;
}

/** What all passes of a call share. */
interface Work extends Clipping {
  readonly space: Space;
  /** `clipNorm` less what single precision may round of a unit of one row. */
  readonly rowBound: number;
  readonly clipLayerCount: number;
  readonly losses: Float64Array;
  readonly norms: Float64Array;
}

/**
 * @param pass Overwritten.
 * @param passRows A pass takes chunks up to so many rows, and one at least. No result depends on it.
 */
export function clippedSum(
  space: Space,
  clipping: Clipping,
  pass: Pass,
  passRows: number,
): ClippedSum {
  const { layout, f64 } = space;
  const { gradient, apart, gradientBytes } = layout;
  const { units, chunks, clipNorm } = clipping;
  const unitCount = units.starts.length - 1;
  const losses = new Float64Array(unitCount);
  const norms = new Float64Array(unitCount);
  const rowBound = boundOfRow(space, clipNorm);
  const clipLayerCount = describeLayersInPlace(space);
  const work = { ...clipping, space, rowBound, clipLayerCount, losses, norms };
  f64.fill(0, gradient / 8, (gradient + gradientBytes) / 8);
  if (space.hasApart) f64.fill(0, apart / 8, (apart + gradientBytes) / 8);
  for (const unit of chunks.large) addLargeUnit(work, unit);
  restartInPlace(pass);
  for (const [c, end] of chunks.ends.entries()) {
    if (pass.rowCount > 0 && pass.rowCount + (chunks.rowCounts[c] ?? 0) > passRows)
      finishPass(work, pass);
    addChunkInPlace(pass, units, chunks, end);
  }
  if (pass.rowCount > 0) finishPass(work, pass);
  if (space.hasApart) space.exports.addScaled(gradient, apart, 1, doubles(space));
  return { gradient: takeGradient(space, gradient), losses, norms };
}

/** Adds the pass to the sum, and empties it. */
function finishPass(work: Work, pass: Pass): void {
  const { space, data, loss } = work;
  const { layout } = space;
  setWeights(work, pass);
  weighInPlace(space, loss, pass.rows, pass.rowCount);
  gatherRowsInPlace(space, data, pass.rows, pass.rowCount);
  forwardInPlace(space, pass.rowCount);
  lossInPlace(space, data, loss, pass.rows, pass.rowCount);
  backwardInPlace(space, pass.rowCount);
  clipUnits(work, pass);
  setChunksInPlace(space, pass.chunkStarts);
  addGradientInPlace(space, layout.gradient, pass.chunkStarts.length - 1);
  emptyInPlace(pass);
}

/** A unit's loss is the mean over its rows. */
function setWeights({ space, chunks, units }: Work, { rowCount, firstUnit, endUnit }: Pass): void {
  const { layout, f32 } = space;
  const at = layout.weights / 4;
  f32.fill(1, at, at + rowCount);
  if (chunks.isOneEach) return;
  let start = at;
  for (let i = firstUnit; i < endUnit; i++) {
    const rows = rowsOf(units, chunks.order[i] ?? 0);
    f32.fill(1 / rows, start, start + rows);
    start += rows;
  }
}

/** Notes losses and norms, and multiplies deltas by their factors. */
function clipUnits(work: Work, pass: Pass): void {
  const { space, chunks, rowBound, clipLayerCount } = work;
  const { exports } = space;
  const { clipLayers, norms, losses, factors } = space.layout;
  const { rowCount } = pass;
  const scales = chunks.isOneEach ? 1 : 0;
  const found = exports.clipRows(
    clipLayers,
    clipLayerCount,
    norms,
    losses,
    factors,
    rowCount,
    rowBound,
    scales,
  );
  if (!chunks.isOneEach) {
    if (clipEachUnit(work, pass)) exports.scaleRows(clipLayers, clipLayerCount, factors, rowCount);
    return;
  }
  noteRows(work, pass);
  if ((found & SOME_LEFT_OUT) === 0) return;
  for (let r = 0; r < rowCount; r++) {
    if (space.f32[factors / 4 + r] === 0) clearInputs(space, r, r + 1);
  }
}

/** Where some units have several rows. @returns Whether any factor is not 1. */
function clipEachUnit(work: Work, { firstUnit, endUnit }: Pass): boolean {
  const { space, chunks, units, losses, norms } = work;
  const { layout, f32, f64 } = space;
  const at = layout.factors / 4;
  let scaled = false;
  let start = 0;
  for (let i = firstUnit; i < endUnit; i++) {
    const unit = chunks.order[i] ?? 0;
    const end = start + rowsOf(units, unit);
    if (end - start === 1) {
      losses[unit] = f32[layout.losses / 4 + start] ?? 0;
      norms[unit] = f64[layout.norms / 8 + start] ?? 0;
    } else f32.fill(clipUnit(work, unit, start, end), at + start, at + end);
    const factor = f32[at + start] ?? 0;
    if (factor !== 1) scaled = true;
    if (factor === 0) clearInputs(space, start, end);
    start = end;
  }
  return scaled;
}

/** Where each unit is a row, which the kernel has clipped. */
function noteRows({ space, chunks, losses, norms }: Work, { firstUnit, rowCount }: Pass): void {
  const { layout, f32, f64 } = space;
  const { order } = chunks;
  const lossesAt = layout.losses / 4;
  const normsAt = layout.norms / 8;
  for (let r = 0; r < rowCount; r++) {
    const unit = order[firstUnit + r] ?? 0;
    losses[unit] = f32[lossesAt + r] ?? 0;
    norms[unit] = f64[normsAt + r] ?? 0;
  }
}

/** @returns What the unit's deltas are to be multiplied by; 0 if it is added apart, or not at all. */
function clipUnit(work: Work, unit: number, from: number, to: number): number {
  const { space, clipNorm, losses } = work;
  const { layout, f32 } = space;
  let loss = 0;
  for (let r = from; r < to; r++) loss += f32[layout.losses / 4 + r] ?? 0;
  losses[unit] = loss;
  if (formingIsCheaper(space, to - from)) return addApart(work, unit, from, to);
  const { norm, factor, rowNorms } = normOfRows(space, from, to, clipNorm);
  if (factor * rowNorms > (to - from) * clipNorm) return addApart(work, unit, from, to);
  return accept(work, unit, norm, factor);
}

/** A unit that is not finite counts with a loss of 0. */
function accept({ losses, norms }: Work, unit: number, norm: number, factor: number): number {
  norms[unit] = norm;
  if (Number.isFinite(norm) && Number.isFinite(losses[unit] ?? 0)) return factor;
  losses[unit] = 0;
  norms[unit] = Number.NaN;
  return 0;
}

/** Pairs of rows cost a pass over all layers each; forming the gradient costs some passes over the parameters. */
function formingIsCheaper({ layout, architecture }: Space, rows: number): boolean {
  let width = 0;
  for (const { inputQuads, deltaQuads } of layout.layers) width += 4 * (inputQuads + deltaQuads);
  return rows * (rows + 1) * width > 12 * architecture.paramCount;
}

/** Forms the gradient of the rows, which are in the pass, and adds it to the sum of those apart. @returns 0. */
function addApart(work: Work, unit: number, from: number, to: number): 0 {
  const { space } = work;
  clearSingle(space);
  setChunksInPlace(space, [from, to]);
  addGradientInPlace(space, space.layout.single, 1);
  addSingle(work, unit);
  return 0;
}

/** A unit of more rows than a chunk may have: the same in steps of a chunk's rows. */
function addLargeUnit(work: Work, unit: number): void {
  const { space, data, units, loss, losses } = work;
  const { layout, f32 } = space;
  const end = units.starts[unit + 1] ?? 0;
  const start = units.starts[unit] ?? 0;
  clearSingle(space);
  for (let from = start; from < end; from += CHUNK_ROWS) {
    const rows = units.rows.subarray(from, Math.min(end, from + CHUNK_ROWS));
    f32.fill(1 / (end - start), layout.weights / 4, layout.weights / 4 + rows.length);
    weighInPlace(space, loss, rows, rows.length);
    gatherRowsInPlace(space, data, rows, rows.length);
    forwardInPlace(space, rows.length);
    lossInPlace(space, data, loss, rows, rows.length);
    backwardInPlace(space, rows.length);
    for (let r = 0; r < rows.length; r++) {
      losses[unit] = (losses[unit] ?? 0) + (f32[layout.losses / 4 + r] ?? 0);
    }
    setChunksInPlace(space, [0, rows.length]);
    addGradientInPlace(space, layout.single, 1);
  }
  addSingle(work, unit);
}

function clearSingle({ layout, f64 }: Space): void {
  f64.fill(0, layout.single / 8, (layout.single + layout.gradientBytes) / 8);
}

function addSingle(work: Work, unit: number): void {
  const { space, clipNorm } = work;
  const { layout, exports } = space;
  const norm = Math.sqrt(exports.squaredLength(layout.single, doubles(space)));
  const factor = accept(work, unit, norm, Math.min(1, (clipNorm * CLIP_MARGIN) / norm));
  if (factor > 0) exports.addScaled(layout.apart, layout.single, factor, doubles(space));
}

/** Of a gradient buffer: what pads it is zero. */
function doubles({ layout }: Space): number {
  return layout.gradientBytes / 8;
}

/** So that NaN · 0 cannot arise. Deltas with a factor of 0 are cleared by the kernel. */
function clearInputs({ layout, f32 }: Space, from: number, to: number): void {
  for (const { input, inputStride } of layout.layers) {
    f32.fill(0, (input + from * inputStride) / 4, (input + to * inputStride) / 4);
  }
}
