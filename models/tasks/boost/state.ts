/** The coordinator's state of a boosting run, and its exact byte form for the store. Pure. */
import { bytesToFloat64, float64ToBytes } from "../../../shared/base/bytes.ts";
import { badInput, CloisterError } from "../../../shared/base/errors.ts";
import type { FeatureBins } from "../../trees/bins.ts";
import { pushTree, type Reader, readerOf, readTree, unreadable } from "../../trees/codec.ts";
import type { GrowingNode, GrowingTree } from "../../trees/grow.ts";
import type { Bounds, Condition, FoundSplit, Sums } from "../../trees/split.ts";
import type { Tree } from "../../trees/tree.ts";
import type { Metrics } from "../task.ts";
import type { Beginnings } from "./input.ts";
import { type BoostContext, layoutOf, numberCountOf, treeFeatures } from "./shape.ts";

export interface BoostState {
  /** Null until the first round is over. */
  readonly beginnings: Beginnings | null;
  readonly trees: readonly Tree[];
  /** The tree that comes next. */
  readonly growing: GrowingTree;
  /** Whether the next ask is an evaluation. */
  readonly evaluationDue: boolean;
  /** No more trees. */
  readonly isGrown: boolean;
  /** The best evaluation, and of how many trees it was. */
  readonly best: { readonly trees: number; readonly metrics: Metrics } | null;
  /** Evaluations since then. */
  readonly withoutBetter: number;
  readonly done: number;
  readonly total: number;
  readonly loss: number | null;
  readonly metrics: Metrics | null;
}

const FORMAT = 1;

/** Doubles, little-endian: NaN stands for null. */
export function encodeState(state: BoostState): Uint8Array {
  const { beginnings, best, metrics, loss, trees } = state;
  const out = [FORMAT, state.done, state.total, state.withoutBetter];
  out.push(state.evaluationDue ? 1 : 0, state.isGrown ? 1 : 0, loss ?? Number.NaN);
  pushMetrics(out, metrics);
  out.push(best?.trees ?? 0);
  pushMetrics(out, best?.metrics ?? null);
  out.push(beginnings ? 1 : 0);
  if (beginnings) {
    out.push(beginnings.positiveWeight, beginnings.base);
    for (const edge of beginnings.edges) out.push(edge);
  }
  out.push(trees.length);
  for (const tree of trees) pushTree(out, tree);
  const { nodes, slots, histograms } = state.growing;
  out.push(nodes.length);
  for (const node of nodes) pushNode(out, node);
  out.push(slots.length, ...slots, histograms.size);
  const parts: Float64Array[] = [Float64Array.from(out)];
  for (const [node, histogram] of histograms)
    parts.push(Float64Array.of(node, histogram.length), histogram);
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return float64ToBytes(joined);
}

function pushMetrics(out: number[], metrics: Metrics | null): void {
  const { rocAuc, prAuc, recallAt1pctFpr, recallAt5pctFpr, counts } = metrics ?? NO_METRICS;
  out.push(rocAuc, prAuc, recallAt1pctFpr, recallAt5pctFpr);
  out.push(counts?.positives ?? NONE, counts?.negatives ?? NONE);
}

const { NaN: NONE } = Number;
const NO_METRICS: Metrics = {
  rocAuc: NONE,
  prAuc: NONE,
  recallAt1pctFpr: NONE,
  recallAt5pctFpr: NONE,
};

function pushNode(out: number[], { sums, depth, split, left }: GrowingNode): void {
  pushSums(out, sums);
  out.push(depth, left, split ? 1 : 0);
  if (!split) return;
  const { condition } = split;
  out.push(split.gain);
  pushSums(out, split.left);
  pushSums(out, split.right);
  if (condition.kind === "number")
    out.push(0, condition.feature, condition.bin, condition.missingLeft ? 1 : 0);
  else out.push(1, condition.feature, condition.bins.length, ...condition.bins);
}

function pushSums(out: number[], { g, h, n, low, high }: Sums & Bounds): void {
  out.push(g, h, n, low, high);
}

/** @throws {CloisterError} If the bytes are not a state of this run. */
export function decodeState(context: BoostContext, bytes: Uint8Array): BoostState {
  try {
    if (bytes.length % 8 !== 0) throw unreadable("is cut short");
    const reader = readerOf(bytesToFloat64(bytes));
    const state = readState(context, reader);
    if (8 * reader.at !== bytes.length) throw unreadable("is too long");
    return state;
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    const message = "The stored state is not one of this boosting run.";
    throw badInput("task.state-unreadable", message, error);
  }
}

function readState(context: BoostContext, reader: Reader): BoostState {
  const layout = layoutOf(context);
  reader.whole(FORMAT, FORMAT);
  const [done, total, withoutBetter] = [count(reader), count(reader), count(reader)];
  const [evaluationDue, isGrown] = [flag(reader), flag(reader)];
  const loss = nullable(reader.next());
  const metrics = readMetrics(reader);
  const bestTrees = reader.whole(0, context.spec.model.trees);
  const bestMetrics = readMetrics(reader);
  const beginnings = flag(reader) ? readBeginnings(context, layout, reader) : null;
  const treeCount = reader.whole(0, context.spec.model.trees);
  const trees = Array.from({ length: treeCount }, () => readTree(reader, layout));
  const growing = readGrowing(reader, layout, treeFeatures(context, treeCount));
  const best = bestMetrics && { trees: bestTrees, metrics: bestMetrics };
  const course = { evaluationDue, isGrown, best, withoutBetter, done, total, loss, metrics };
  return { beginnings, trees, growing, ...course };
}

function readBeginnings(
  { spec }: BoostContext,
  layout: readonly FeatureBins[],
  reader: Reader,
): Beginnings {
  const positiveWeight = reader.finite();
  const base = reader.finite();
  const length = numberCountOf(layout) * (spec.model.bins - 1);
  return { positiveWeight, base, edges: Float32Array.from({ length }, () => reader.finite()) };
}

function readGrowing(
  reader: Reader,
  layout: readonly FeatureBins[],
  features: Uint32Array,
): GrowingTree {
  const nodeCount = reader.whole(1, NODES_MAX);
  const nodes = Array.from({ length: nodeCount }, () => readNode(reader, layout));
  const node = (): number => reader.whole(0, nodeCount - 1);
  const slots = Array.from({ length: reader.whole(0, nodeCount) }, node);
  const histograms = new Map<number, Float64Array>();
  for (let left = reader.whole(0, nodeCount); left > 0; left--) {
    const parent = node();
    const length = count(reader);
    histograms.set(
      parent,
      Float64Array.from({ length }, () => reader.finite()),
    );
  }
  return { nodes, features, slots, histograms };
}

/** Of a tree that grows, those that will be cut off included. */
const NODES_MAX = 1_000_000;

function readNode(reader: Reader, layout: readonly FeatureBins[]): GrowingNode {
  const sums = readSums(reader);
  const depth = count(reader);
  const left = reader.whole(-1, NODES_MAX);
  const split = flag(reader) ? readSplit(reader, layout) : null;
  return { sums, depth, split, left };
}

function readSplit(reader: Reader, layout: readonly FeatureBins[]): FoundSplit {
  const gain = reader.finite();
  const left = readSums(reader);
  const right = readSums(reader);
  return { gain, condition: readCondition(reader, layout), left, right };
}

function readCondition(reader: Reader, layout: readonly FeatureBins[]): Condition {
  const isCategory = flag(reader);
  const feature = reader.whole(0, layout.length - 1);
  const binMax = (layout[feature]?.binCount ?? 1) - 1;
  if (!isCategory) {
    const bin = reader.whole(0, binMax);
    return { kind: "number", feature, bin, missingLeft: flag(reader) };
  }
  const length = reader.whole(0, binMax + 1);
  const bins = Array.from({ length }, () => reader.whole(0, binMax));
  return { kind: "category", feature, bins };
}

function readSums(reader: Reader): Sums & Bounds {
  const [g, h, n] = [reader.finite(), reader.finite(), reader.finite()];
  return { g, h, n, low: reader.finite(), high: reader.finite() };
}

function readMetrics(reader: Reader): Metrics | null {
  const [rocAuc, prAuc] = [nullable(reader.next()), nullable(reader.next())];
  const [recallAt1pctFpr, recallAt5pctFpr] = [nullable(reader.next()), nullable(reader.next())];
  const [positives, negatives] = [nullable(reader.next()), nullable(reader.next())];
  if (rocAuc === null || prAuc === null) return null;
  if (recallAt1pctFpr === null || recallAt5pctFpr === null) return null;
  const counts = positives !== null && negatives !== null && { positives, negatives };
  return { rocAuc, prAuc, recallAt1pctFpr, recallAt5pctFpr, ...(counts && { counts }) };
}

function nullable(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function count(reader: Reader): number {
  return reader.whole(0, Number.MAX_SAFE_INTEGER);
}

function flag(reader: Reader): boolean {
  return reader.whole(0, 1) === 1;
}
