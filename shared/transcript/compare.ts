/** Members' exports held against one another: did the coordinator tell all of them the same? Pure. */
import { fromHex } from "../base/bytes.ts";
import { isSignedEntry, type SignedEntry } from "./chain.ts";
import { type Equivocation, findEquivocations } from "./equivocation.ts";
import { fromText, type TranscriptExport } from "./export.ts";

/** An export, and what to call it. */
export interface NamedExport {
  readonly name: string;
  readonly transcript: TranscriptExport;
}

export interface Proof extends Equivocation {
  /** The exports that hold the two signatures. */
  readonly heldBy: readonly [first: string, second: string];
}

export type Comparison =
  /** Not signed by one coordinator: nothing can be said. Two exports whose keys differ. */
  | { readonly type: "twoCoordinators"; readonly first: NamedExport; readonly second: NamedExport }
  | {
      readonly type: "compared";
      readonly coordinatorKey: string;
      readonly entryCount: number;
      readonly proofs: readonly Proof[];
      /** Exports with entries that the coordinator did not sign: they prove nothing. */
      readonly unsigned: readonly { readonly name: string; readonly count: number }[];
    };

/** @param exports At least one. */
export function compareExports(exports: readonly NamedExport[]): Comparison {
  const [first, ...others] = exports;
  const coordinatorKey = first?.transcript.coordinatorKey ?? "";
  const second = others.find(({ transcript }) => transcript.coordinatorKey !== coordinatorKey);
  if (first && second) return { type: "twoCoordinators", first, second };
  const key = fromHex(coordinatorKey);
  const holders = new Map<SignedEntry, string>();
  const unsigned: { name: string; count: number }[] = [];
  for (const { name, transcript } of exports) {
    const entries = transcript.entries.map(fromText);
    const signed = entries.filter((entry) => isSignedEntry(key, entry));
    for (const entry of signed) holders.set(entry, name);
    const count = entries.length - signed.length;
    if (count > 0) unsigned.push({ name, count });
  }
  const proofs = findEquivocations(key, [...holders.keys()]).map(
    (found): Proof => ({
      ...found,
      heldBy: [holders.get(found.first) ?? "", holders.get(found.second) ?? ""],
    }),
  );
  return { type: "compared", coordinatorKey, entryCount: holders.size, proofs, unsigned };
}
