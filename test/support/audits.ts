/** Replays kept rounds in tests: every check until the first that fails, and what came of it. */

import { contextOf } from "../../models/tasks/context.ts";
import { wireShape } from "../../models/tasks/reading.ts";
import type { Check } from "../../shared/audit/check.ts";
import type { RoundClaim } from "../../shared/audit/record-fault.ts";
import { type Replayed, replayRound } from "../../shared/audit/replay.ts";
import { sumParams } from "../../shared/charter/manifest.ts";
import type { KeptRound, MemoryRoom } from "./memory-room.ts";

export interface Outcome {
  readonly checks: readonly Check[];
  readonly replayed: Replayed | null;
  /** Name and text of the check that failed. */
  readonly failed: string | null;
}

export async function outcomeOf(checks: AsyncGenerator<Check, Replayed | null>): Promise<Outcome> {
  const made: Check[] = [];
  for (;;) {
    const next = await checks.next();
    if (!next.done) {
      made.push(next.value);
      continue;
    }
    const failed = made.find(({ status }) => status === "fails");
    const text = failed ? `${failed.name}: ${failed.text}` : null;
    return { checks: made, replayed: next.value, failed: text };
  }
}

export function claimOf(room: MemoryRoom, { record }: KeptRound, round = record.round): RoundClaim {
  const { charter, manifest, runId } = room;
  const context = contextOf(charter, manifest);
  const shapeOf = (askKind: string) =>
    askKind === "zeros" ? wireShape(context, manifest, askKind) : null;
  return { sum: sumParams(manifest, charter, runId), round, record, shapeOf };
}

export function replayKept(room: MemoryRoom, kept: KeptRound): Promise<Outcome> {
  return outcomeOf(
    replayRound(claimOf(room, kept), {
      prekeys: async () => kept.prekeys,
      vector: async (memberId) => {
        const index = room.manifest.roster.findIndex((member) => member.memberId === memberId);
        return kept.vectors.get(index) ?? new Uint8Array();
      },
    }),
  );
}
