/**
 * Exact sums over sets of rows that differ by a few units tell of those few: the difference of two answers is an answer.
 * Each member holds its own sets against those of earlier questions, on its own rows. A set is
 * compared with each set that it contains, and with all those of one question that it contains together: combinations
 * of more than two answers are not seen. Pure.
 */
import type { PartitionedData } from "../data.ts";

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

function unitsByCell(cohorts: Int32Array, units: Uint32Array): Uint32Array {
  const cellCount = cohorts.reduce((most, cell) => Math.max(most, cell + 1), 0);
  const counts = new UnitCounts(cellCount);
  for (let row = 0; row < cohorts.length; row++) {
    const cell = cohorts[row] ?? -1;
    if (cell >= 0) counts.add(cell, units[row] ?? 0);
  }
  return counts.counts;
}

/**
 * Whether a set of one question, or all its sets together, contains some of the other's and exceeds them by at least one
 * and fewer than `unitsMin` units. @param a, b Cohorts of two questions on the same rows. @see Task.cohorts
 */
export function isolatesFew(
  a: Int32Array,
  b: Int32Array,
  units: Uint32Array,
  unitsMin: number,
): boolean {
  const views = (sets: Int32Array): Int32Array[] => [sets, sets.map((cell) => Math.min(cell, 0))];
  return views(a).some((one) =>
    views(b).some(
      (other) =>
        exceedsByFew(one, other, units, unitsMin) || exceedsByFew(other, one, units, unitsMin),
    ),
  );
}

/** Whether a set of `outer` contains one of `inner`, or all those of `inner` that are within it, and little more. */
function exceedsByFew(
  outer: Int32Array,
  inner: Int32Array,
  units: Uint32Array,
  unitsMin: number,
): boolean {
  const container = containers(outer, inner);
  const isFew = (around: number, isTold: (cell: number) => boolean): boolean => {
    const beyond = new Set<number>();
    for (let row = 0; row < outer.length && beyond.size < unitsMin; row++)
      if (outer[row] === around && !isTold(inner[row] ?? -1)) beyond.add(units[row] ?? 0);
    return beyond.size > 0 && beyond.size < unitsMin;
  };
  for (const [cell, around] of container)
    if (around >= 0 && isFew(around, (one) => one === cell)) return true;
  const arounds = new Set([...container.values()].filter((around) => around >= 0));
  return [...arounds].some((around) => isFew(around, (one) => container.get(one) === around));
}

/** Of each set of `inner` the one set of `outer` that contains it; −1: there is none. */
function containers(outer: Int32Array, inner: Int32Array): Map<number, number> {
  const container = new Map<number, number>();
  for (let row = 0; row < inner.length; row++) {
    const [cell, around] = [inner[row] ?? -1, outer[row] ?? -1];
    if (cell < 0) continue;
    const known = container.get(cell);
    if (known === undefined) container.set(cell, around);
    else if (known !== around) container.set(cell, -1);
  }
  return container;
}
