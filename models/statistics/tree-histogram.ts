/**
 * Quantiles from a histogram at all resolutions at once, exact or noised: counts of 2^height bins, of their pairs, of the
 * pairs' pairs, up to all rows. Any quantile then adds up few noised counts. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import { Z_95 } from "../answers/estimate.ts";
import { cleanCounts } from "../metrics/histogram.ts";
import type { NoisedSums, Told } from "./noised.ts";

/** Nodes: place 0 is the root, and the children of place i are at 2i + 1 and 2i + 2. */
export function treeLength(height: number): number {
  return 2 ** (height + 1) - 1;
}

/** Adds a row in `bin` to its node at each level: its part's ℓ2 norm is √(height + 1). */
export function addToTreeInPlace(
  sums: Float64Array,
  from: number,
  height: number,
  bin: number,
): void {
  for (let node = 2 ** height - 1 + bin; ; node = (node - 1) >> 1) {
    sums[from + node] = (sums[from + node] ?? 0) + 1;
    if (node === 0) return;
  }
}

/** What quantiles are told from. */
export interface TreeHistogram {
  /** Estimated counts of the bins: the least squares fit to all levels, not always positive. Shape [2^height]. */
  readonly bins: Float64Array;
  readonly stdDev: number;
}

/**
 * The counts of the bins that fit all levels' noised counts best.
 *
 * @see Hay et al. 2010, Boosting the accuracy of differentially private histograms through consistency, theorem 3.
 */
export function consistentBins({ sums, stdDev }: NoisedSums): TreeHistogram {
  const leaves = (sums.length + 1) / 2;
  assert(Number.isInteger(Math.log2(leaves)), "a whole tree of counts");
  const up = sums.slice();
  for (let node = leaves - 2; node >= 0; node--) {
    const size = sizeOf(node, leaves);
    const children = (up[2 * node + 1] ?? 0) + (up[2 * node + 2] ?? 0);
    // Hay's z of a node of 2^(l−1) bins: (2^l − 2^(l−1))/(2^l − 1) of its own count, the rest of its children's.
    up[node] = (size * (sums[node] ?? 0) + (size - 1) * children) / (2 * size - 1);
  }
  for (let node = 0; node < leaves - 1; node++) {
    const [left, right] = [up[2 * node + 1] ?? 0, up[2 * node + 2] ?? 0];
    const over = ((up[node] ?? 0) - left - right) / 2;
    up[2 * node + 1] = left + over;
    up[2 * node + 2] = right + over;
  }
  return { bins: up.slice(leaves - 1), stdDev };
}

/** Bins below a node. */
function sizeOf(node: number, leaves: number): number {
  return leaves / 2 ** Math.floor(Math.log2(node + 1));
}

/** The variance of the noise in one bin's estimate. */
export function binVariance({ bins, stdDev }: TreeHistogram): number {
  let sum = 1 / (bins.length * (2 * bins.length - 1));
  for (let size = 2; size <= bins.length; size *= 2) sum += 1 / (size * (size - 1));
  return stdDev ** 2 * sum;
}

/**
 * The variance of the noise in (rows below `place`) − share·(all rows).
 *
 * The tree's normal equations are diagonal in Haar's wavelets: one of `size` bins has the eigenvalue size − 1, and the
 * constant 2·bins − 1. Only wavelets around `place` have a part in the sum. (Own derivation; a test inverts the equations.)
 *
 * @param place In bins, from 0 to all of them; rows are spread evenly within a bin.
 */
export function belowVariance(
  { bins, stdDev }: TreeHistogram,
  place: number,
  share: number,
): number {
  const count = bins.length;
  let sum = (place - share * count) ** 2 / (count * (2 * count - 1));
  for (let size = count; size >= 2; size /= 2) {
    const inside = place - size * Math.min(count / size - 1, Math.floor(place / size));
    const difference = Math.min(inside, size - inside); // What is on the left less what is on the right.
    sum += difference ** 2 / (size * (size - 1));
  }
  return stdDev ** 2 * sum;
}

/**
 * Where a share of all rows is below, in bins. Its interval holds the places at which the noised counts do not speak
 * against it: a test of each place, inverted.
 *
 * @returns Null without rows, or where noise may have made them.
 */
export function quantilePlace(histogram: TreeHistogram, share: number): Told {
  const { bins, stdDev } = histogram;
  const usable = cleanCounts(bins);
  const rows = usable.reduce((sum, count) => sum + count, 0);
  if (!(rows > 2 * Math.sqrt(belowVariance(histogram, 0, 1))) || rows < 0.5) return null;
  const value = placeOf(usable, share * rows);
  if (stdDev === 0) return value;
  const below = cumulated(bins);
  const all = below[bins.length] ?? 0;
  const excess = (place: number, side: 1 | -1): number => {
    const at = Math.min(bins.length - 1, Math.floor(place));
    const count = (below[at] ?? 0) + (place - at) * (bins[at] ?? 0);
    return count - share * all + side * Z_95 * Math.sqrt(belowVariance(histogram, place, share));
  };
  const [low, high] = [firstPlace(bins.length, excess), lastPlace(bins.length, excess)];
  return { value, low: Math.min(value, low), high: Math.max(value, high) };
}

/** Sums before each bin, and of all. Shape [bins + 1]. */
function cumulated(bins: Float64Array): Float64Array {
  const sums = new Float64Array(bins.length + 1);
  for (let b = 0; b < bins.length; b++) sums[b + 1] = (sums[b] ?? 0) + (bins[b] ?? 0);
  return sums;
}

function placeOf(counts: Float64Array, wanted: number): number {
  let passed = 0;
  let last = 0;
  for (let b = 0; b < counts.length; b++) {
    const count = counts[b] ?? 0;
    if (count > 0 && passed + count >= wanted) return b + Math.max(0, wanted - passed) / count;
    if (count > 0) last = b + 1;
    passed += count;
  }
  return last;
}

type Excess = (place: number, side: 1 | -1) => number;

/** Before it there are surely too few rows. */
function firstPlace(bins: number, excess: Excess): number {
  for (let edge = 0; edge <= bins; edge++)
    if (excess(edge, 1) >= 0) return edge === 0 ? 0 : halved(edge - 1, edge, (at) => excess(at, 1));
  return bins;
}

/** Beyond it there are surely too many. */
function lastPlace(bins: number, excess: Excess): number {
  for (let edge = bins; edge >= 0; edge--)
    if (excess(edge, -1) <= 0)
      return edge === bins ? bins : halved(edge, edge + 1, (at) => excess(at, -1));
  return 0;
}

/** Where a function turns from negative to positive. */
function halved(from: number, to: number, f: (at: number) => number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
