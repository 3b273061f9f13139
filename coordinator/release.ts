/** A released round, as the log keeps it. Pure. */
import type { TaskProgress } from "../models/tasks/task.ts";
import { toHex } from "../shared/base/bytes.ts";
import type { AttemptEffect } from "../shared/secagg/attempt.ts";
import type { Link } from "../shared/transcript/chain.ts";
import type { RunningAttempt } from "./attempt.ts";
import type { RoundReleased } from "./run-events.ts";

export type Released = Extract<AttemptEffect, { type: "released" }>;

export function releaseOf(
  { params, ask, uploadBytes, openedAtMs }: RunningAttempt,
  { cohort, survivors, inclusion }: Released,
  { progress, link }: { readonly progress: TaskProgress; readonly link: Link },
  atMs: number,
): RoundReleased {
  const { round, attempt } = params.place;
  const ids = (indices: Iterable<number>): string[] =>
    [...indices].map((index) => params.sum.roster[index]?.memberId ?? "");
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
    uploadBytes,
    loss: progress.loss,
    metrics: progress.metrics,
    inclusion: toHex(inclusion),
    resultHash: toHex(link.resultHash),
  };
}
