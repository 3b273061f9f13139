/** Two copies of one room's history held against each other: did its coordinator tell two stories? Pure. */
import { canonicalJson } from "../../base/canonical.ts";
import { type Entry, linesOf, parseLine, type SignedHead } from "./entry.ts";

/** One side of a fork: what it has where the other has something else, and the signed head that covers it. */
export interface Branch {
  readonly entry: Entry;
  readonly head: SignedHead;
}

export interface Fork {
  /** The first entry that is not the same. */
  readonly sequence: number;
  readonly branches: readonly [first: Branch, second: Branch];
}

/**
 * @param copies Two that hold, each by itself, under one coordinator's key.
 * @returns Null: one is the beginning of the other.
 */
export function findFork(copies: readonly [Uint8Array, Uint8Array]): Fork | null {
  const [one, other] = [read(copies[0]), read(copies[1])];
  const sequence = one.entries.findIndex(
    (entry, i) => canonicalJson(entry) !== canonicalJson(other.entries[i] ?? entry),
  );
  const [first, second] = [branchAt(one, sequence), branchAt(other, sequence)];
  return first && second ? { sequence, branches: [first, second] } : null;
}

interface Copy {
  readonly entries: readonly Entry[];
  readonly heads: readonly SignedHead[];
}

function read(copy: Uint8Array): Copy {
  const lines = linesOf(copy).flatMap((line) => parseLine(line) ?? []);
  return {
    entries: lines.filter((line) => "sequence" in line),
    heads: lines.filter((line) => "size" in line),
  };
}

function branchAt({ entries, heads }: Copy, sequence: number): Branch | null {
  const entry = entries[sequence];
  const head = heads.find(({ size }) => size > sequence);
  return entry && head ? { entry, head } : null;
}
