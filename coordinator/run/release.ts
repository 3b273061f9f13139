/** A released round: as the log keeps it, and as audits need it. */
import type { TaskProgress } from "../../models/tasks/task.ts";
import { auditRecord } from "../../shared/audit/record.ts";
import { toHex } from "../../shared/base/bytes.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { AttemptEffect } from "../../shared/secagg/attempt.ts";
import { idsOf } from "../../shared/secagg/params.ts";
import { packedBytes } from "../../shared/secagg/ring.ts";
import type { Link } from "../../shared/transcript/chain.ts";
import type { RunningAttempt } from "./attempt.ts";
import { isCentral } from "./central-noise.ts";
import type { RoundReleased } from "./events.ts";

export type Released = Extract<AttemptEffect, { type: "released" }>;

export function releaseOf(
  { params, ask, openedAtMs }: RunningAttempt,
  { cohort, survivors, inclusion }: Released,
  { progress, link }: { readonly progress: TaskProgress; readonly link: Link },
  atMs: number,
): RoundReleased {
  const { round, attempt, dimension, ringBits } = params.place;
  const ids = (indices: Iterable<number>): string[] => idsOf(params.sum, [...indices]);
  return {
    type: "roundReleased",
    runId: params.sum.runId,
    atMs,
    round,
    attempt,
    askKind: ask.kind,
    cohort: ids(cohort),
    survivors: ids([...survivors.keys()].sort((a, b) => a - b)),
    ms: atMs - openedAtMs,
    uploadBytes: packedBytes(dimension, ringBits),
    loss: progress.loss,
    metrics: progress.metrics,
    ...(progress.scores && { scores: progress.scores }),
    inclusion: toHex(inclusion),
    resultHash: toHex(link.resultHash),
  };
}

/** Not under central noise, where whoever replayed the round would see the exact sum. */
export function keepForAudit(
  { params, ask, inputHash, shape, spool }: RunningAttempt,
  effect: Released,
  { resultHash }: Link,
  headAfter: Uint8Array,
  manifest: Manifest,
): void {
  if (isCentral(shape, manifest)) return spool.discard();
  const { sum, place, prekeys } = params;
  const asked = { runId: sum.runId, place, askKind: ask.kind, inputHash, prekeys };
  spool.keep(auditRecord({ ...asked, ...effect, resultHash, headAfter }), prekeys);
}
