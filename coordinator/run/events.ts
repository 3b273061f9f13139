/** What can happen to a run, as data, and what a log of it amounts to: a fold. Pure. */
import { z } from "zod";
import { fromHex, toHex } from "../../shared/base/bytes.ts";
import { ENGINE_NAMES } from "../../shared/base/engine-name.ts";
import { Decision } from "../../shared/charter/decision.ts";
import { Manifest } from "../../shared/charter/manifest.ts";
import { ReleaseDecision } from "../../shared/charter/release.ts";
import { firstHead, type Link, nextHead } from "../../shared/transcript/chain.ts";

const Metrics = z.strictObject({
  rocAuc: z.number(),
  prAuc: z.number(),
  recallAt1pctFpr: z.number(),
  recallAt5pctFpr: z.number(),
  counts: z.strictObject({ positives: z.number(), negatives: z.number() }).optional(),
});
const Scores = z.strictObject({
  rows: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
});
const common = { runId: z.string(), atMs: z.number() };

/** The person whose token a run was started with. */
const StartedBy = z.strictObject({ tokenId: z.string(), name: z.string() });
export type StartedBy = z.infer<typeof StartedBy>;

export const RunEvent = z.discriminatedUnion("type", [
  /** Proposed to the members. */
  z.strictObject({
    ...common,
    type: z.literal("created"),
    manifest: Manifest,
    /** Left out: the operator, with the admin token. */
    startedBy: StartedBy.optional(),
  }),
  /** A member's word on the proposal, verified. */
  z.strictObject({ ...common, type: z.literal("decided"), decision: Decision }),
  /** The proposal is none any more, and will never be a run. */
  z.strictObject({
    ...common,
    type: z.literal("refused"),
    code: z.enum(["vetoed", "expired", "cancelled", "amended"]),
  }),
  /** Enough members approved, and it is the run's turn. */
  z.strictObject({ ...common, type: z.literal("begun") }),
  /** What a member says will compute the model on its machine: as it joins, and where it is another than before. */
  z.strictObject({
    ...common,
    type: z.literal("engineTold"),
    memberId: z.string(),
    engine: z.enum(ENGINE_NAMES),
  }),
  /** Attempt numbers below are spent or about to be, before anybody is asked: after a restart none is used again. */
  z.strictObject({ ...common, type: z.literal("attemptsReserved"), below: z.number() }),
  z.strictObject({
    ...common,
    type: z.literal("attemptAborted"),
    round: z.number(),
    attempt: z.number(),
    reason: z.string(),
  }),
  /** Shares for the survivors of a round without noise may be out from now on: no others are ever opened. */
  z.strictObject({
    ...common,
    type: z.literal("survivorsCertified"),
    round: z.number(),
    attempt: z.number(),
    askKind: z.string(),
    /** SHA-256 of the ask's input, hexadecimal. */
    inputHash: z.string(),
    survivors: z.array(z.string()),
  }),
  z.strictObject({
    ...common,
    type: z.literal("roundReleased"),
    round: z.number(),
    attempt: z.number(),
    askKind: z.string(),
    cohort: z.array(z.string()),
    survivors: z.array(z.string()),
    ms: z.number(),
    uploadBytes: z.number(),
    loss: z.number().nullable(),
    metrics: Metrics.nullable(),
    /** Quantiles of anomaly scores. */
    scores: Scores.optional(),
    /** What the round adds to the run's transcript, hexadecimal. */
    inclusion: z.string(),
    resultHash: z.string(),
  }),
  z.strictObject({ ...common, type: z.literal("completed") }),
  z.strictObject({ ...common, type: z.literal("failed"), reason: z.string() }),
  /** A member's word on the release of the run's model, verified. */
  z.strictObject({ ...common, type: z.literal("releaseDecided"), decision: ReleaseDecision }),
  /** The charter's retention is over: the model and the kept rounds are gone. */
  z.strictObject({ ...common, type: z.literal("deleted") }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type RoundReleased = Extract<RunEvent, { type: "roundReleased" }>;
export type EngineTold = Extract<RunEvent, { type: "engineTold" }>;
export type SurvivorsCertified = Extract<RunEvent, { type: "survivorsCertified" }>;

/** After these there is no round: what may follow is about the model. */
export const isLast = (type: string): boolean => ["completed", "failed", "refused"].includes(type);

export type RunStatus = "proposed" | "refused" | "running" | "completed" | "failed";

export interface RunSummary {
  readonly runId: string;
  readonly manifest: Manifest;
  /** Null: the operator. */
  readonly startedBy: StartedBy | null;
  readonly status: RunStatus;
  readonly decisions: readonly Decision[];
  /** Each member's last word on the release of the model. */
  readonly releases: readonly ReleaseDecision[];
  readonly reason: string | null;
  readonly createdAtMs: number;
  /** When it was refused, completed or failed; null: it goes on. */
  readonly endedAtMs: number | null;
  /** When model and rounds were deleted; null: they were not. */
  readonly deletedAtMs: number | null;
  /** The next attempt number that was never used. */
  readonly nextAttempt: number;
  readonly rounds: readonly RoundReleased[];
  /** What members said computes the model, in the order of it; a member may have moved to another machine. */
  readonly engines: readonly Pick<EngineTold, "memberId" | "engine">[];
  /** Head of the transcript after the last round, hexadecimal. */
  readonly head: string;
}

/** @returns Null if the log does not begin with the run's creation. */
export function foldRun(events: readonly RunEvent[]): RunSummary | null {
  const [first] = events;
  if (first?.type !== "created") return null;
  const rounds: RoundReleased[] = [];
  let summary: RunSummary = {
    runId: first.runId,
    manifest: first.manifest,
    startedBy: first.startedBy ?? null,
    status: "proposed",
    decisions: [],
    releases: [],
    reason: null,
    createdAtMs: first.atMs,
    endedAtMs: null,
    deletedAtMs: null,
    nextAttempt: 0,
    rounds,
    engines: [],
    head: toHex(firstHead(first.runId)),
  };
  for (const event of events) {
    summary = apply(summary, event);
    if (event.type === "roundReleased") rounds.push(event);
  }
  return summary;
}

function apply(summary: RunSummary, event: RunEvent): RunSummary {
  switch (event.type) {
    case "created":
    case "attemptAborted":
    case "survivorsCertified": // See certified.ts.
      return summary;
    case "decided":
      return { ...summary, decisions: withLater(summary.decisions, event.decision) };
    case "releaseDecided":
      return { ...summary, releases: withLater(summary.releases, event.decision) };
    case "refused":
      return { ...summary, status: "refused", reason: event.code, endedAtMs: event.atMs };
    case "begun":
      return { ...summary, status: "running" };
    case "attemptsReserved":
      return { ...summary, nextAttempt: event.below };
    case "engineTold": {
      const { memberId, engine } = event;
      return { ...summary, engines: [...summary.engines, { memberId, engine }] };
    }
    case "roundReleased":
      return { ...summary, head: toHex(nextHead(fromHex(summary.head), linkOf(event))) };
    case "completed":
      return { ...summary, status: "completed", endedAtMs: event.atMs };
    case "failed":
      return { ...summary, status: "failed", reason: event.reason, endedAtMs: event.atMs };
    case "deleted":
      return { ...summary, deletedAtMs: event.atMs };
  }
}

/** A member's later word stands. */
function withLater<T extends { readonly memberId: string }>(known: readonly T[], said: T): T[] {
  return [...known.filter(({ memberId }) => memberId !== said.memberId), said];
}

/** What is logged as a run begins, or goes on after a restart. @param summary Null: nothing is logged yet. */
export function openingEvents(
  summary: RunSummary | null,
  { runId, manifest }: Pick<RunSummary, "runId" | "manifest">,
  atMs: number,
): RunEvent[] {
  const stamp = { runId, atMs };
  const begun: RunEvent = { type: "begun", ...stamp };
  if (!summary) return [{ type: "created", ...stamp, manifest }, begun];
  if (summary.status !== "running") return [begun];
  return summary.nextAttempt > 0 ? [cutOff(summary, atMs)] : [];
}

/** The attempt that may have been under way, and answered, when the process before this one ended. */
export function cutOff({ runId, rounds, nextAttempt }: RunSummary, atMs: number): RunEvent {
  const where = { round: rounds.length, attempt: nextAttempt - 1 };
  return { type: "attemptAborted", runId, atMs, ...where, reason: "restart" };
}

/** What a released round added to the transcript. */
export function linkOf({ inclusion, resultHash }: RoundReleased): Link {
  return { inclusion: fromHex(inclusion), resultHash: fromHex(resultHash) };
}
