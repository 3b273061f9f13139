/**
 * Secure aggregation, the coordinator's half: one attempt at one sum, as a state machine. Pure: no
 * socket, no clock, no randomness. A faulty peer is data: it yields `reject` and changes no state.
 * The running sum is one buffer owned by the state; it is opened only when enough shares came in.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4; the cohort is fixed after local work.
 */
import type {
  AbortReason,
  AttemptEffect,
  AttemptEvent,
  CollectingMasked,
  CollectingReady,
  Common,
  CoordinatorState,
  Patience,
  Step,
  Unmasking,
} from "./attempt.ts";
import { roundContext } from "./keys.ts";
import type { AttemptParams } from "./params.ts";
import { receive } from "./receive.ts";
import { openSum } from "./unmask.ts";

/** @param absent Members that are not there as the attempt opens; nobody waits for them. */
export function openAttempt(
  patience: Patience,
  atMs: number,
  absent: readonly string[],
): CoordinatorState {
  return {
    phase: "collectReady",
    deadlineMs: atMs + patience.workMs,
    absentSinceMs: new Map(absent.map((id) => [id, Number.NEGATIVE_INFINITY])),
    prekeys: new Map(),
    ready: new Map(),
  };
}

/** Advances the attempt by one event at time `atMs`. The same arguments always give the same step. */
export function step(
  params: AttemptParams,
  patience: Patience,
  state: CoordinatorState,
  event: AttemptEvent,
  atMs: number,
): Step {
  if (state.phase === "ended") return { state, effects: [] };
  const received = receive(params, state, event, atMs);
  if (received.effects.length > 0) return received;
  return advance(params, patience, received.state, atMs);
}

function advance(
  params: AttemptParams,
  patience: Patience,
  state: CoordinatorState,
  atMs: number,
): Step {
  switch (state.phase) {
    case "collectReady":
      return closeReady(params, patience, state, atMs);
    case "collectMasked":
      return closeMasked(params, patience, state, atMs);
    case "unmask":
      return closeUnmask(params, patience, state, atMs);
    case "ended":
      return { state, effects: [] };
  }
}

/** True while someone who may still answer has not, and there is time. */
function awaiting(
  patience: Patience,
  state: Common,
  expected: readonly string[],
  has: (id: string) => boolean,
  atMs: number,
): boolean {
  if (atMs >= state.deadlineMs) return false;
  return expected.some((id) => {
    const since = state.absentSinceMs.get(id);
    return !has(id) && (since === undefined || atMs < since + patience.graceMs);
  });
}

function closeReady(
  params: AttemptParams,
  patience: Patience,
  state: CollectingReady,
  atMs: number,
): Step {
  const everyone = params.roster.map(({ memberId }) => memberId);
  if (awaiting(patience, state, everyone, (id) => state.ready.has(id), atMs))
    return { state, effects: [] };
  const cohort = everyone.flatMap((id) => state.ready.get(id) ?? []);
  if (cohort.length < params.survivorsMin) return abort("tooFewReady", []);
  const effects = cohort.map(
    ({ memberId: to }): AttemptEffect => ({
      type: "sendCommit",
      to,
      cohort: cohort.map((member) => ({
        ...member,
        sealed: state.prekeys.get(member.memberId)?.sealedFor.get(to) ?? null,
      })),
    }),
  );
  const next: CollectingMasked = {
    phase: "collectMasked",
    deadlineMs: atMs + patience.stepMs,
    absentSinceMs: state.absentSinceMs,
    context: roundContext(params, cohort),
    cohort,
    survivors: new Set(),
    sum: new Uint32Array(params.dimension),
  };
  return { state: next, effects };
}

function closeMasked(
  params: AttemptParams,
  patience: Patience,
  state: CollectingMasked,
  atMs: number,
): Step {
  const expected = state.cohort.map(({ memberId }) => memberId);
  if (awaiting(patience, state, expected, (id) => state.survivors.has(id), atMs))
    return { state, effects: [] };
  if (state.survivors.size < params.survivorsMin) return abort("tooFewSurvivors", []);
  const survivors = [...state.survivors].sort();
  const next: Unmasking = {
    ...state,
    phase: "unmask",
    deadlineMs: atMs + patience.stepMs,
    revealed: new Map(),
  };
  return { state: next, effects: [{ type: "sendIncluded", to: survivors, survivors }] };
}

function closeUnmask(
  params: AttemptParams,
  patience: Patience,
  state: Unmasking,
  atMs: number,
): Step {
  const survivors = [...state.survivors].sort();
  const enough = state.revealed.size >= params.threshold;
  const waiting = awaiting(patience, state, survivors, (id) => state.revealed.has(id), atMs);
  if (!enough) return waiting ? { state, effects: [] } : abort("tooFewShares", []);
  const opened = openSum(params, state);
  // A missing or false share may be made good by a later one, while any is to come.
  if (!opened.ok) return waiting ? { state, effects: [] } : abort("badShares", opened.blamed);
  const cohort = state.cohort.map(({ memberId }) => memberId);
  return {
    state: { phase: "ended" },
    effects: [{ type: "released", sum: opened.sum, cohort, survivors }],
  };
}

function abort(reason: AbortReason, blamed: readonly string[]): Step {
  return { state: { phase: "ended" }, effects: [{ type: "aborted", reason, blamed }] };
}
