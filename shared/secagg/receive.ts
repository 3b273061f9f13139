/** What an attempt makes of each message: checked, then added, or rejected by code and nothing changed. Pure. */
import { equalBytes } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import { verifySignature } from "../crypto/identity.ts";
import type { AttemptEvent, CoordinatorState, Ended, RejectCode, Step } from "./attempt.ts";
import { maskedStatement, readyStatement, sharesStatement } from "./keys.ts";
import { type AttemptParams, rosterIndex } from "./params.ts";
import { addPackedInPlace, packedBytes } from "./ring.ts";

/** Takes one event in. At most one effect: a rejection. */
export function receive(
  params: AttemptParams,
  state: CoordinatorState,
  event: AttemptEvent,
  atMs: number,
): Step {
  if (event.type === "tick" || state.phase === "ended") return { state, effects: [] };
  if (rosterIndex(params, event.from) < 0) return reject(state, event.from, "notInRoster");
  switch (event.type) {
    case "absent":
    case "withdrawn":
      return absent(
        state,
        event.from,
        event.type === "withdrawn" ? Number.NEGATIVE_INFINITY : atMs,
      );
    case "present":
      return present(state, event.from);
    case "prekeys":
      return addPrekeys(state, event);
    case "ready":
      return addReady(params, state, event);
    case "masked":
      return addMasked(params, state, event);
    case "shares":
      return addShares(state, params, event);
  }
}

function reject(state: CoordinatorState, to: string, code: RejectCode): Step {
  return { state, effects: [{ type: "reject", to, code }] };
}

/** For good, within this attempt, where it was never asked or withdrew: that outlasts any later loss. */
function absent(state: Exclude<CoordinatorState, Ended>, id: string, sinceMs: number): Step {
  const earliest = Math.min(sinceMs, state.absentSinceMs.get(id) ?? sinceMs);
  return {
    state: { ...state, absentSinceMs: new Map(state.absentSinceMs).set(id, earliest) },
    effects: [],
  };
}

/** Back after a lost connection. Who was never asked, or withdrew, still has nothing to answer. */
function present(state: Exclude<CoordinatorState, Ended>, id: string): Step {
  if (state.absentSinceMs.get(id) === Number.NEGATIVE_INFINITY) return { state, effects: [] };
  const absentSinceMs = new Map(state.absentSinceMs);
  absentSinceMs.delete(id);
  return { state: { ...state, absentSinceMs }, effects: [] };
}

function addPrekeys(
  state: CoordinatorState,
  event: Extract<AttemptEvent, { type: "prekeys" }>,
): Step {
  if (state.phase !== "collectReady") return reject(state, event.from, "wrongPhase");
  if (state.prekeys.has(event.from)) return reject(state, event.from, "duplicate");
  const sealedFor = new Map(event.shares.map(({ to, sealed }) => [to, sealed]));
  const prekeys = new Map(state.prekeys).set(event.from, { maskKey: event.maskKey, sealedFor });
  return { state: { ...state, prekeys }, effects: [] };
}

function addReady(
  params: AttemptParams,
  state: CoordinatorState,
  event: Extract<AttemptEvent, { type: "ready" }>,
): Step {
  const { from, maskKey, signature } = event;
  if (state.phase !== "collectReady") return reject(state, from, "wrongPhase");
  const prekeys = state.prekeys.get(from);
  if (!prekeys) return reject(state, from, "noPrekeys");
  if (state.ready.has(from)) return reject(state, from, "duplicate");
  if (!equalBytes(prekeys.maskKey, maskKey)) return reject(state, from, "keyMismatch");
  const identityKey = params.roster[rosterIndex(params, from)]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, readyStatement(params, from, maskKey), signature)) {
    return reject(state, from, "badSignature");
  }
  const ready = new Map(state.ready).set(from, { memberId: from, maskKey, signature });
  return { state: { ...state, ready }, effects: [] };
}

function addMasked(
  params: AttemptParams,
  state: CoordinatorState,
  event: Extract<AttemptEvent, { type: "masked" }>,
): Step {
  const { from, root, signature, vector } = event;
  if (state.phase !== "collectMasked") return reject(state, from, "wrongPhase");
  if (!state.cohort.some(({ memberId }) => memberId === from))
    return reject(state, from, "notInCohort");
  if (state.survivors.has(from)) return reject(state, from, "duplicate");
  if (vector.length !== packedBytes(params.dimension, params.ringBits))
    return reject(state, from, "wrongLength");
  if (!equalBytes(sha256(vector), root)) return reject(state, from, "wrongRoot");
  const identityKey = params.roster[rosterIndex(params, from)]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, maskedStatement(state.context, from, root), signature)) {
    return reject(state, from, "badSignature");
  }
  addPackedInPlace(state.sum, vector, params.ringBits, 1);
  return { state: { ...state, survivors: new Set(state.survivors).add(from) }, effects: [] };
}

function addShares(
  state: CoordinatorState,
  params: AttemptParams,
  event: Extract<AttemptEvent, { type: "shares" }>,
): Step {
  const { from, shares, signature } = event;
  if (state.phase !== "unmask") return reject(state, from, "wrongPhase");
  if (!state.survivors.has(from)) return reject(state, from, "notInCohort");
  if (state.revealed.has(from)) return reject(state, from, "duplicate");
  const identityKey = params.roster[rosterIndex(params, from)]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, sharesStatement(state.context, from, shares), signature)) {
    return reject(state, from, "badSignature");
  }
  const revealing = { shares: new Map(shares.map(({ of, share }) => [of, share])) };
  return {
    state: { ...state, revealed: new Map(state.revealed).set(from, revealing) },
    effects: [],
  };
}
