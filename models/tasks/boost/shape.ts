/** The vectors of a boosting run: their lengths, bounds and sensitivities, from public context alone. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import {
  type BoostTask,
  LEVEL_SUMS_MAX,
  type TreesSpec,
} from "../../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import { type FeatureBins, featureBins, GRID_CELLS } from "../../trees/bins.ts";
import { type GrowRules, slotsMax } from "../../trees/grow.ts";
import type { PlannedAsk, ReleaseShape, TaskContext } from "../task.ts";
import { checkLabels, evaluationShape } from "../train/evaluation.ts";
import { type FixedPoint, fixedPoint } from "./fixed-point.ts";

export type BoostContext = TaskContext<BoostTask>;
/** `level` asks say which level of a tree they are of: level0, level1, … */
export type BoostAskKind = "start" | "level" | "leaves" | "evaluate";

/** Under noise a bin has Σ gradient and Σ Hessian · this, and no count. @see NOISED_ROW_NORM */
export const NOISED_HESSIAN_WEIGHT = 3;
/**
 * ℓ2 bound of one row's (g, 3h) with g = p − y and h = p(1 − p): at y = 1 its square is
 * (1 − p)²(1 + 9p²), at y = 0 the same in 1 − p. That is at most 1 where 9 ≤ (2 − p)/(p(1 − p)²),
 * whose least value over (0, 1) is 11.09, near p = 0.38.
 */
const NOISED_ROW_NORM = 1;

/** What an ensemble's numbers mean. */
export interface TreesContext {
  readonly spec: { readonly model: TreesSpec };
  readonly schema: DataSchema;
}

export function layoutOf({ spec, schema }: TreesContext): FeatureBins[] {
  return featureBins(schema, spec.model.bins);
}

export function numberCountOf(layout: readonly FeatureBins[]): number {
  return layout.filter(({ kind }) => kind === "number").length;
}

/** What of the growing rules is public from the start. */
export function shapeRules({
  spec,
  noise,
}: Pick<BoostContext, "spec" | "noise">): Pick<
  GrowRules,
  "depth" | "leavesMax" | "deriveSiblings"
> {
  const { depth, leavesMax = 2 ** depth } = spec.model;
  // The difference of two noised histograms has the noise of both: under noise both are asked for.
  return { depth, leavesMax, deriveSiblings: noise === null };
}

/** Levels of a tree that are ever asked for. */
export function levelCount(context: Pick<BoostContext, "spec" | "noise">): number {
  const rules = shapeRules(context);
  let count = 0;
  while (slotsMax(count, rules) > 0) count += 1;
  return count;
}

/** Features that a tree may use, ascending: the same at everyone, by the public seed. */
export function treeFeatures({ spec, schema }: BoostContext, tree: number): Uint32Array {
  const { columnShare, seed } = spec.model;
  const all = Uint32Array.from(schema.features, (_, i) => i);
  const wanted = featuresPerTree(all.length, columnShare);
  if (wanted === all.length) return all;
  const source = new UniformSource(reproducibleRng(`${seed}/columns/${tree}`));
  for (let i = 0; i < wanted; i++) {
    const j = i + source.below(all.length - i);
    const swapped = all[i] ?? 0;
    all[i] = all[j] ?? 0;
    all[j] = swapped;
  }
  return all.slice(0, wanted).sort();
}

function featuresPerTree(count: number, share: number): number {
  return Math.max(1, Math.ceil(share * count));
}

/** Bins of a node's histogram at most, whichever features the tree may use. */
export function widthMax(context: Pick<BoostContext, "spec" | "schema">): number {
  const widths = layoutOf(context).map(({ binCount }) => binCount);
  const wanted = featuresPerTree(widths.length, context.spec.model.columnShare);
  widths.sort((a, b) => b - a);
  return widths.slice(0, wanted).reduce((sum, width) => sum + width, 0);
}

/** @throws {CloisterError} If the specification cannot be carried out over this schema; says what to change. */
export function checkRun({
  spec,
  schema,
  noise,
}: Omit<BoostContext, "rowsMax" | "memberCount">): void {
  checkLabels(schema);
  for (const name of Object.keys(spec.model.monotone)) {
    const feature = schema.features.find((one) => one.name === name);
    if (feature?.type === "number") continue;
    const reason = feature ? "is a category, and has no order" : "is not in the schema";
    throw badInput("task.monotone", `model.monotone: "${name}" ${reason}; name numbers only.`);
  }
  if (noise === null) return;
  const { edges, positiveWeight } = spec.model;
  if (edges === "quantiles") {
    const remedy = "Use edges: bounds, which reads nothing from the records.";
    throw badInput("task.quantiles-not-private", `A noised run cannot open exact grids. ${remedy}`);
  }
  if (positiveWeight === "balanced") {
    const remedy = "Give positiveWeight a number.";
    throw badInput("task.counts-not-private", `A noised run cannot open exact counts. ${remedy}`);
  }
}

/** @throws {CloisterError} If a run of this specification never asks for `kind`. */
export function checkKind(
  context: BoostContext,
  kind: string,
): { kind: BoostAskKind; level: number } {
  checkRun(context);
  const isNoised = context.noise !== null;
  if (kind === "start" && !isNoised) return { kind, level: 0 };
  if (kind === "leaves" && isNoised) return { kind, level: 0 };
  if (kind === "evaluate") return { kind, level: 0 };
  const level = levels(context).indexOf(kind);
  if (level >= 0) return { kind: "level", level };
  throw badInput("task.ask-unknown", `This boosting run never asks for "${kind}".`);
}

function levels(context: BoostContext): string[] {
  return Array.from({ length: levelCount(context) }, (_, level) => `level${level}`);
}

/** Every kind of ask, as often as a run that grows all its trees to the full makes it. */
export function plannedAsks(context: BoostContext): PlannedAsk[] {
  const { spec, noise } = context;
  const { everyTrees } = spec.evaluation;
  const { trees } = spec.model;
  const perTree = [...levels(context), ...(noise === null ? [] : ["leaves"])];
  return [
    ...(noise === null ? [{ kind: "start", partition: "train", count: 1 } as const] : []),
    ...perTree.map((kind) => ({ kind, partition: "train", count: trees }) as const),
    {
      kind: "evaluate",
      partition: "holdout",
      count: everyTrees === null ? 1 : Math.ceil(trees / everyTrees),
    },
  ];
}

export function fixedPointOf({ rowsMax, memberCount }: BoostContext): FixedPoint {
  return fixedPoint(rowsMax, memberCount);
}

/** How the vector of an ask of this kind leaves a member. */
export function shapeOf(context: BoostContext, askKind: string): ReleaseShape {
  const { kind, level } = checkKind(context, askKind);
  switch (kind) {
    case "start":
      return exact(startLength(context), context.rowsMax);
    case "evaluate":
      return evaluationShape(context);
    case "leaves":
      return noised(context, 2 * shapeRules(context).leavesMax, NOISED_ROW_NORM);
    case "level":
      return levelShape(context, level);
  }
}

/** [rows | positives | grid of each number]. */
export function startLength(context: BoostContext): number {
  const grids = context.spec.model.edges === "quantiles" ? numberCountOf(layoutOf(context)) : 0;
  return 2 + grids * GRID_CELLS;
}

function levelShape(context: BoostContext, level: number): ReleaseShape {
  const bins = slotsMax(level, shapeRules(context)) * widthMax(context);
  const { limbs, limbMax } = fixedPointOf(context);
  // A row is in one bin of each feature, in one node of a level.
  const features = featuresPerTree(context.schema.features.length, context.spec.model.columnShare);
  const shape =
    context.noise === null
      ? exact(bins * (2 * limbs + 1) + (level === 0 ? limbs : 0), limbMax)
      : noised(context, 2 * bins, Math.sqrt(features) * NOISED_ROW_NORM);
  if (shape.dimension <= LEVEL_SUMS_MAX) return shape;
  const remedy = "Use fewer bins, a smaller depth or leavesMax, or a smaller columnShare.";
  throw badInput("task.trees-too-wide", `Level ${level} has ${shape.dimension} sums. ${remedy}`);
}

function exact(dimension: number, magnitudeMax: number): ReleaseShape {
  return { dimension, release: { kind: "bounded", magnitudeMax, ringBits: 32, exact: true } };
}

/** @param sensitivity Of a unit, whose rows are averaged: that of one row. */
function noised(context: BoostContext, dimension: number, sensitivity: number): ReleaseShape {
  const { noise, spec } = context;
  return {
    dimension,
    release: {
      kind: "noised",
      sensitivity,
      samplingProbability: spec.sampling.probability,
      noiseMultiplier: noise?.trainMultiplier ?? 0,
      partition: "train",
    },
  };
}
