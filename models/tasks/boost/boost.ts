/** Boosted trees as a task: a fold over secure sums. Pure. The member's half is boost-contribute. */
import { assert } from "../../../shared/base/assert.ts";
import type { BoostTask } from "../../../shared/charter/boost-spec.ts";
import { metricsOfHistogram } from "../../metrics/histogram.ts";
import { quantileEdges, uniformEdges } from "../../trees/bins.ts";
import {
  finishedTree,
  type GrowingTree,
  type GrowRules,
  growLevel,
  levelOf,
  newTree,
  partialTree,
} from "../../trees/grow.ts";
import { CHANNELS, histogramWidth } from "../../trees/histogram.ts";
import type { TreeModel } from "../../trees/model.ts";
import { type Sums, weightOf } from "../../trees/split.ts";
import type { Tree } from "../../trees/tree.ts";
import type { Aggregate, Ask, Task } from "../task.ts";
import { contribute } from "./contribute.ts";
import { readSum } from "./fixed-point.ts";
import { LOSS_MAX } from "./gradients.ts";
import { type Beginnings, encodeInput } from "./input.ts";
import {
  type BoostContext,
  checkRun,
  fixedPointOf,
  layoutOf,
  levelCount,
  NOISED_HESSIAN_WEIGHT,
  numberCountOf,
  plannedAsks,
  shapeOf,
  shapeRules,
  treeFeatures,
} from "./shape.ts";
import { type BoostState, decodeState, encodeState } from "./state.ts";

/** Rows that each class is given before any are counted: no class is impossible. */
const PRIOR_ROWS = 0.5;
const WEIGHT_MAX = 1e6;

export const boostTask: Task<BoostTask, BoostState> = {
  plannedAsks,
  shapeOf,
  contribute,
  begin,
  nextAsk,
  absorb,
  progress: ({ done, total, loss, metrics }) => ({ done, total, loss, metrics }),
  encodeState,
  decodeState,
};

/** The ensemble as it stands after `state`: where there is patience, the best one evaluated. */
export function modelOf(context: BoostContext, state: BoostState): TreeModel {
  const { base, edges } = state.beginnings ?? boundsBeginnings(context);
  const { schema, spec } = context;
  return { schema, spec: spec.model, base, edges, trees: state.trees };
}

function begin(context: BoostContext): BoostState {
  checkRun(context);
  const total = plannedAsks(context).reduce((sum, { count }) => sum + count, 0);
  return {
    beginnings: context.noise === null ? null : boundsBeginnings(context),
    trees: [],
    growing: newTree(treeFeatures(context, 0)),
    evaluationDue: false,
    isGrown: false,
    best: null,
    withoutBetter: 0,
    done: 0,
    total,
    loss: null,
    metrics: null,
  };
}

function boundsBeginnings(context: BoostContext): Beginnings {
  const { bins, positiveWeight } = context.spec.model;
  const edges = uniformEdges(numberCountOf(layoutOf(context)), bins);
  const weight = positiveWeight === "balanced" ? 1 : positiveWeight;
  return { positiveWeight: Math.fround(weight), base: 0, edges };
}

/** What comes next, without the input that is asked with. */
function nextKind({ beginnings, growing, evaluationDue, isGrown }: BoostState): string | null {
  if (beginnings === null) return "start";
  if (evaluationDue) return "evaluate";
  if (isGrown) return null;
  return growing.slots.length === 0 ? "leaves" : `level${levelOf(growing)}`;
}

function nextAsk(context: BoostContext, state: BoostState): Ask | null {
  const { beginnings, trees, growing } = state;
  const kind = nextKind(state);
  if (kind === null) return null;
  if (beginnings === null) return { kind, input: new Float32Array(0) };
  const common = { ...beginnings, trees };
  if (kind === "evaluate")
    return { kind, input: encodeInput({ ...common, growing: null, slots: [] }) };
  const tree = kind === "leaves" ? finished(context, state).tree : partialTree(growing);
  return { kind, input: encodeInput({ ...common, growing: tree, slots: growing.slots }) };
}

function absorb(context: BoostContext, state: BoostState, aggregate: Aggregate): BoostState {
  const kind = nextKind(state);
  assert(kind !== null, "the task is complete");
  assert(aggregate.length === shapeOf(context, kind).dimension, "aggregate has another length");
  const next = { ...state, done: state.done + 1 };
  switch (kind) {
    case "start":
      return { ...next, beginnings: beginningsOf(context, aggregate) };
    case "evaluate":
      return evaluated(context, next, aggregate);
    case "leaves":
      return withTree(context, next, treeWithLeaves(context, next, aggregate));
    default:
      return levelGrown(context, next, aggregate);
  }
}

function beginningsOf({ spec, schema }: BoostContext, aggregate: Aggregate): Beginnings {
  const { bins, edges, positiveWeight } = spec.model;
  const numberCount = schema.features.filter(({ type }) => type === "number").length;
  const [rows = 0, positives = 0] = aggregate;
  const negatives = rows - positives;
  const balance = positives > 0 && negatives > 0 ? negatives / positives : 1;
  const wanted = positiveWeight === "balanced" ? balance : positiveWeight;
  const weight = Math.fround(Math.max(1 / WEIGHT_MAX, Math.min(WEIGHT_MAX, wanted)));
  const odds = (weight * positives + PRIOR_ROWS) / (negatives + PRIOR_ROWS);
  return {
    positiveWeight: weight,
    base: Math.fround(Math.log(odds)),
    edges:
      edges === "bounds"
        ? uniformEdges(numberCount, bins)
        : quantileEdges(aggregate.subarray(2), numberCount, bins),
  };
}

/** All that decides splits. */
function rulesOf(context: BoostContext, { beginnings }: BoostState): GrowRules {
  const { l2, minChildWeight, minRows, minGain, monotone } = context.spec.model;
  const largest = Math.max(1, beginnings?.positiveWeight ?? 1);
  const exact = largest / fixedPointOf(context).scale;
  return {
    ...shapeRules(context),
    l2,
    minChildWeight,
    minRows,
    minGain,
    monotone: Int8Array.from(context.schema.features, ({ name }) => monotone[name] ?? 0),
    unit:
      context.noise === null
        ? { g: exact, h: exact / 4 }
        : { g: largest, h: largest / NOISED_HESSIAN_WEIGHT },
  };
}

function levelGrown(context: BoostContext, state: BoostState, aggregate: Aggregate): BoostState {
  const layout = layoutOf(context);
  const { slots, features } = state.growing;
  const length = histogramWidth(layout, features) * CHANNELS;
  const read = context.noise === null ? readExact(context) : readNoised;
  const histograms = slots.map((_, slot) => read(aggregate, slot, length));
  const growing = growLevel(state.growing, histograms, layout, rulesOf(context, state));
  const isFirst = levelOf(state.growing) === 0;
  const loss = isFirst && context.noise === null ? meanLoss(context, aggregate, growing) : null;
  const next = { ...state, growing, loss: loss ?? state.loss };
  if (growing.slots.length > 0) return next;
  const spared = levelCount(context) - 1 - levelOf(state.growing);
  const grown = { ...next, total: next.total - spared };
  return context.noise === null ? withTree(context, grown, finished(context, grown).tree) : grown;
}

function finished(context: BoostContext, state: BoostState): ReturnType<typeof finishedTree> {
  const { learningRate } = context.spec.model;
  return finishedTree(state.growing, rulesOf(context, state), learningRate);
}

type ReadHistogram = (aggregate: Aggregate, slot: number, length: number) => Float64Array;

function readExact(context: BoostContext): ReadHistogram {
  const point = fixedPointOf(context);
  const perBin = 2 * point.limbs + 1;
  return (aggregate, slot, length) => {
    const histogram = new Float64Array(length);
    let at = (slot * length * perBin) / CHANNELS;
    for (let i = 0; i < length; i += CHANNELS) {
      histogram[i] = readSum(aggregate, at, point);
      histogram[i + 1] = readSum(aggregate, at + point.limbs, point);
      histogram[i + 2] = aggregate[at + 2 * point.limbs] ?? 0;
      at += perBin;
    }
    return histogram;
  };
}

/** Rows are not counted: there are at least four times as many as their Hessians add up to. */
function readNoised(aggregate: Aggregate, slot: number, length: number): Float64Array {
  const histogram = new Float64Array(length);
  let at = (slot * length * 2) / CHANNELS;
  for (let i = 0; i < length; i += CHANNELS) {
    const hessian = aggregate[at + 1] ?? 0;
    histogram[i] = aggregate[at] ?? 0;
    histogram[i + 1] = hessian;
    histogram[i + 2] = (4 / NOISED_HESSIAN_WEIGHT) * hessian;
    at += 2;
  }
  return histogram;
}

function meanLoss(
  context: BoostContext,
  aggregate: Aggregate,
  { nodes }: GrowingTree,
): number | null {
  const point = fixedPointOf(context);
  const sum = readSum(aggregate, aggregate.length - point.limbs, point);
  const rows = nodes[0]?.sums.n ?? 0;
  return rows > 0 ? (sum * LOSS_MAX) / (point.scale * rows) : null;
}

/** The tree with its leaves' own noised sums, which carry less noise than what splits told. */
function treeWithLeaves(context: BoostContext, state: BoostState, aggregate: Aggregate): Tree {
  const { tree, bounds } = finished(context, state);
  const { learningRate } = context.spec.model;
  const rules = rulesOf(context, state);
  const sums: Sums[] = [];
  let at = 0;
  for (const { kind } of tree) {
    if (kind !== "leaf") sums.push({ g: 0, h: 0, n: 0 });
    else sums.push({ g: aggregate[at++] ?? 0, h: aggregate[at++] ?? 0, n: 0 });
  }
  // Children come after their parent: from the last node up, every split is its leaves together.
  for (let i = tree.length - 1; i >= 0; i--) {
    const node = tree[i];
    if (!node || node.kind === "leaf") continue;
    const [left, right] = [sums[node.left], sums[node.left + 1]];
    if (left && right) sums[i] = { g: left.g + right.g, h: left.h + right.h, n: 0 };
  }
  return tree.map((node, i) => {
    const [own, range] = [sums[i], bounds[i]];
    if (!own || !range) return node;
    return { ...node, value: Math.fround(learningRate * weightOf(own, rules, range)) };
  });
}

function withTree(context: BoostContext, state: BoostState, tree: Tree): BoostState {
  const { model, evaluation } = context.spec;
  // Where nothing can be gained now, nothing can be gained by the next tree with the same features.
  const isStump = tree.length === 1 && model.columnShare === 1 && context.noise === null;
  const trees = isStump ? state.trees : [...state.trees, tree];
  const isGrown = isStump || trees.length === model.trees;
  const { everyTrees } = evaluation;
  return {
    ...state,
    trees,
    growing: newTree(treeFeatures(context, trees.length)),
    isGrown,
    evaluationDue: isGrown || (everyTrees !== null && trees.length % everyTrees === 0),
  };
}

function evaluated(context: BoostContext, state: BoostState, aggregate: Aggregate): BoostState {
  const { patience, metric } = context.spec.evaluation;
  const metrics = metricsOfHistogram(aggregate);
  const isBetter = metrics !== null && metrics[metric] > (state.best?.metrics[metric] ?? -1);
  const best = isBetter ? { trees: state.trees.length, metrics } : state.best;
  const withoutBetter = isBetter ? 0 : state.withoutBetter + 1;
  const isGrown = state.isGrown || (patience !== null && withoutBetter >= patience);
  const next = { ...state, best, withoutBetter, isGrown, metrics, evaluationDue: false };
  if (!isGrown) return next;
  const over = { ...next, total: next.done };
  if (patience === null || best === null) return over;
  return { ...over, trees: state.trees.slice(0, best.trees), metrics: best.metrics };
}
