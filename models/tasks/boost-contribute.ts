/** A member's half of boosting: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import { unreachable } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData, PartitionedData } from "../data.ts";
import { selectUnits } from "../engine/units.ts";
import { addScoresInPlace } from "../metrics/histogram.ts";
import { addToGridInPlace } from "../trees/bins.ts";
import { slotsMax } from "../trees/grow.ts";
import { CHANNELS, nodeHistogram, type RowGradients } from "../trees/histogram.ts";
import { type RowsByNode, routeRows } from "../trees/tree.ts";
import { type FixedPoint, writeSumInPlace } from "./boost-fixed-point.ts";
import { decodeInput, type ReadInput } from "./boost-input.ts";
import { missingBinOf, type Rows, rowsUnder } from "./boost-rows.ts";
import {
  type BoostContext,
  checkKind,
  fixedPointOf,
  layoutOf,
  NOISED_HESSIAN_WEIGHT,
  numberCountOf,
  shapeOf,
  shapeRules,
  treeFeatures,
} from "./boost-shape.ts";
import type { Ask } from "./task.ts";

/** A row's loss is cut off here. Nats. */
export const LOSS_MAX = 16;

/**
 * @returns The contribution, within the bound that `shapeOf` states for the ask.
 * @throws {CloisterError} If the ask does not fit the run, or the data exceed the charter's rows.
 */
export function contribute(
  context: BoostContext,
  ask: Ask,
  { train, holdout }: PartitionedData,
  rng: Rng,
): Float64Array {
  const { kind, level } = checkKind(context, ask.kind);
  checkRows(context, train);
  checkRows(context, holdout);
  const vector = new Float64Array(shapeOf(context, ask.kind).dimension);
  if (kind === "start") return start(context, train, vector);
  const input = decodeInput(context, ask.input);
  const rows = rowsUnder(
    kind === "evaluate" ? holdout : train,
    layoutOf(context),
    context.spec.model.bins,
    input,
  );
  if (kind === "evaluate") return evaluate(context, rows, vector, rng);
  const slotCount = kind === "level" ? slotsMax(level, shapeRules(context)) : 0;
  if (!input.growing || input.slots.length > slotCount)
    throw badInput("task.slots", `The ask has ${input.slots.length} slots; ${slotCount} fit.`);
  switch (kind) {
    case "level":
      return context.noise === null
        ? exactLevel(context, input, rows, vector, level)
        : noisedLevel(context, input, rows, vector, rng);
    case "leaves":
      return noisedLeaves(context, input, rows, vector, rng);
    default:
      return unreachable(kind);
  }
}

function checkRows({ rowsMax }: BoostContext, { rowCount }: EncodedData): void {
  if (rowCount <= rowsMax) return;
  throw badInput("task.too-many-rows", `${rowCount} rows exceed the charter's ${rowsMax}.`);
}

/** [rows | positives | grid of each number]. */
function start(context: BoostContext, data: EncodedData, vector: Float64Array): Float64Array {
  let positives = 0;
  for (let row = 0; row < data.rowCount; row++) positives += data.labels[row] ?? 0;
  vector[0] = data.rowCount;
  vector[1] = positives;
  if (context.spec.model.edges === "quantiles")
    addToGridInPlace(vector.subarray(2), data, numberCountOf(layoutOf(context)));
  return vector;
}

/** Positive and negative rows' weights, the larger one 1. */
function weights({ positiveWeight }: ReadInput): readonly [negative: number, positive: number] {
  return [Math.min(1, 1 / positiveWeight), Math.min(1, positiveWeight)];
}

/** Weighted gradients and Hessians times 4 of the logistic loss, in units of the fixed point. */
function exactGradients(
  input: ReadInput,
  { data, margins }: Rows,
  { scale }: FixedPoint,
): RowGradients {
  const [negative, positive] = weights(input);
  const gradients = new Float64Array(data.rowCount);
  const hessians = new Float64Array(data.rowCount);
  for (let row = 0; row < data.rowCount; row++) {
    const probability = 1 / (1 + Math.exp(-(margins[row] ?? 0)));
    const label = data.labels[row] ?? 0;
    const unit = scale * (label === 1 ? positive : negative);
    gradients[row] = Math.round(unit * (probability - label));
    hessians[row] = Math.round(unit * 4 * probability * (1 - probability));
  }
  return { gradients, hessians };
}

/** Σ loss / LOSS_MAX in units of the fixed point. */
function lossSum({ data, margins }: Rows, { scale }: FixedPoint): number {
  let sum = 0;
  for (let row = 0; row < data.rowCount; row++) {
    const margin = margins[row] ?? 0;
    const loss = Math.log1p(Math.exp(data.labels[row] === 1 ? -margin : margin));
    sum += Math.round((scale * Math.min(loss, LOSS_MAX)) / LOSS_MAX);
  }
  return sum;
}

/** Per slot, feature of the tree and bin: [gradient | Hessian | rows]; on level 0 the loss follows. */
function exactLevel(
  context: BoostContext,
  input: ReadInput,
  rows: Rows,
  vector: Float64Array,
  level: number,
): Float64Array {
  const point = fixedPointOf(context);
  const gradients = exactGradients(input, rows, point);
  let at = 0;
  for (const histogram of slotHistograms(context, input, rows, rows.all, gradients)) {
    for (let i = 0; i < histogram.length; i += CHANNELS) {
      writeSumInPlace(vector, at, histogram[i] ?? 0, point);
      writeSumInPlace(vector, at + point.limbs, histogram[i + 1] ?? 0, point);
      vector[at + 2 * point.limbs] = histogram[i + 2] ?? 0;
      at += 2 * point.limbs + 1;
    }
  }
  if (level === 0)
    writeSumInPlace(vector, vector.length - point.limbs, lossSum(rows, point), point);
  return vector;
}

function slotHistograms(
  context: BoostContext,
  input: ReadInput,
  { binned }: Rows,
  chosen: Uint32Array,
  gradients: RowGradients,
): Float64Array[] {
  const layout = layoutOf(context);
  const features = treeFeatures(context, input.trees.length);
  const routed = routeRows(input.growing ?? [], binned, chosen, missingBinOf(layout));
  return input.slots.map((slot) =>
    nodeHistogram(binned, rowsOf(routed, slot), gradients, layout, features),
  );
}

function rowsOf({ rows, starts, ends }: RowsByNode, node: number): Uint32Array {
  return rows.subarray(starts[node] ?? 0, ends[node] ?? 0);
}

/** A Poisson sample of units; a unit's rows share a weight of 1. */
function sampled(
  { spec }: BoostContext,
  input: ReadInput,
  { data, margins }: Rows,
  rng: Rng,
): { readonly rows: Uint32Array; readonly gradients: RowGradients } {
  const { probability: q, rowsPerUnitMax } = spec.sampling;
  const units = selectUnits(data, q, rowsPerUnitMax, new UniformSource(rng));
  const [negative, positive] = weights(input);
  const gradients = new Float64Array(data.rowCount);
  const hessians = new Float64Array(data.rowCount);
  for (let u = 0; u + 1 < units.starts.length; u++) {
    const start = units.starts[u] ?? 0;
    const end = units.starts[u + 1] ?? 0;
    for (let i = start; i < end; i++) {
      const row = units.rows[i] ?? 0;
      const probability = 1 / (1 + Math.exp(-(margins[row] ?? 0)));
      const label = data.labels[row] ?? 0;
      const weight = (label === 1 ? positive : negative) / (end - start);
      gradients[row] = weight * (probability - label);
      hessians[row] = weight * NOISED_HESSIAN_WEIGHT * probability * (1 - probability);
    }
  }
  return { rows: units.rows, gradients: { gradients, hessians } };
}

/** Per slot, feature of the tree and bin: [gradient | Hessian]. */
function noisedLevel(
  context: BoostContext,
  input: ReadInput,
  rows: Rows,
  vector: Float64Array,
  rng: Rng,
): Float64Array {
  const chosen = sampled(context, input, rows, rng);
  let at = 0;
  for (const histogram of slotHistograms(context, input, rows, chosen.rows, chosen.gradients)) {
    for (let i = 0; i < histogram.length; i += CHANNELS) {
      vector[at++] = histogram[i] ?? 0;
      vector[at++] = histogram[i + 1] ?? 0;
    }
  }
  return vector;
}

/** Per leaf of the tree, in its order: [gradient | Hessian]. A row is in one leaf. */
function noisedLeaves(
  context: BoostContext,
  input: ReadInput,
  rows: Rows,
  vector: Float64Array,
  rng: Rng,
): Float64Array {
  const { rows: chosen, gradients: sums } = sampled(context, input, rows, rng);
  const tree = input.growing ?? [];
  const routed = routeRows(tree, rows.binned, chosen, missingBinOf(layoutOf(context)));
  let at = 0;
  for (const [i, { kind }] of tree.entries()) {
    if (kind !== "leaf") continue;
    for (const row of rowsOf(routed, i)) {
      vector[at] = (vector[at] ?? 0) + (sums.gradients[row] ?? 0);
      vector[at + 1] = (vector[at + 1] ?? 0) + (sums.hessians[row] ?? 0);
    }
    at += 2;
  }
  return vector;
}

/** Histogram of scores by label over the holdout. Shape [2 × bins]. */
function evaluate(
  { spec, noise }: BoostContext,
  { data, margins }: Rows,
  vector: Float64Array,
  rng: Rng,
): Float64Array {
  const { rowsPerUnitMax } = spec.evaluation;
  const rows =
    noise === null ? null : selectUnits(data, 1, rowsPerUnitMax, new UniformSource(rng)).rows;
  addScoresInPlace(vector, Float32Array.from(margins), data.labels, rows);
  return vector;
}
