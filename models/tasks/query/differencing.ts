/**
 * Exact sums over sets of rows that differ by a few units tell of those few: the difference of two answers is an answer.
 * Each member holds its own sets against those of earlier questions, on its own rows, two questions at a time: what only
 * three answers tell together is not seen. Pure.
 */
import type { PartitionedData } from "../../data.ts";
import { hasSmallCut } from "./small-cut.ts";

/** Distinct units of each cell; a unit's rows come together. */
export class UnitCounts {
  readonly counts: Uint32Array;
  /** The unit that was last seen in a cell, + 1. */
  readonly #last: Uint32Array;

  constructor(cellCount: number) {
    this.counts = new Uint32Array(cellCount);
    this.#last = new Uint32Array(cellCount);
  }

  /** @returns Whether it is the unit's first row in the cell. */
  add(cell: number, unit: number): boolean {
    if (this.#last[cell] === unit + 1) return false;
    this.#last[cell] = unit + 1;
    this.counts[cell] = (this.counts[cell] ?? 0) + 1;
    return true;
  }
}

/** Of each row of both partitions, training first, its unit. */
export function unitsOf({ train, holdout }: PartitionedData): Uint32Array {
  const units = new Uint32Array(train.rowCount + holdout.rowCount);
  let [unit, from] = [0, 0];
  for (const { unitStarts, rowCount } of [train, holdout]) {
    for (let u = 0; u + 1 < unitStarts.length; u++, unit++)
      units.fill(unit, from + (unitStarts[u] ?? 0), from + (unitStarts[u + 1] ?? 0));
    from += rowCount;
  }
  return units;
}

/** Cells that a member holds back are opened by nobody. `cohorts` is changed, and returned. */
export function withoutSmall(
  cohorts: Int32Array,
  data: PartitionedData,
  unitsMin: number,
): Int32Array {
  const counts = unitsByCell(cohorts, unitsOf(data));
  for (let row = 0; row < cohorts.length; row++) {
    const cell = cohorts[row] ?? -1;
    if (cell >= 0 && (counts[cell] ?? 0) < unitsMin) cohorts[row] = -1;
  }
  return cohorts;
}

/**
 * Sets that are opened although they are small: whom those tell of is told anyway, and they are taken for parts of the
 * largest; if all together are few, none is opened. `cohorts` is changed, and returned.
 */
export function smallWithLargest(
  cohorts: Int32Array,
  data: PartitionedData,
  unitsMin: number,
): Int32Array {
  const counts = unitsByCell(cohorts, unitsOf(data));
  const largest = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0));
  for (let row = 0; row < cohorts.length; row++) {
    const cell = cohorts[row] ?? -1;
    if (cell >= 0 && (counts[cell] ?? 0) < unitsMin) cohorts[row] = largest;
  }
  return withoutSmall(cohorts, data, unitsMin);
}

/** Distinct units in each set. @param units @see unitsOf */
export function unitsByCell(cohorts: Int32Array, units: Uint32Array): Uint32Array {
  const cellCount = cohorts.reduce((most, cell) => Math.max(most, cell + 1), 0);
  const counts = new UnitCounts(cellCount);
  for (let row = 0; row < cohorts.length; row++) {
    const cell = cohorts[row] ?? -1;
    if (cell >= 0) counts.add(cell, units[row] ?? 0);
  }
  return counts.counts;
}

/**
 * Whether adding and subtracting sums of two questions' sets leaves a few units alone: at least one, and fewer than
 * `unitsMin`.
 *
 * Let the sets of both be nodes, what is in no set of a question one more, and rows edges from their set in `a` to that in
 * `b`. A sum with a factor x for each set of `a` and −y for each of `b` has the factor x − y for the rows of an edge: it
 * tells of those whose ends differ, which is a cut. Nodes between which there are enough units are never parted, and
 * become one; of what is left each node is cut off, and then whatever else can be. (There a unit with rows on several
 * edges counts once on each.)
 *
 * @param a, b Cohorts of two questions on the same rows. @see Task.cohorts
 */
export function isolatesFew(
  a: Int32Array,
  b: Int32Array,
  units: Uint32Array,
  unitsMin: number,
): boolean {
  const { edges } = heldTogether(a, b, units, unitsMin);
  const around = new Map<number, Set<number>>();
  for (const { from, to, units: few } of edges)
    for (const node of [from, to]) addUpTo(unitsMin, setAt(around, node), few);
  if ([...around.values()].some(({ size }) => size < unitsMin)) return true;
  const few = edges.map((edge) => ({ from: edge.from, to: edge.to, weight: edge.units.size }));
  return hasSmallCut(few, unitsMin);
}

/**
 * Whether the answer to `a` with an earlier one to `b` would tell of the few units by which a set of `b` has grown or shrunk
 * between: the table has changed. Of a set whose rows `a` leaves out, or takes to others of which it leaves out many, it
 * would not: rows that are there still would have to be taken off first. Units that took others' places are not seen.
 *
 * @param a, b Cohorts of both on the rows as they are now.
 * @param then `unitsByCell` of `b` when it was answered; null: nobody
 *   knows, and every set may have changed.
 */
export function tellsOfChange(
  a: Int32Array,
  b: Int32Array,
  then: ArrayLike<number> | null,
  units: Uint32Array,
  unitsMin: number,
): boolean {
  const now = unitsByCell(b, units);
  const changed = then
    ? changedByFew(then, now, unitsMin)
    : [...now.keys()].filter((cell) => now[cell]);
  if (changed.length === 0) return false;
  const { groups } = heldTogether(a, b, units, unitsMin);
  const first = firstOfSecond(a);
  return changed.some((cell) => groups.of(first + cell) !== groups.of(NOWHERE));
}

/** Sets of which there are a few units more or fewer; what is beyond an end is empty. */
function changedByFew(
  then: ArrayLike<number>,
  now: ArrayLike<number>,
  unitsMin: number,
): readonly number[] {
  const cells = Array.from({ length: Math.max(then.length, now.length) }, (_, cell) => cell);
  return cells.filter((cell) => {
    const change = Math.abs((now[cell] ?? 0) - (then[cell] ?? 0));
    return change > 0 && change < unitsMin;
  });
}

/** Sets of both that are never parted, and the edges that are left between them: each has few units. */
function heldTogether(a: Int32Array, b: Int32Array, units: Uint32Array, unitsMin: number) {
  let edges = edgesOf(a, b, units, unitsMin);
  const groups = new Groups();
  for (let isMerged = true; isMerged; ) {
    isMerged = false;
    edges = edgesBetween(groups, edges, unitsMin);
    for (const { from, to, units: few } of edges) {
      if (few.size < unitsMin) continue;
      groups.merge(from, to);
      isMerged = true;
    }
  }
  return { groups, edges };
}

interface Edge {
  readonly from: number;
  readonly to: number;
  /** Those with such a row; no more of them than are enough. */
  readonly units: Set<number>;
}

/** Of rows that are in no set. */
const NOWHERE = 0;

function edgesOf(
  a: Int32Array,
  b: Int32Array,
  units: Uint32Array,
  enough: number,
): readonly Edge[] {
  const firstOfB = firstOfSecond(a);
  const width = b.reduce((most, cell) => Math.max(most, cell), 0) + 2;
  const edges = new Map<number, Edge>();
  for (let row = 0; row < a.length; row++) {
    const [one, other] = [a[row] ?? -1, b[row] ?? -1];
    if (one < 0 && other < 0) continue;
    const key = (one + 1) * width + other + 1;
    const to = other < 0 ? NOWHERE : firstOfB + other;
    const edge = edges.get(key) ?? { from: one + 1, to, units: new Set() };
    edges.set(key, edge);
    if (edge.units.size < enough) edge.units.add(units[row] ?? 0);
  }
  return [...edges.values()];
}

/** The node of the second question's first set: those of the first one's come before. */
function firstOfSecond(a: Int32Array): number {
  return a.reduce((most, cell) => Math.max(most, cell), 0) + 2;
}

/** Edges between groups, one for each two of them. `edges` are changed. */
function edgesBetween(groups: Groups, edges: readonly Edge[], enough: number): readonly Edge[] {
  const between = new Map<string, Edge>();
  for (const edge of edges) {
    const [one, other] = [groups.of(edge.from), groups.of(edge.to)];
    if (one === other) continue;
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    const known = between.get(`${from} ${to}`);
    if (known) addUpTo(enough, known.units, edge.units);
    else between.set(`${from} ${to}`, { from, to, units: edge.units });
  }
  return [...between.values()];
}

/** Which nodes have become one. */
class Groups {
  readonly #parents = new Map<number, number>();

  of(node: number): number {
    let at = node;
    for (let up = this.#parents.get(at); up !== undefined; up = this.#parents.get(at)) {
      const above = this.#parents.get(up);
      if (above !== undefined) this.#parents.set(at, above);
      at = up;
    }
    return at;
  }

  merge(one: number, other: number): void {
    const [from, to] = [this.of(one), this.of(other)];
    if (from !== to) this.#parents.set(from, to);
  }
}

function setAt(sets: Map<number, Set<number>>, key: number): Set<number> {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set);
  return set;
}

function addUpTo(enough: number, set: Set<number>, more: ReadonlySet<number>): void {
  for (const unit of more) if (set.size < enough) set.add(unit);
}
