/**
 * What the coordinator makes of fully masked values: in how many sets each is, and which two sets share how many.
 * Pure: randomness is an argument.
 */
import { assert } from "../base/assert.ts";
import type { Rng } from "../base/env.ts";
import { type MatchParams, VALUE_BYTES } from "./params.ts";
import { RowNumbers } from "./rows.ts";

export interface MatchCounts {
  /** How many identifiers exactly k members have; k − 1 is the index. */
  readonly byMembers: readonly number[];
  /** How many identifiers two members share; symmetric, and 0 on the diagonal. */
  readonly pairs: readonly (readonly number[])[];
}

export class MatchTally {
  readonly #params: MatchParams;
  readonly #numbers: RowNumbers;
  /** Of each value, the sets that it was seen in: bit i for member i's. */
  readonly #sets: Uint32Array;

  /** @param rng Spreads the values over a table; the operating system's. */
  constructor(params: MatchParams, rng: Rng) {
    const capacity = params.roster.length * params.setSize;
    this.#params = params;
    this.#numbers = new RowNumbers(VALUE_BYTES, capacity, rng);
    this.#sets = new Uint32Array(capacity);
  }

  /** @returns False if a value is in this set twice: somebody passed a point on that it had not taken in. */
  add(owner: number, values: Uint8Array): boolean {
    const bit = 2 ** owner;
    for (const number of this.#numbers.add(values)) {
      const before = this.#sets[number] ?? 0;
      if ((before & bit) !== 0) return false;
      this.#sets[number] = before | bit;
    }
    return true;
  }

  /**
   * @param identifierCount Of all members together, each member's own once: what else is in one set only are dummies.
   * @returns Null if there cannot be so many, or so few.
   */
  counts(identifierCount: number): MatchCounts | null {
    const count = this.#params.roster.length;
    const byMembers = new Array<number>(count).fill(0);
    const pairs = Array.from({ length: count }, () => new Array<number>(count).fill(0));
    for (const [sets, values] of this.#cells()) {
      const members = membersIn(sets, count);
      byMembers[members.length - 1] = (byMembers[members.length - 1] ?? 0) + values;
      for (const a of members) {
        const row = pairs[a];
        assert(row !== undefined, "a row for every member");
        for (const b of members) if (a !== b) row[b] = (row[b] ?? 0) + values;
      }
    }
    const dummies = count * this.#params.setSize - identifierCount;
    const alone = (byMembers[0] ?? 0) - dummies;
    if (dummies < 0 || alone < 0) return null;
    byMembers[0] = alone;
    return { byMembers, pairs };
  }

  /** How many values were seen in each combination of sets. */
  #cells(): Map<number, number> {
    const cells = new Map<number, number>();
    for (let i = 0; i < this.#numbers.count; i++) {
      const sets = this.#sets[i] ?? 0;
      cells.set(sets, (cells.get(sets) ?? 0) + 1);
    }
    return cells;
  }
}

function membersIn(sets: number, count: number): number[] {
  const members: number[] = [];
  for (let i = 0; i < count; i++) if (((sets >>> i) & 1) === 1) members.push(i);
  return members;
}
