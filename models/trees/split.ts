/**
 * The best split of a node, from its histogram alone: a pure function of opened sums. Splits are
 * compared in a fixed order, so equal sums give equal trees.
 *
 * @see Chen and Guestrin, XGBoost: A Scalable Tree Boosting System, KDD 2016, §2.2 (gain and weight)
 *   and §3.4 (both ways for missing values).
 * @see Fisher, On Grouping for Maximum Homogeneity, JASA 1958: categories sorted by G/H hold the best
 *   division among their prefixes.
 */
import type { FeatureBins } from "./bins.ts";
import { CHANNELS } from "./histogram.ts";

/** A category below so many rows in a node is too few to tell, and goes with those never seen. */
const CATEGORY_ROWS_MIN = 10;
/** Added to the Hessian when categories are sorted, so that few rows do not come first or last. */
const CATEGORY_SMOOTHING = 10;

/** Sums over rows, in units of the fixed point: whole numbers where the opened sums are exact. */
export interface Sums {
  readonly g: number;
  readonly h: number;
  readonly n: number;
}

/** A node's weight may lie between these: what monotone splits above it have promised. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export interface SplitRules {
  readonly l2: number;
  readonly minChildWeight: number;
  readonly minRows: number;
  readonly minGain: number;
  /** Per feature −1, 0 or 1. */
  readonly monotone: Int8Array;
  /** Gradient and Hessian of one unit of the fixed point. */
  readonly unit: { readonly g: number; readonly h: number };
}

/** Where the rows of a node part. */
export type Condition =
  | {
      readonly kind: "number";
      readonly feature: number;
      readonly bin: number;
      readonly missingLeft: boolean;
    }
  | { readonly kind: "category"; readonly feature: number; readonly bins: readonly number[] };

export interface FoundSplit {
  readonly gain: number;
  readonly condition: Condition;
  readonly left: Sums & Bounds;
  readonly right: Sums & Bounds;
}

/** −G/(H + λ), within the bounds. 0 where nothing is known of the rows. */
export function weightOf({ g, h }: Sums, rules: SplitRules, { low, high }: Bounds): number {
  const { l2, unit } = rules;
  const hessian = Math.max(0, h * unit.h) + l2;
  const weight = hessian > 0 ? (-g * unit.g) / hessian : 0;
  return Math.max(low, Math.min(high, weight));
}

/** Loss that a leaf of this weight saves: −(G·w + ½(H + λ)w²). */
function savedBy({ g, h }: Sums, weight: number, { l2, unit }: SplitRules): number {
  const hessian = Math.max(0, h * unit.h) + l2;
  return -(g * unit.g * weight + 0.5 * hessian * weight * weight);
}

interface Search {
  readonly node: Sums & Bounds;
  readonly saved: number;
  readonly rules: SplitRules;
  best: FoundSplit | null;
}

/**
 * @param histogram Shape [width × 3]. @see nodeHistogram
 * @param features Those that the histogram holds, ascending.
 * @returns Null where no split is allowed and gains more than `minGain`.
 */
export function bestSplit(
  histogram: Float64Array,
  layout: readonly FeatureBins[],
  features: Uint32Array,
  node: Sums & Bounds,
  rules: SplitRules,
): FoundSplit | null {
  const saved = savedBy(node, weightOf(node, rules, node), rules);
  const search: Search = { node, saved, rules, best: null };
  let at = 0;
  for (const feature of features) {
    const bins = layout[feature];
    if (!bins) continue;
    const end = at + bins.binCount * CHANNELS;
    const own = histogram.subarray(at, end);
    at = end;
    if (bins.kind === "number") tryNumber(search, own, feature, bins);
    else tryCategory(search, own, feature);
  }
  return search.best;
}

function binSums(histogram: Float64Array, bin: number): Sums {
  const at = bin * CHANNELS;
  return { g: histogram[at] ?? 0, h: histogram[at + 1] ?? 0, n: histogram[at + 2] ?? 0 };
}

const NOTHING: Sums = { g: 0, h: 0, n: 0 };

function plus(a: Sums, b: Sums): Sums {
  return { g: a.g + b.g, h: a.h + b.h, n: a.n + b.n };
}

function minus(a: Sums, b: Sums): Sums {
  return { g: a.g - b.g, h: a.h - b.h, n: a.n - b.n };
}

function tryNumber(search: Search, own: Float64Array, feature: number, bins: FeatureBins): void {
  const { valueCount, binCount } = bins;
  const missing = binCount > valueCount ? binSums(own, valueCount) : NOTHING;
  const hasMissing = missing.n > 0;
  const direction = search.rules.monotone[feature] ?? 0;
  const last = lastFilled(own, valueCount);
  let known = NOTHING;
  for (let bin = 0; bin <= last; bin++) {
    known = plus(known, binSums(own, bin));
    // An empty bin parts the same rows as the bin before it.
    if (isEmpty(own, bin)) continue;
    // Where none is missing here, one that comes later goes with the larger side.
    const missingLeft = !hasMissing && 2 * known.n >= search.node.n;
    // All known values are on one side of the last bin: nothing is said of their order.
    const order = bin === last ? 0 : direction;
    consider(search, known, { kind: "number", feature, bin, missingLeft }, order);
    if (!hasMissing) continue;
    const condition = { kind: "number", feature, bin, missingLeft: true } as const;
    consider(search, plus(known, missing), condition, order);
  }
}

function isEmpty(own: Float64Array, bin: number): boolean {
  const { g, h, n } = binSums(own, bin);
  return g === 0 && h === 0 && n === 0;
}

function lastFilled(own: Float64Array, valueCount: number): number {
  let last = valueCount - 1;
  while (last >= 0 && isEmpty(own, last)) last -= 1;
  return last;
}

function tryCategory(search: Search, own: Float64Array, feature: number): void {
  const { unit } = search.rules;
  const known: { bin: number; sums: Sums; order: number }[] = [];
  for (let bin = 0; bin * CHANNELS < own.length; bin++) {
    const sums = binSums(own, bin);
    if (sums.n < CATEGORY_ROWS_MIN) continue;
    const order = (sums.g * unit.g) / (Math.max(0, sums.h * unit.h) + CATEGORY_SMOOTHING);
    known.push({ bin, sums, order });
  }
  known.sort((a, b) => a.order - b.order || a.bin - b.bin);
  // From both ends to the middle: the fewer categories are listed, the rest keep company with the unseen.
  const middle = Math.ceil(known.length / 2);
  for (const list of [known, known.toReversed()]) {
    let left = NOTHING;
    for (let count = 1; count <= middle; count++) {
      left = plus(left, list[count - 1]?.sums ?? NOTHING);
      const bins = list.slice(0, count).map(({ bin }) => bin);
      consider(search, left, { kind: "category", feature, bins: bins.sort((a, b) => a - b) }, 0);
    }
  }
}

/** @param direction −1 or 1: the right side's weight may not be on the other side of the left's. */
function consider(search: Search, left: Sums, condition: Condition, direction: number): void {
  const { node, rules, best } = search;
  const right = minus(node, left);
  const { minRows, minChildWeight, unit } = rules;
  if (left.n < minRows || right.n < minRows) return;
  if (left.h * unit.h < minChildWeight || right.h * unit.h < minChildWeight) return;
  const leftWeight = weightOf(left, rules, node);
  const rightWeight = weightOf(right, rules, node);
  if (direction * (rightWeight - leftWeight) < 0) return;
  const gain = savedBy(left, leftWeight, rules) + savedBy(right, rightWeight, rules) - search.saved;
  if (!(gain > Math.max(rules.minGain, best?.gain ?? 0))) return;
  const bounds = childBounds(node, direction, (leftWeight + rightWeight) / 2);
  search.best = {
    gain,
    condition,
    left: { ...left, ...bounds.left },
    right: { ...right, ...bounds.right },
  };
}

/** Below a monotone split no leaf on one side may pass what the other side's may reach. */
function childBounds(
  { low, high }: Bounds,
  direction: number,
  middle: number,
): { left: Bounds; right: Bounds } {
  if (direction === 0) return { left: { low, high }, right: { low, high } };
  return direction > 0
    ? { left: { low, high: middle }, right: { low: middle, high } }
    : { left: { low: middle, high }, right: { low, high: middle } };
}
