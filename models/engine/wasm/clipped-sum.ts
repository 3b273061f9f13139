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
import type { Chunks } from "./chunks.ts";
import { CHUNK_ROWS } from "./layout.ts";
import { boundOfRow, normOfRows, rowNormsInPlace } from "./norms.ts";
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

/** The rows that go through the kernel together: whole chunks. */
interface Pass {
  readonly rows: Uint32Array;
  rowCount: number;
  readonly units: Uint32Array;
  unitCount: number;
  /** Row of the pass at which each unit, and each chunk, starts, and one more. */
  readonly unitStarts: Uint32Array;
  readonly chunkStarts: number[];
}

/** What all passes of a call share. */
interface Work {
  readonly space: Space;
  readonly data: EncodedData;
  readonly units: UnitRows;
  readonly loss: RowLoss;
  readonly clipNorm: number;
  /** `clipNorm` less what single precision may round of a unit of one row. */
  readonly rowBound: number;
  readonly losses: Float64Array;
  readonly norms: Float64Array;
}

/**
 * @param chunks Of `units`.
 * @param passRows A pass takes chunks up to so many rows, and one at least. No result depends on it.
 */
export function clippedSum(
  space: Space,
  data: EncodedData,
  units: UnitRows,
  chunks: Chunks,
  clipNorm: number,
  loss: RowLoss,
  passRows: number,
): ClippedSum {
  const { layout, f64 } = space;
  const { gradient, apart, gradientBytes } = layout;
  const unitCount = units.starts.length - 1;
  const losses = new Float64Array(unitCount);
  const norms = new Float64Array(unitCount);
  const rowBound = boundOfRow(space, clipNorm);
  const work = { space, data, units, loss, clipNorm, rowBound, losses, norms };
  f64.fill(0, gradient / 8, (gradient + gradientBytes) / 8);
  if (space.hasApart) f64.fill(0, apart / 8, (apart + gradientBytes) / 8);
  for (const unit of chunks.large) addLargeUnit(work, unit);
  const pass = newPass(layout.rowCapacity);
  let from = 0;
  for (const [c, end] of chunks.ends.entries()) {
    if (pass.rowCount > 0 && pass.rowCount + (chunks.rowCounts[c] ?? 0) > passRows)
      finishPass(work, pass);
    addChunk(pass, units, chunks.order, from, end);
    from = end;
  }
  if (pass.rowCount > 0) finishPass(work, pass);
  if (space.hasApart) space.exports.addScaled(gradient, apart, 1, doubles(space));
  return { gradient: takeGradient(space, gradient), losses, norms };
}

function newPass(rowCapacity: number): Pass {
  const rows = new Uint32Array(rowCapacity);
  const units = new Uint32Array(rowCapacity);
  const unitStarts = new Uint32Array(rowCapacity + 1);
  return { rows, rowCount: 0, units, unitCount: 0, unitStarts, chunkStarts: [0] };
}

/** order[from] … order[end − 1], a chunk. */
function addChunk(
  pass: Pass,
  { rows, starts }: UnitRows,
  order: Uint32Array,
  from: number,
  end: number,
): void {
  let { rowCount, unitCount } = pass;
  for (let i = from; i < end; i++) {
    const unit = order[i] ?? 0;
    const rowsEnd = starts[unit + 1] ?? 0;
    for (let r = starts[unit] ?? 0; r < rowsEnd; r++) {
      pass.rows[rowCount] = rows[r] ?? 0;
      rowCount += 1;
    }
    pass.units[unitCount] = unit;
    unitCount += 1;
    pass.unitStarts[unitCount] = rowCount;
  }
  pass.rowCount = rowCount;
  pass.unitCount = unitCount;
  pass.chunkStarts.push(rowCount);
}

/** Adds the pass to the sum, and empties it. */
function finishPass(work: Work, pass: Pass): void {
  const { space, data, loss } = work;
  const { layout } = space;
  setWeights(space, pass);
  weighInPlace(space, loss, pass.rows, pass.rowCount);
  gatherRowsInPlace(space, data, pass.rows, pass.rowCount);
  forwardInPlace(space, pass.rowCount);
  lossInPlace(space, data, loss, pass.rows, pass.rowCount);
  backwardInPlace(space, pass.rowCount);
  rowNormsInPlace(space, pass.rowCount);
  if (clipUnits(work, pass)) scaleDeltas(space, pass.rowCount);
  setChunksInPlace(space, pass.chunkStarts);
  addGradientInPlace(space, layout.gradient, pass.chunkStarts.length - 1);
  pass.rowCount = 0;
  pass.unitCount = 0;
  pass.chunkStarts.length = 1;
}

/** A unit's loss is the mean over its rows. */
function setWeights({ layout, f32 }: Space, { rowCount, unitCount, unitStarts }: Pass): void {
  const at = layout.weights / 4;
  f32.fill(1, at, at + rowCount);
  if (unitCount === rowCount) return;
  for (let i = 0; i < unitCount; i++) {
    const start = unitStarts[i] ?? 0;
    const end = unitStarts[i + 1] ?? 0;
    f32.fill(1 / (end - start), at + start, at + end);
  }
}

/** Notes losses and norms, and sets each row's factor. @returns Whether any is not 1. */
function clipUnits(work: Work, pass: Pass): boolean {
  const { space, rowBound } = work;
  const { layout, exports } = space;
  const { norms, losses, factors } = layout;
  const found = exports.clipRows(norms, losses, factors, pass.rowCount, rowBound);
  if (pass.unitCount < pass.rowCount) return clipEachUnit(work, pass);
  for (let r = 0; r < pass.rowCount; r++) noteRow(work, pass.units[r] ?? 0, r);
  if ((found & SOME_LEFT_OUT) !== 0) {
    for (let r = 0; r < pass.rowCount; r++) {
      if (space.f32[factors / 4 + r] === 0) clearInputs(space, r, r + 1);
    }
  }
  return found !== 0;
}

/** Where some units have several rows. */
function clipEachUnit(work: Work, { units, unitCount, unitStarts }: Pass): boolean {
  const { space } = work;
  const { f32 } = space;
  const at = space.layout.factors / 4;
  let scaled = false;
  for (let i = 0; i < unitCount; i++) {
    const start = unitStarts[i] ?? 0;
    const end = unitStarts[i + 1] ?? 0;
    const unit = units[i] ?? 0;
    if (end - start === 1) noteRow(work, unit, start);
    else f32.fill(clipRows(work, unit, start, end), at + start, at + end);
    const factor = f32[at + start] ?? 0;
    if (factor !== 1) scaled = true;
    if (factor === 0) clearInputs(space, start, end);
  }
  return scaled;
}

/** The unit is this one row, which the kernel has clipped. */
function noteRow({ space, losses, norms }: Work, unit: number, row: number): void {
  const { layout, f32, f64 } = space;
  losses[unit] = f32[layout.losses / 4 + row] ?? 0;
  norms[unit] = f64[layout.norms / 8 + row] ?? 0;
}

/** @returns What the unit's deltas are to be multiplied by; 0 if it is added apart, or not at all. */
function clipRows(work: Work, unit: number, from: number, to: number): number {
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

function scaleDeltas({ layout, exports }: Space, count: number): void {
  const { factors } = layout;
  for (const { isLast, delta, deltaStride, deltaQuads } of layout.layers) {
    if (isLast) exports.scaleColumn(delta, factors, count);
    else exports.scaleRows(delta, deltaStride, deltaQuads, factors, count);
  }
  const quads = Math.ceil(layout.embeddedWidth / 8) * 2;
  if (quads === 0) return;
  exports.scaleRows(layout.embeddedDelta, layout.embeddedStride, quads, factors, count);
}
