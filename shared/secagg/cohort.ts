/**
 * How an attempt opens, and its cohort: those who mask for one another. It is fixed once members are ready, so that who is
 * lost at its work costs nothing; or told with the ask, where work is quick. Pure.
 */
import type {
  AttemptParams,
  CollectingMasked,
  Common,
  CoordinatorState,
  Spool,
} from "./attempt.ts";
import { roundContext } from "./keys.ts";
import { ringVector } from "./ring.ts";

/** @param absent Members that are not there as the attempt opens; nobody waits for them. */
export function openAttempt(
  { patience }: AttemptParams,
  atMs: number,
  absent: readonly number[],
): CoordinatorState {
  return { ...waitingFor(absent, atMs + patience.workMs), phase: "collectReady", ready: new Map() };
}

/**
 * Opens an attempt whose cohort is told with its ask: nobody says READY, and whoever falls silent at its work is a dropout.
 *
 * @param cohort See `cohortOf`.
 */
export function openCommitted(
  params: AttemptParams,
  spool: Spool,
  atMs: number,
  absent: readonly number[],
  cohort: readonly number[],
): CoordinatorState {
  const { workMs, stepMs } = params.patience;
  // The work is quick: a step's patience is enough for it, and one for the vector.
  const deadlineMs = atMs + Math.min(workMs, stepMs) + stepMs;
  return collectMasked(params, spool, cohort, waitingFor(absent, deadlineMs));
}

function waitingFor(absent: readonly number[], deadlineMs: number): Common {
  const absentSinceMs = new Map(absent.map((index) => [index, Number.NEGATIVE_INFINITY]));
  return { deadlineMs, absentSinceMs };
}

/** Masked vectors of this cohort are awaited. */
export function collectMasked(
  { sum, place, prekeys }: AttemptParams,
  spool: Spool,
  cohort: readonly number[],
  { deadlineMs, absentSinceMs }: Common,
): CollectingMasked {
  return {
    phase: "collectMasked",
    deadlineMs,
    absentSinceMs,
    context: roundContext(sum, prekeys.context, place, cohort),
    cohort,
    survivors: new Map(),
    uploads: new Map(),
    sum: ringVector(place.dimension),
    spool,
  };
}

/**
 * The ready members of whom enough others hold shares: each could drop out and still be recovered.
 *
 * @param ready By member: whose shares it holds.
 */
export function cohortOf(
  { sum, prekeys, certified }: Pick<AttemptParams, "sum" | "prekeys" | "certified">,
  ready: ReadonlyMap<number, ReadonlySet<number>>,
): number[] {
  const eligible = new Set(certified ?? prekeys.dealings.keys());
  let cohort = [...prekeys.dealings.keys()].filter(
    (index) => eligible.has(index) && ready.has(index),
  );
  for (;;) {
    const members = new Set(cohort);
    const holds = (at: number, index: number): boolean =>
      members.has(at) && ready.get(at)?.has(index) === true;
    const holders = (index: number): number =>
      prekeys.batch.graph.holders(index).filter((at) => holds(at, index)).length;
    const kept = cohort.filter((index) => holders(index) >= sum.threshold);
    if (kept.length === cohort.length) return cohort;
    cohort = kept;
  }
}
