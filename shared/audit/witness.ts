/** A replayed round held against what the coordinator signed for one member while it happened. Pure. */
import { equalBytes, fromHex, toHex } from "../base/bytes.ts";
import { isSignedEntry, type SignedEntry } from "../transcript/chain.ts";
import { type Check, checked, short, unknown } from "./check.ts";
import type { AuditRecord } from "./record.ts";
import type { Replayed } from "./replay.ts";

/** @param entries What the member kept, of this run and others. */
export function witnessCheck(
  coordinatorKey: Uint8Array,
  entries: readonly SignedEntry[],
  record: AuditRecord,
  replayed: Pick<Replayed, "askHash" | "inclusion">,
): Check {
  const seen = new Set<string>();
  for (const entry of entries) {
    if (entry.runId !== record.runId || !isSignedEntry(coordinatorKey, entry)) continue;
    for (const { what, said, found } of comparisons(entry, record, replayed)) {
      if (!equalBytes(said, found)) {
        const fault = `for this agent the coordinator signed ${what} ${short(toHex(said))}, not ${short(toHex(found))}; compare its evidence with other members' (cloister audit compare)`;
        return checked("evidence", fault, "");
      }
      seen.add(what);
    }
  }
  if (seen.size === 0)
    return unknown("evidence", "this agent holds nothing that the coordinator signed of the round");
  const held = [...seen].join(", ");
  return checked("evidence", null, `what the coordinator signed for this agent agrees: ${held}`);
}

interface Comparison {
  readonly what: string;
  readonly said: Uint8Array;
  readonly found: Uint8Array;
}

function comparisons(
  entry: SignedEntry,
  record: AuditRecord,
  { askHash, inclusion }: Pick<Replayed, "askHash" | "inclusion">,
): Comparison[] {
  const sameAttempt = entry.attempt === record.attempt;
  if (entry.kind === "included")
    return sameAttempt ? [{ what: "the survivors", said: entry.inclusion, found: inclusion }] : [];
  const { round, head } = entry;
  const found: Comparison[] = [];
  if (sameAttempt) found.push({ what: "the model", said: entry.askHash, found: askHash });
  if (round === record.round)
    found.push({ what: "the history before", said: head, found: fromHex(record.headBefore) });
  if (round === record.round + 1)
    found.push({ what: "the history after", said: head, found: fromHex(record.headAfter) });
  return found;
}
