/** What lists show of runs: a line of each, and one member's part in them. Pure. */
import type { RunSummary } from "./events.ts";

export interface RunLine {
  readonly runId: string;
  readonly room: string;
  readonly task: string;
  readonly status: RunSummary["status"];
  readonly reason: string | null;
  readonly createdAtMs: number;
  readonly startedBy: RunSummary["startedBy"];
  readonly rounds: number;
  readonly metrics: RunSummary["rounds"][number]["metrics"];
}

export function runLine(run: RunSummary): RunLine {
  const { runId, status, reason, createdAtMs, startedBy, rounds, manifest } = run;
  return {
    runId,
    room: manifest.room,
    task: manifest.task.kind,
    status,
    reason,
    createdAtMs,
    startedBy,
    rounds: rounds.length,
    metrics: rounds.findLast((round) => round.metrics)?.metrics ?? null,
  };
}

export interface MemberView {
  readonly room: string;
  readonly memberId: string;
  /** Fingerprint of the enrolled identity key; null: not enrolled. */
  readonly identity: string | null;
  readonly isConnected: boolean;
  readonly runs: readonly MemberRun[];
}

interface MemberRun extends RunLine {
  /** Rounds that asked the member, and of those the ones whose sum it is in. */
  readonly asked: number;
  readonly included: number;
}

/** @param runs Of the member's room. */
export function memberRuns(runs: readonly RunSummary[], memberId: string): MemberRun[] {
  const own = runs.filter(({ manifest }) =>
    manifest.roster.some((member) => member.memberId === memberId),
  );
  return own.map((run) => ({
    ...runLine(run),
    asked: run.rounds.filter(({ cohort }) => cohort.includes(memberId)).length,
    included: run.rounds.filter(({ survivors }) => survivors.includes(memberId)).length,
  }));
}
