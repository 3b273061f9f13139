/**
 * Proof that a coordinator told two members two different things: two of its own signatures that cannot both
 * be honest. Whoever has the coordinator's key can check it; nobody needs to trust the members. Pure.
 */
import { toHex } from "../base/bytes.ts";
import { isSignedEntry, type SignedEntry } from "./chain.ts";

export interface Equivocation {
  readonly what: "twoAsks" | "twoHistories" | "twoInclusions";
  readonly first: SignedEntry;
  readonly second: SignedEntry;
}

/** Entries that the coordinator did not sign prove nothing and are passed over. */
export function findEquivocations(
  coordinatorKey: Uint8Array,
  entries: readonly SignedEntry[],
): Equivocation[] {
  const signed = entries.filter((entry) => isSignedEntry(coordinatorKey, entry));
  const found: Equivocation[] = [];
  const seen = new Map<string, SignedEntry>();
  for (const entry of signed) {
    for (const [slot, said, what] of claims(entry)) {
      const before = seen.get(slot);
      if (!before) seen.set(slot, entry);
      else if (!claims(before).some(([other, value]) => other === slot && value === said))
        found.push({ what, first: before, second: entry });
    }
  }
  return found;
}

/** What an entry says, by the slot for which there can be one answer only. */
function claims(
  entry: SignedEntry,
): readonly (readonly [slot: string, said: string, what: Equivocation["what"]])[] {
  const { runId, attempt } = entry;
  if (entry.kind === "included")
    return [[`${runId}/included/${attempt}`, toHex(entry.inclusion), "twoInclusions"]];
  const ask = `${entry.round}/${toHex(entry.askHash)}`;
  return [
    [`${runId}/ask/${attempt}`, ask, "twoAsks"],
    [`${runId}/head/${entry.round}`, toHex(entry.head), "twoHistories"],
  ];
}
