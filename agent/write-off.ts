/**
 * What a ledger that was put back as it was may lack: all that the gate can have answered since, by the room's history.
 * It is taken for spent, whether or not it was. A ledger lacks only its last entries: so nothing is missing of runs that
 * ended before the last run began that it knows. Pure.
 */
import { contextOf } from "../models/tasks/context.ts";
import { MATCH_RELEASE } from "../models/tasks/match/match.ts";
import { privacyEvent } from "../models/tasks/privacy-events.ts";
import { taskFor } from "../models/tasks/registry.ts";
import { wireFormat } from "../models/tasks/wire.ts";
import { type Manifest, runIdOf } from "../shared/charter/manifest.ts";
import type { RoomRun, RoomState } from "../shared/transcript/room/state.ts";
import { answersMax } from "./gate/plan.ts";
import type { Debit } from "./ledger/account.ts";
import type { Book } from "./ledger/book.ts";
import type { OwnAnswer, OwnPast } from "./own-past.ts";

/** One run that the ledger may know too little of. */
export interface Gap {
  readonly runId: string;
  readonly manifest: Manifest;
  readonly debits: readonly Debit[];
}

/** @param past With all answers of the history. */
export function gapsOf(
  state: Pick<RoomState, "runs">,
  past: Pick<OwnPast, "started" | "answers">,
  book: Pick<Book, "runs">,
): Gap[] {
  const lastKnown = past.started.findLastIndex(({ runId }) => book.runs.has(runId));
  return past.started.flatMap(({ runId, startedByEnd }): Gap[] => {
    const run = state.runs.get(runId);
    if (!run || startedByEnd <= lastKnown || isWhole(run, book)) return [];
    const { manifest } = run;
    const debits = debitsOf(run, past.answers.get(runId) ?? [], book);
    return [{ runId, manifest, debits }];
  });
}

/** Completed, and its last attempt is in the ledger; or a matching that is. */
function isWhole({ manifest, end, lastAttempt }: RoomRun, { runs }: Pick<Book, "runs">): boolean {
  const known = runs.get(runIdOf(manifest));
  if (!known) return false;
  if (manifest.task.kind === "match") return true;
  return end?.outcome === "completed" && known.attempts.has(lastAttempt);
}

function debitsOf(
  { manifest, charter, lastAttempt }: RoomRun,
  answers: readonly OwnAnswer[],
  { runs }: Pick<Book, "runs">,
): Debit[] {
  const runId = runIdOf(manifest);
  const known = runs.get(runId);
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  if (manifest.task.kind === "match")
    return [matchDebit(runId, task.otherRelease?.(context)?.event ?? null)];
  const missing = answers.filter(({ attempt }) => !known?.attempts.has(attempt));
  // Numbers that the run has not reached: nobody knows which attempts failed after this member had answered.
  let unused = Math.max(lastAttempt, ...(known?.attempts ?? [])) + 1;
  return task.plannedAsks(context).flatMap(({ kind: askKind, partition }): Debit[] => {
    const shape = task.shapeOf(context, askKind);
    const event = privacyEvent(shape);
    const { dimension, ringBits } = wireFormat(shape, manifest);
    const common = { runId, askKind, partition, event, parameters: { dimension, ringBits } };
    const told = missing.filter((answer) => answer.askKind === askKind);
    const most = answersMax(charter, manifest, askKind) - (known?.byKind.get(askKind) ?? 0);
    // What has no price is not made up.
    const rest = event ? Math.max(0, most - told.length) : 0;
    return [
      ...told.map(({ round, attempt }) => ({ ...common, round, attempt })),
      ...Array.from({ length: rest }, () => ({ ...common, round: null, attempt: unused++ })),
    ];
  });
}

const matchDebit = (runId: string, event: Debit["event"]): Debit => ({
  ...{ runId, round: 0, attempt: 0, askKind: MATCH_RELEASE, partition: "all" },
  ...{ event, parameters: null },
});
