/**
 * Sorting of units by leaf, by counting. Units go in four quarters that take turns, each with counts of its own: where
 * one counter were to be read just after it was written, a processor would wait, and a batch of 512 take four times as
 * long. Pure.
 */

/** Four counts a node or leaf: of each quarter of the units. */
export interface NodeCounts {
  readonly byNode: Int32Array;
  /** After `placeInPlace`, byLeaf[4 l + 3] is where the units of leaf l end. */
  readonly byLeaf: Int32Array;
  /** By node; leaves are numbered in the order of nodes. */
  readonly leafOf: Int32Array;
}

/** Counts units by node. @param nodes Of each unit, 0 … nodeCount. */
export function countNodesInPlace(
  { byNode }: NodeCounts,
  nodes: Int32Array,
  unitCount: number,
  nodeCount: number,
): void {
  byNode.fill(0, 0, 4 * nodeCount + 4);
  const quarter = unitCount >>> 2;
  for (let u = 0; u < quarter; u++) {
    const a = 4 * (nodes[u] ?? 0);
    const b = 4 * (nodes[u + quarter] ?? 0) + 1;
    const c = 4 * (nodes[u + 2 * quarter] ?? 0) + 2;
    const d = 4 * (nodes[u + 3 * quarter] ?? 0) + 3;
    byNode[a] = (byNode[a] ?? 0) + 1;
    byNode[b] = (byNode[b] ?? 0) + 1;
    byNode[c] = (byNode[c] ?? 0) + 1;
    byNode[d] = (byNode[d] ?? 0) + 1;
  }
  for (let u = 4 * quarter; u < unitCount; u++) {
    const d = 4 * (nodes[u] ?? 0) + 3;
    byNode[d] = (byNode[d] ?? 0) + 1;
  }
}

/** Fills `order` with the units of leaf after leaf; of a leaf, in their own order. What has no node comes last. */
export function placeInPlace(
  order: Uint32Array,
  { byNode, byLeaf, leafOf }: NodeCounts,
  nodes: Int32Array,
  unitCount: number,
  nodeCount: number,
  leafCount: number,
): void {
  byLeaf.fill(0, 0, 4 * leafCount + 4);
  for (let n = 0; n <= nodeCount; n++) {
    const leaf = 4 * (leafOf[n] ?? 0);
    for (let k = 0; k < 4; k++)
      byLeaf[leaf + k] = (byLeaf[leaf + k] ?? 0) + (byNode[4 * n + k] ?? 0);
  }
  let place = 0;
  for (let k = 0; k < 4 * leafCount + 4; k++) {
    const count = byLeaf[k] ?? 0;
    byLeaf[k] = place;
    place += count;
  }
  const quarter = unitCount >>> 2;
  for (let u = 0; u < quarter; u++) {
    const a = 4 * (leafOf[nodes[u] ?? 0] ?? 0);
    const b = 4 * (leafOf[nodes[u + quarter] ?? 0] ?? 0) + 1;
    const c = 4 * (leafOf[nodes[u + 2 * quarter] ?? 0] ?? 0) + 2;
    const d = 4 * (leafOf[nodes[u + 3 * quarter] ?? 0] ?? 0) + 3;
    const atA = byLeaf[a] ?? 0;
    const atB = byLeaf[b] ?? 0;
    const atC = byLeaf[c] ?? 0;
    const atD = byLeaf[d] ?? 0;
    order[atA] = u;
    order[atB] = u + quarter;
    order[atC] = u + 2 * quarter;
    order[atD] = u + 3 * quarter;
    byLeaf[a] = atA + 1;
    byLeaf[b] = atB + 1;
    byLeaf[c] = atC + 1;
    byLeaf[d] = atD + 1;
  }
  for (let u = 4 * quarter; u < unitCount; u++) {
    const d = 4 * (leafOf[nodes[u] ?? 0] ?? 0) + 3;
    const at = byLeaf[d] ?? 0;
    order[at] = u;
    byLeaf[d] = at + 1;
  }
}
