/** A member's half of boosting: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import { unreachable } from "../../../shared/base/assert.ts";
import type { Rng } from "../../../shared/base/env.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { EncodedData, PartitionedData } from "../../data.ts";
import { addToGridInPlace } from "../../trees/bins.ts";
import { slotsMax } from "../../trees/grow.ts";
import { CHANNELS, nodeHistogram, type RowGradients } from "../../trees/histogram.ts";
import { type RowsByNode, routeRows } from "../../trees/tree.ts";
import { checkRows } from "../row-limit.ts";
import type { Ask } from "../task.ts";
import { scoreHistogram } from "../train/evaluation.ts";
import { writeSumInPlace } from "./fixed-point.ts";
import { exactGradients, sampledGradients } from "./gradients.ts";
import { decodeInput, type ReadInput } from "./input.ts";
import { missingBinOf, type Rows, rowsUnder } from "./rows.ts";
import {
  type BoostContext,
  checkKind,
  fixedPointOf,
  layoutOf,
  numberCountOf,
  shapeOf,
  shapeRules,
  treeFeatures,
} from "./shape.ts";

/**
 * @returns The contribution, within the bound that `shapeOf` states for the ask.
 * @throws {CloisterError} If the ask does not fit the run, or the data exceed the charter's rows.
 */
export function contribute(
  context: BoostContext,
  ask: Ask,
  data: PartitionedData,
  rng: Rng,
): Float64Array {
  const { train, holdout } = data;
  const { kind, level } = checkKind(context, ask.kind);
  checkRows(context.rowsMax, data);
  const vector = new Float64Array(shapeOf(context, ask.kind).dimension);
  if (kind === "start") return start(context, train, vector);
  const input = decodeInput(context, ask.input);
  const rows = rowsUnder(
    kind === "evaluate" ? holdout : train,
    layoutOf(context),
    context.spec.model.bins,
    input,
  );
  if (kind === "evaluate")
    return scoreHistogram(context, Float32Array.from(rows.margins), rows.data, rng);
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

function start(context: BoostContext, data: EncodedData, vector: Float64Array): Float64Array {
  let positives = 0;
  for (let row = 0; row < data.rowCount; row++) positives += data.labels[row] ?? 0;
  vector[0] = data.rowCount;
  vector[1] = positives;
  if (context.spec.model.edges === "quantiles")
    addToGridInPlace(vector.subarray(2), data, numberCountOf(layoutOf(context)));
  return vector;
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
  const gradients = exactGradients(input, rows, point.scale);
  let at = 0;
  for (const histogram of slotHistograms(context, input, rows, rows.all, gradients)) {
    if (point.limbs === 1) {
      vector.set(histogram, at);
      at += histogram.length;
      continue;
    }
    for (let i = 0; i < histogram.length; i += CHANNELS) {
      writeSumInPlace(vector, at, histogram[i] ?? 0, point);
      writeSumInPlace(vector, at + point.limbs, histogram[i + 1] ?? 0, point);
      vector[at + 2 * point.limbs] = histogram[i + 2] ?? 0;
      at += 2 * point.limbs + 1;
    }
  }
  if (level === 0) writeSumInPlace(vector, vector.length - point.limbs, gradients.loss, point);
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

/** Per slot, feature of the tree and bin: [gradient | Hessian]. */
function noisedLevel(
  context: BoostContext,
  input: ReadInput,
  rows: Rows,
  vector: Float64Array,
  rng: Rng,
): Float64Array {
  const chosen = sampledGradients(context.spec.sampling, input, rows, rng);
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
  const { rows: chosen, gradients: sums } = sampledGradients(
    context.spec.sampling,
    input,
    rows,
    rng,
  );
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
