/**
 * The training engine in plain TypeScript: doubles inside, chunks of rows, ghost clipping. Pure; the
 * backend owns its buffers and its results do not depend on earlier calls.
 */
import type { EncodedData } from "../data.ts";
import type { Architecture } from "./architecture.ts";
import type { ClippedSum, Params, RowLoss, Scaling, TrainerBackend, UnitRows } from "./backend.ts";
import { CROSS_ENTROPY, checkWeights, crossEntropy, focalLoss } from "./loss.ts";
import {
  addGradientInPlace,
  backwardInPlace,
  forwardInPlace,
  scaleRowInPlace,
  squaredNorm,
} from "./passes.ts";
import { checkShapes } from "./shapes.ts";
import { gatherRowsInPlace, loadParamsInPlace, newWorkspace, type Workspace } from "./workspace.ts";

const CHUNK_ROWS = 128;
/** Clipped norms stay below the bound by more than double rounding can add. */
const CLIP_MARGIN = 1 - 1e-9;

export function plainBackend(architecture: Architecture): TrainerBackend {
  let space = newWorkspace(architecture, CHUNK_ROWS);
  const prepare = (
    params: Params,
    scaling: Scaling,
    data: EncodedData,
    rows: number,
  ): Workspace => {
    checkShapes(architecture, params, scaling, data);
    if (space.rowCapacity < rows) space = newWorkspace(architecture, rows);
    loadParamsInPlace(space, params);
    return space;
  };
  const logits = (params: Params, scaling: Scaling, data: EncodedData): Float32Array =>
    allLogits(prepare(params, scaling, data, CHUNK_ROWS), architecture, scaling, data);
  return {
    name: "plain",
    architecture,
    supports: () => true,
    logits,
    scores: (params, scaling, data) => logits(params, scaling, data).map(sigmoid),
    meanGradient(params, scaling, data, rows, loss = CROSS_ENTROPY) {
      checkWeights(loss, data);
      const workspace = prepare(params, scaling, data, CHUNK_ROWS);
      return meanGradient(workspace, architecture, scaling, data, rows, loss);
    },
    clippedGradientSum(params, scaling, data, units, clipNorm, loss = CROSS_ENTROPY) {
      checkWeights(loss, data);
      let largest = CHUNK_ROWS;
      for (let u = 0; u + 1 < units.starts.length; u++) {
        largest = Math.max(largest, (units.starts[u + 1] ?? 0) - (units.starts[u] ?? 0));
      }
      const workspace = prepare(params, scaling, data, largest);
      return clippedSum(workspace, architecture, scaling, data, units, clipNorm, loss);
    },
  };
}

/** 1 / (1 + e^−z), without overflow. */
export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

function allLogits(
  space: Workspace,
  architecture: Architecture,
  scaling: Scaling,
  data: EncodedData,
): Float32Array {
  const all = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const result = new Float32Array(data.rowCount);
  for (let from = 0; from < data.rowCount; from += CHUNK_ROWS) {
    const to = Math.min(data.rowCount, from + CHUNK_ROWS);
    gatherRowsInPlace(space, architecture, scaling, data, all, from, to);
    forwardInPlace(space, architecture, to - from);
    for (let r = from; r < to; r++) result[r] = space.logits[r - from] ?? 0;
  }
  return result;
}

function meanGradient(
  space: Workspace,
  architecture: Architecture,
  scaling: Scaling,
  data: EncodedData,
  rows: Uint32Array,
  kind: RowLoss,
): { gradient: Float64Array; loss: number } {
  const gradient = new Float64Array(architecture.paramCount);
  let loss = 0;
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const to = Math.min(rows.length, from + CHUNK_ROWS);
    gatherRowsInPlace(space, architecture, scaling, data, rows, from, to);
    forwardInPlace(space, architecture, to - from);
    for (let r = from; r < to; r++) {
      loss += lossOfRowInPlace(space, data, rows, r, from, 1 / rows.length, kind);
    }
    backwardInPlace(space, architecture, to - from);
    addGradientInPlace(gradient, space, architecture, to - from);
  }
  return { gradient, loss };
}

/** The loss of rows[r] times `share` and its own weight. Its last delta is set to the derivative by the log-odds. */
function lossOfRowInPlace(
  space: Workspace,
  data: EncodedData,
  rows: Uint32Array,
  r: number,
  chunkStart: number,
  share: number,
  kind: RowLoss,
): number {
  const logit = space.logits[r - chunkStart] ?? 0;
  const row = rows[r] ?? 0;
  const label = data.labels[row] ?? 0;
  const weight = kind.weights === null ? share : share * (kind.weights[row] ?? 0);
  const last = space.layers[space.layers.length - 1]?.delta ?? space.logits;
  if (kind.kind === "crossEntropy") {
    last[r - chunkStart] = weight * (sigmoid(logit) - label);
    return weight * crossEntropy(logit, label);
  }
  const { loss, derivative } = focalLoss(logit, label, kind.gamma);
  last[r - chunkStart] = weight * derivative;
  return weight * loss;
}

function clippedSum(
  space: Workspace,
  architecture: Architecture,
  scaling: Scaling,
  data: EncodedData,
  units: UnitRows,
  clipNorm: number,
  kind: RowLoss,
): ClippedSum {
  const unitCount = units.starts.length - 1;
  const result = {
    gradient: new Float64Array(architecture.paramCount),
    losses: new Float64Array(unitCount),
    norms: new Float64Array(unitCount),
  };
  let unit = 0;
  while (unit < unitCount) {
    const first = unit;
    const from = units.starts[first] ?? 0;
    while (unit < unitCount && (units.starts[unit + 1] ?? 0) - from <= space.rowCapacity) unit += 1;
    const to = units.starts[unit] ?? 0;
    gatherRowsInPlace(space, architecture, scaling, data, units.rows, from, to);
    forwardInPlace(space, architecture, to - from);
    for (let u = first; u < unit; u++)
      lossOfUnitInPlace(space, data, units, u, from, result.losses, kind);
    backwardInPlace(space, architecture, to - from);
    for (let u = first; u < unit; u++)
      clipUnitInPlace(space, architecture, units, u, from, clipNorm, result);
    addGradientInPlace(result.gradient, space, architecture, to - from);
  }
  return result;
}

function lossOfUnitInPlace(
  space: Workspace,
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
    loss += lossOfRowInPlace(space, data, units.rows, r, chunkStart, 1 / (end - start), kind);
  }
  losses[unit] = loss;
}

function clipUnitInPlace(
  space: Workspace,
  architecture: Architecture,
  units: UnitRows,
  unit: number,
  chunkStart: number,
  clipNorm: number,
  { losses, norms }: ClippedSum,
): void {
  const start = (units.starts[unit] ?? 0) - chunkStart;
  const end = (units.starts[unit + 1] ?? 0) - chunkStart;
  // Rounding may leave a vanishing norm just below zero.
  const norm = Math.sqrt(Math.max(0, squaredNorm(space, architecture, start, end)));
  const loss = losses[unit] ?? 0;
  const usable = Number.isFinite(norm) && Number.isFinite(loss);
  norms[unit] = usable ? norm : Number.NaN;
  if (!usable) losses[unit] = 0;
  const factor = usable ? Math.min(1, (clipNorm * CLIP_MARGIN) / norm) : 0;
  if (factor === 1) return;
  for (let r = start; r < end; r++) scaleRowInPlace(space, r, factor);
}
