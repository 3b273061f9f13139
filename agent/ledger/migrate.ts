/**
 * EDGE: a ledger of the time before the chain becomes one: its releases are entered under the terms of the
 * agent that opens it, in one transaction, and its table goes.
 */
import { z } from "zod";
import { PARTITIONS } from "../../models/tasks/privacy-events.ts";
import { DpEvent } from "../../shared/privacy/accounting/events.ts";
import type { Terms } from "./account.ts";
import type { Ledger } from "./ledger.ts";
import type { FileStore } from "./store.ts";

const OldRelease = z.object({
  run_id: z.string(),
  attempt: z.int(),
  ask_kind: z.string(),
  partition: z.enum(PARTITIONS),
  event: z.string().nullable(),
  at_ms: z.int(),
});

/** Nothing to do, as a rule. The account of these terms is open. */
export function carryOver(store: FileStore, ledger: Ledger, terms: Terms): void {
  if (store.oldReleases().length === 0) return;
  const { population, unit, charterHash, requester } = terms;
  ledger.write(() => {
    const old = store.oldReleases().map((row) => OldRelease.parse(row));
    store.dropOldReleases();
    return old.map(
      ({ run_id: runId, attempt, ask_kind: askKind, partition, event, at_ms: atMs }) => ({
        kind: "debit",
        ...{ population, unit, charterHash, requester },
        ...{ runId, round: null, attempt, askKind, partition, atMs, parameters: null },
        event: event === null ? null : DpEvent.parse(JSON.parse(event)),
      }),
    );
  });
}
