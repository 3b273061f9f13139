/**
 * The training engine in plain TypeScript: doubles inside, chunks of rows, ghost clipping. Pure; the
 * backend owns its buffers and its results do not depend on earlier calls.
 */
import { assert } from "../../shared/base/assert.ts";
import type { EncodedData } from "../data.ts";
import { isGraph, type Network } from "./architecture.ts";
import type { ClippedSum, Params, RowLoss, Scaling, TrainerBackend, UnitRows } from "./backend.ts";
import type { Chunk } from "./chunk.ts";
import { rowSeed } from "./graph/dropout.ts";
import { graphChunk } from "./graph/passes.ts";
import { checkWeights, sigmoid } from "./loss.ts";
import { netChunk } from "./passes.ts";
import { checkShapes } from "./shapes.ts";

const CHUNK_ROWS = 128;
/** Clipped norms stay below the bound by more than double rounding can add. */
const CLIP_MARGIN = 1 - 1e-9;

/** A chunk of rows of a model of any shape. */
export function newChunk(network: Network, rowCapacity: number): Chunk {
  return isGraph(network) ? graphChunk(network, rowCapacity) : netChunk(network, rowCapacity);
}

export function plainBackend(network: Network): TrainerBackend {
  let chunk = newChunk(network, CHUNK_ROWS);
  const prepare = (params: Params, scaling: Scaling, data: EncodedData, rows: number): Chunk => {
    checkShapes(network, params, scaling, data);
    if (chunk.rowCapacity < rows) chunk = newChunk(network, rows);
    chunk.load(params, scaling);
    return chunk;
  };
  const logits = (params: Params, scaling: Scaling, data: EncodedData): Float32Array =>
    allLogits(prepare(params, scaling, data, CHUNK_ROWS), data);
  return {
    name: "plain",
    architecture: network,
    drawsInTraining: isGraph(network) && network.nodes.some(({ kind }) => kind === "dropout"),
    supports: (loss) => chunk.head.supports(loss),
    logits,
    scores: (params, scaling, data) => logits(params, scaling, data).map(sigmoid),
    meanGradient(params, scaling, data, rows, loss = chunk.head.loss, draw) {
      checkLoss(chunk, loss, data);
      const prepared = prepare(params, scaling, data, CHUNK_ROWS);
      return meanGradient(prepared, network.paramCount, data, rows, loss, draw);
    },
    clippedGradientSum(params, scaling, data, units, clipNorm, loss = chunk.head.loss) {
      checkLoss(chunk, loss, data);
      let largest = CHUNK_ROWS;
      for (let u = 0; u + 1 < units.starts.length; u++) {
        largest = Math.max(largest, (units.starts[u + 1] ?? 0) - (units.starts[u] ?? 0));
      }
      const prepared = prepare(params, scaling, data, largest);
      return clippedSum(prepared, network.paramCount, data, units, clipNorm, loss);
    },
  };
}

function checkLoss({ head }: Chunk, loss: RowLoss, data: EncodedData): void {
  assert(head.supports(loss), "the model cannot minimise this loss");
  checkWeights(loss, data);
}

function allLogits(chunk: Chunk, data: EncodedData): Float32Array {
  const all = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const result = new Float32Array(data.rowCount);
  for (let from = 0; from < data.rowCount; from += CHUNK_ROWS) {
    const to = Math.min(data.rowCount, from + CHUNK_ROWS);
    chunk.gather(data, all, from, to);
    chunk.forward(to - from, null);
    for (let r = from; r < to; r++) result[r] = chunk.head.logit(r - from);
  }
  return result;
}

function meanGradient(
  chunk: Chunk,
  paramCount: number,
  data: EncodedData,
  rows: Uint32Array,
  kind: RowLoss,
  draw: number | undefined,
): { gradient: Float64Array; loss: number } {
  const gradient = new Float64Array(paramCount);
  const seeds = draw === undefined ? null : new Uint32Array(CHUNK_ROWS);
  let loss = 0;
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const to = Math.min(rows.length, from + CHUNK_ROWS);
    chunk.gather(data, rows, from, to);
    for (let r = from; seeds && r < to; r++) seeds[r - from] = rowSeed(draw ?? 0, r);
    chunk.forward(to - from, seeds);
    for (let r = from; r < to; r++) {
      loss += lossOfRowInPlace(chunk, data, rows, r, from, 1 / rows.length, kind);
    }
    chunk.backward(to - from);
    chunk.addGradient(gradient, to - from);
  }
  return { gradient, loss };
}

/** The loss of rows[r] times `share` and its own weight; the derivatives by its outputs are set. */
function lossOfRowInPlace(
  { head }: Chunk,
  data: EncodedData,
  rows: Uint32Array,
  r: number,
  chunkStart: number,
  share: number,
  loss: RowLoss,
): number {
  const row = rows[r] ?? 0;
  const weight = loss.weights === null ? share : share * (loss.weights[row] ?? 0);
  return head.lossInPlace(r - chunkStart, data.labels[row] ?? 0, weight, loss);
}

function clippedSum(
  chunk: Chunk,
  paramCount: number,
  data: EncodedData,
  units: UnitRows,
  clipNorm: number,
  kind: RowLoss,
): ClippedSum {
  const unitCount = units.starts.length - 1;
  const result = {
    gradient: new Float64Array(paramCount),
    losses: new Float64Array(unitCount),
    norms: new Float64Array(unitCount),
  };
  const seeds = new Uint32Array(chunk.rowCapacity);
  let unit = 0;
  while (unit < unitCount) {
    const first = unit;
    const from = units.starts[first] ?? 0;
    while (unit < unitCount && (units.starts[unit + 1] ?? 0) - from <= chunk.rowCapacity) unit += 1;
    const to = units.starts[unit] ?? 0;
    chunk.gather(data, units.rows, from, to);
    for (let u = first; u < unit; u++) seedUnitInPlace(seeds, units, u, from);
    chunk.forward(to - from, seeds);
    for (let u = first; u < unit; u++)
      lossOfUnitInPlace(chunk, data, units, u, from, result.losses, kind);
    chunk.backward(to - from);
    for (let u = first; u < unit; u++) clipUnitInPlace(chunk, units, u, from, clipNorm, result);
    chunk.addGradient(result.gradient, to - from);
  }
  return result;
}

/** What a row's dropout is drawn by is a function of its unit's tag and its place in the unit: of nobody else. */
function seedUnitInPlace(
  seeds: Uint32Array,
  { starts, tags }: UnitRows,
  unit: number,
  chunkStart: number,
): void {
  const start = starts[unit] ?? 0;
  const end = starts[unit + 1] ?? 0;
  for (let r = start; r < end; r++) seeds[r - chunkStart] = rowSeed(tags[unit] ?? 0, r - start);
}

function lossOfUnitInPlace(
  chunk: Chunk,
  data: EncodedData,
  units: UnitRows,
  unit: number,
  chunkStart: number,
  losses: Float64Array,
  kind: RowLoss,
): void {
  const start = units.starts[unit] ?? 0;
  const end = units.starts[unit + 1] ?? 0;
  let loss = 0;
  for (let r = start; r < end; r++) {
    loss += lossOfRowInPlace(chunk, data, units.rows, r, chunkStart, 1 / (end - start), kind);
  }
  losses[unit] = loss;
}

function clipUnitInPlace(
  chunk: Chunk,
  units: UnitRows,
  unit: number,
  chunkStart: number,
  clipNorm: number,
  { losses, norms }: ClippedSum,
): void {
  const start = (units.starts[unit] ?? 0) - chunkStart;
  const end = (units.starts[unit + 1] ?? 0) - chunkStart;
  // Rounding may leave a vanishing norm just below zero.
  const norm = Math.sqrt(Math.max(0, chunk.squaredNorm(start, end)));
  const loss = losses[unit] ?? 0;
  const usable = Number.isFinite(norm) && Number.isFinite(loss);
  norms[unit] = usable ? norm : Number.NaN;
  if (!usable) losses[unit] = 0;
  const factor = usable ? Math.min(1, (clipNorm * CLIP_MARGIN) / norm) : 0;
  if (factor === 1) return;
  for (let r = start; r < end; r++) chunk.scaleRow(r, factor);
}
