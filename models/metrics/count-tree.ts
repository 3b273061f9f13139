/**
 * Counts of neighbouring bins added up in a binary tree, so that noise on every node is felt little in sums over many
 * bins: what ranking metrics are made of. Pure.
 *
 * Bin b's count is in one node of each level: of a row in one bin, levelCount nodes change by one. That is an ℓ2
 * sensitivity of √levelCount, against the noise of up to `bins` single counts in a sum of them.
 *
 * @see Hay, Rastogi, Miklau and Suciu, Boosting the Accuracy of Differentially Private Histograms Through
 *   Consistency, PVLDB 3(1), 2010, §4.
 */
import { assert } from "../../shared/base/assert.ts";
import { consistentBins } from "../statistics/tree-histogram.ts";

/** Nodes of a tree over so many bins, a power of two: the root first, then level by level, the bins last. */
export function treeLength(bins: number): number {
  assert(isPowerOfTwo(bins), "a tree has a power of two of bins");
  return 2 * bins - 1;
}

export function isPowerOfTwo(bins: number): boolean {
  return Number.isInteger(bins) && bins >= 1 && 2 ** Math.round(Math.log2(bins)) === bins;
}

/** Nodes on the way from the root to a bin, both counted. */
export function levelCount(bins: number): number {
  return Math.log2(treeLength(bins) + 1);
}

/** The tree of exact counts. @returns Shape [treeLength(bins)]. */
export function treeOf(counts: Float64Array): Float64Array {
  const nodes = new Float64Array(treeLength(counts.length));
  nodes.set(counts, counts.length - 1);
  for (let node = counts.length - 2; node >= 0; node--)
    nodes[node] = (nodes[2 * node + 1] ?? 0) + (nodes[2 * node + 2] ?? 0);
  return nodes;
}

/**
 * The bins' counts by least squares from nodes with equal and independent noise: unbiased, linear, and the best such.
 * Exact nodes give their bins. Counts may come out negative.
 *
 * @param nodes Shape [treeLength(bins)]. Unchanged.
 */
export function countsOfTree(nodes: Float64Array): Float64Array {
  return consistentBins({ sums: nodes, stdDev: 0 }).bins;
}
