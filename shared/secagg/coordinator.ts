/**
 * Secure aggregation, the coordinator's half: one attempt at one sum, as a state machine. Pure: no
 * socket, no clock, no randomness. A faulty peer is data: it yields `reject` and changes no state.
 * The running sum is one buffer owned by the state, whatever the number of members; it is opened only
 * when enough shares came in.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4; the cohort is fixed after local work, or told with the ask.
 */
import { concatBytes } from "../base/bytes.ts";
import { entryStatement } from "../transcript/chain.ts";
import type {
  AbortReason,
  AttemptEffect,
  AttemptEvent,
  AttemptParams,
  CollectingConfirmations,
  CollectingMasked,
  CollectingReady,
  CollectingShares,
  CoordinatorState,
  SharesFrom,
  SharesOf,
  Spool,
  Step,
  Unmasking,
} from "./attempt.ts";
import { proofFor } from "./certificate.ts";
import { cohortOf, collectMasked } from "./cohort.ts";
import { inclusionHash, survivorTree } from "./keys.ts";
import { receive, undoUploads } from "./receive.ts";
import { addVectorInPlace, reduceInPlace } from "./ring.ts";
import { masksOf, type Opening, openSecrets } from "./unmask.ts";

/** Advances the attempt by one event at time `atMs`. The same arguments always give the same step. */
export function step(
  params: AttemptParams,
  spool: Spool,
  state: CoordinatorState,
  event: AttemptEvent,
  atMs: number,
): Step {
  if (state.phase === "ended") return { state, effects: [] };
  if (state.phase === "unmask")
    return event.type === "expanded" ? release(params, state, event.masks) : { state, effects: [] };
  const received = receive(params, state, event, atMs);
  if (received.effects.some(({ type }) => type === "reject")) return received;
  const next = advance(params, spool, received.state, atMs);
  return { state: next.state, effects: [...received.effects, ...next.effects] };
}

function advance(params: AttemptParams, spool: Spool, state: CoordinatorState, atMs: number): Step {
  switch (state.phase) {
    case "collectReady":
      return closeReady(params, spool, state, atMs);
    case "collectMasked":
      return closeMasked(params, state, atMs);
    case "collectConfirmations":
      return closeConfirmations(params, state, atMs);
    case "collectShares":
      return closeShares(params, state, atMs);
    case "unmask":
    case "ended":
      return { state, effects: [] };
  }
}

/** True while someone who may still answer has not, and there is time. */
function awaiting(
  { patience }: AttemptParams,
  state: Exclude<CoordinatorState, Unmasking | { phase: "ended" }>,
  expected: Iterable<number>,
  has: (index: number) => boolean,
  atMs: number,
): boolean {
  if (atMs >= state.deadlineMs) return false;
  for (const index of expected) {
    const since = state.absentSinceMs.get(index);
    if (!has(index) && (since === undefined || atMs < since + patience.graceMs)) return true;
  }
  return false;
}

function closeReady(
  params: AttemptParams,
  spool: Spool,
  state: CollectingReady,
  atMs: number,
): Step {
  const { sum, prekeys, patience, certified } = params;
  const expected = certified ?? prekeys.dealings.keys();
  if (awaiting(params, state, expected, (index) => state.ready.has(index), atMs))
    return { state, effects: [] };
  const cohort = cohortOf(params, state.ready);
  if (certified && cohort.length < certified.length) return abort("survivorMissing");
  if (cohort.length < sum.survivorsMin) return abort("tooFewReady");
  const deadlineMs = atMs + patience.stepMs;
  const next = collectMasked(params, spool, cohort, { ...state, deadlineMs });
  return { state: next, effects: [{ type: "sendCommit", to: cohort, cohort }] };
}

function closeMasked(params: AttemptParams, state: CollectingMasked, atMs: number): Step {
  const { sum, place, patience, identity, certified } = params;
  if (awaiting(params, state, state.cohort, (index) => state.survivors.has(index), atMs))
    return { state, effects: [] };
  if (certified && state.survivors.size < certified.length) return abort("survivorMissing");
  undoUploads(params, state, state.uploads.keys());
  if (state.survivors.size < sum.survivorsMin) return abort("tooFewSurvivors");
  const survivors = [...state.survivors.keys()].sort((a, b) => a - b);
  const roots = survivors.map((index) => state.survivors.get(index)?.root ?? new Uint8Array());
  const inclusion = inclusionHash(sum, state.context, survivors, roots);
  const { uploads: _, ...committed } = state;
  const next: CollectingConfirmations = {
    ...committed,
    phase: "collectConfirmations",
    deadlineMs: atMs + patience.stepMs,
    inclusion,
    confirmations: new Map(),
  };
  const { runId } = sum;
  const statement = entryStatement({ kind: "included", runId, attempt: place.attempt, inclusion });
  const signature = identity.sign(statement);
  const { paths } = survivorTree(survivors, roots);
  const message = { survivors, paths, signature };
  return { state: next, effects: [{ type: "sendIncluded", to: survivors, ...message }] };
}

function closeConfirmations(
  params: AttemptParams,
  state: CollectingConfirmations,
  atMs: number,
): Step {
  const { sum, prekeys, patience } = params;
  const { committee } = prekeys.batch;
  const survivors = [...state.survivors.keys()].sort((a, b) => a - b);
  const expected = survivors.filter((index) => committee.has(index));
  if (awaiting(params, state, expected, (index) => state.confirmations.has(index), atMs))
    return { state, effects: [] };
  const confirmers = expected.filter((index) => state.confirmations.has(index));
  if (confirmers.length < sum.confirmationsMin) return abort("tooFewConfirmations");
  const effects = survivors.map((to): AttemptEffect => {
    const others = confirmers.filter((index) => index !== to);
    const proofs = others.map((from) =>
      proofFor(sum, survivors, from, to, state.confirmations.get(from) ?? new Uint8Array()),
    );
    return {
      type: "sendCertificate",
      to,
      certificate: { confirmers: others, proofs: concatBytes(...proofs) },
    };
  });
  const { confirmations: _, ...included } = state;
  const next: CollectingShares = {
    ...included,
    phase: "collectShares",
    deadlineMs: atMs + patience.stepMs,
    seeds: new Map(),
    revealed: new Map(),
    shareCounts: new Uint32Array(sum.roster.length),
    asked: null,
  };
  return { state: next, effects };
}

/** Opens the sum once there is enough; survivors' own seeds first, and then shares of those that did not come. */
function closeShares(params: AttemptParams, state: CollectingShares, atMs: number): Step {
  // Asked after every message: first whether there is enough of everything, and only then any arithmetic.
  if (isEnough(params, state)) return open(params, state);
  const { asked, revealed, survivors } = state;
  const hasSaid = (index: number): boolean => (asked?.shares ?? revealed).has(index);
  if (awaiting(params, state, asked?.holders ?? survivors.keys(), hasSaid, atMs))
    return { state, effects: [] };
  return asked ? abort("tooFewShares") : askShares(params, state, atMs);
}

function isEnough({ sum }: AttemptParams, state: CollectingShares): boolean {
  const { cohort, seeds, shareCounts } = state;
  return cohort.every((index) => seeds.has(index) || (shareCounts[index] ?? 0) >= sum.threshold);
}

/** Whose seed did not come fell silent, or gave out another. Who told its own is asked for shares of theirs. */
function askShares({ sum, patience }: AttemptParams, state: CollectingShares, atMs: number): Step {
  const { seeds, survivors, shareCounts, cohort } = state;
  const isLost = (index: number): boolean =>
    !survivors.has(index) && (shareCounts[index] ?? 0) < sum.threshold;
  if (seeds.size < sum.threshold || cohort.some(isLost)) return abort("tooFewShares");
  const of = [...survivors.keys()].filter((index) => !seeds.has(index)).sort((a, b) => a - b);
  const holders = [...seeds.keys()].sort((a, b) => a - b);
  const deadlineMs = atMs + patience.stepMs;
  return {
    state: { ...state, deadlineMs, asked: { of, holders, shares: new Map() } },
    effects: [{ type: "askShares", to: holders, of }],
  };
}

function open(params: AttemptParams, state: CollectingShares): Step {
  const { sum, place, prekeys } = params;
  const { cohort, seeds } = state;
  const opening: Opening = openSecrets({
    attempt: place.attempt,
    prekeys,
    threshold: sum.threshold,
    cohort,
    survivors: new Set(state.survivors.keys()),
    seeds,
    shares: byMember(state.revealed, state.asked?.shares ?? new Map()),
  });
  if (opening.type === "wanting") return abort("tooFewShares");
  if (opening.type === "blame") {
    const aborted = abort("badPrekeys");
    return { state: aborted.state, effects: [opening, ...aborted.effects] };
  }
  const { seeds: _, revealed: __, shareCounts: ___, asked: ____, ...included } = state;
  const next: Unmasking = { ...included, phase: "unmask", opened: opening.secrets };
  return {
    state: next,
    effects: [{ type: "expand", masks: masksOf(opening.secrets, state.context) }],
  };
}

function byMember(...given: readonly SharesFrom[]): SharesOf {
  const shares = new Map<number, Map<number, Uint8Array>>();
  for (const [holder, own] of given.flatMap((from) => [...from]))
    for (const [index, share] of own) {
      const holders = shares.get(index) ?? new Map<number, Uint8Array>();
      shares.set(index, holders.set(holder, share));
    }
  return shares;
}

/** @param masks Σ of the masks to add. Shape [d]. */
function release({ place }: AttemptParams, state: Unmasking, masks: Uint32Array): Step {
  const { sum, cohort, survivors, context, inclusion, opened } = state;
  addVectorInPlace(sum, masks);
  reduceInPlace(sum, place.ringBits);
  const effect: AttemptEffect = {
    type: "released",
    sum,
    cohort,
    survivors,
    context,
    inclusion,
    opened,
  };
  return { state: { phase: "ended" }, effects: [effect] };
}

function abort(reason: AbortReason): Step {
  return { state: { phase: "ended" }, effects: [{ type: "aborted", reason }] };
}
