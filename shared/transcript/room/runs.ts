/**
 * A run in its room's history: proposed, decided on, started, round by round to its end. `applyRunEventInPlace`
 * changes the state; all else is pure.
 */
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { parseCanonical } from "../../base/canonical.ts";
import { isSignedDecision, standingOf } from "../../charter/decision.ts";
import { keyEndMs } from "../../charter/governance.ts";
import { Manifest, sumParams } from "../../charter/manifest.ts";
import { signedRosterFaults } from "../../charter/policy/binding.ts";
import { releaseFault } from "../../charter/release.ts";
import { sha256 } from "../../crypto/hash.ts";
import { firstHead, nextHead } from "../chain.ts";
import { whyNotAmended } from "./amendments.ts";
import type { RoomEvent, RoomEventOf } from "./event.ts";
import { type RoomRun, type RoomState, SKEW_MS_MAX } from "./state.ts";

type RunEvent = Extract<RoomEvent, { readonly runId: string }>;

/** @returns What is wrong with the event, in words; null: it stands. */
export function applyRunEventInPlace(
  state: RoomState,
  body: RunEvent,
  atMs: number,
): string | null {
  if (body.type === "runProposed") return propose(state, body, atMs);
  const run = state.runs.get(body.runId);
  if (!run) return "no such run was proposed";
  if (run.phase === "ended" && body.type !== "runDeleted" && body.type !== "releaseDecided")
    return "the run had ended";
  if (run.phase === "refused") return "the run was refused";
  switch (body.type) {
    case "runDecided":
      return decide(state, run, body);
    case "runRefused":
      return refuse(state, run, body, atMs);
    case "runStarted":
      return start(state, run, atMs);
    case "roundReleased":
      return release(run, body);
    case "attemptAborted":
      return abort(run, body);
    case "runEnded":
      return end(run, body);
    case "releaseDecided":
      return review(state, run, body);
    case "runDeleted":
      return forget(run);
  }
}

function propose(
  state: RoomState,
  { runId, manifest: text }: RoomEventOf<"runProposed">,
  atMs: number,
): string | null {
  const manifest = Manifest.safeParse(parseCanonical(text)).data;
  if (!manifest || toHex(sha256(utf8(text))) !== runId)
    return "the manifest is not one in its canonical text, or its hash is not the run's id";
  if (state.runs.has(runId)) return "the run was proposed before";
  if (manifest.room !== state.room) return "the manifest is another room's";
  if (manifest.charterHash !== state.charterHash) return "the run is bound to another charter";
  if (manifest.coordinatorKey !== state.coordinatorKey) return "the run names another coordinator";
  if (!state.charter.tasks.includes(manifest.task.kind))
    return `the charter does not allow ${manifest.task.kind}`;
  if (manifest.createdAtMs > atMs + SKEW_MS_MAX) return "the manifest was made after this";
  const [reason] = signedRosterFaults(state.charter, manifest, state.keys);
  if (reason) return reason.message;
  const stranger = manifest.roster.find(({ memberId }) => !state.keys.has(memberId));
  if (stranger) return `${stranger.memberId} is in the roster and not in the room`;
  const old = manifest.roster.find(({ memberId }) => hasExpired(state, memberId, atMs));
  if (old) return `the key of ${old.memberId} had expired`;
  const gone = manifest.roster.find(({ memberId }) => state.left.has(memberId));
  if (gone) return `${gone.memberId} is in the roster and has left the room`;
  const { survivorsMin } = sumParams(manifest, state.charter, runId);
  const place = { heads: [firstHead(runId)], lastAttempt: -1 };
  const run = { manifest, charter: state.charter, survivorsMin, ...place, end: null };
  state.runs.set(runId, {
    ...run,
    phase: "proposed",
    refusal: null,
    decisions: [],
    releases: [],
    isDeleted: false,
  });
  return null;
}

function hasExpired({ charter, trails }: RoomState, memberId: string, atMs: number): boolean {
  const since = trails.get(memberId)?.keys.at(-1)?.atMs;
  const endMs = since === undefined ? null : keyEndMs(charter.governance, since);
  return endMs !== null && atMs > endMs + SKEW_MS_MAX;
}

function decide(
  state: RoomState,
  run: RoomRun,
  { runId, decision }: RoomEventOf<"runDecided">,
): string | null {
  if (run.phase !== "proposed") return "the run had started";
  const { memberId, signature } = decision;
  const seat = run.manifest.roster.find((member) => member.memberId === memberId);
  if (seat && isGivenUp(state, seat)) return `${memberId} had given up the key that signed this`;
  if (!isSignedDecision(run.manifest, runId, decision))
    return `${memberId} did not sign this decision on this run`;
  const known = run.decisions.find((other) => other.memberId === memberId);
  if (known?.signature === signature) return `${memberId} has said so before`;
  run.decisions = [...run.decisions.filter((other) => other !== known), decision];
  return null;
}

function refuse(
  state: RoomState,
  run: RoomRun,
  { code }: RoomEventOf<"runRefused">,
  atMs: number,
): string | null {
  if (run.phase !== "proposed") return "the run had started";
  if (code === "vetoed" && standingOf(run.charter, run.decisions).type !== "vetoed")
    return "nobody who may had vetoed the run";
  const amendment = code === "amended" ? whyNotAmended(state, atMs) : null;
  if (amendment !== null) return `the charter was not about to change: ${amendment}`;
  if (code === "expired" && atMs < run.manifest.expiresAtMs) return "the run had not expired";
  run.phase = "refused";
  run.refusal = code;
  return null;
}

/** Revoked, or rotated away. */
function isGivenUp(
  { keys, trails, revoked }: RoomState,
  { memberId, identityKey }: Manifest["roster"][number],
): boolean {
  if (revoked.has(identityKey)) return true;
  const trail = trails.get(memberId)?.keys ?? [];
  const isOnTrail = trail.some((key) => key.identityKey === identityKey);
  return isOnTrail && keys.get(memberId) !== identityKey;
}

function start(state: RoomState, run: RoomRun, atMs: number): string | null {
  const { charter } = run;
  if (run.phase !== "proposed") return "the run was started before";
  const gone = run.manifest.roster.find((member) => isGivenUp(state, member));
  if (gone) return `${gone.memberId} had given up the key that the run lists`;
  const standing = standingOf(charter, run.decisions);
  if (standing.type === "vetoed") return `${standing.by} had vetoed the run`;
  if (standing.type === "open") {
    const { approvals, required, missing } = standing;
    const names = missing.length > 0 ? `, and not ${missing.join(", ")}` : "";
    return `${approvals} of the ${required} members that must approve had${names}`;
  }
  if (atMs > run.manifest.expiresAtMs + SKEW_MS_MAX) return "the manifest had expired";
  run.phase = "running";
  return null;
}

function release(run: RoomRun, body: RoomEventOf<"roundReleased">): string | null {
  if (run.phase !== "running") return "the run had not started";
  const next = run.heads.length - 1;
  if (body.round !== next) return `round ${next} comes next`;
  if (body.attempt <= run.lastAttempt) return "the attempt's number was used before";
  const survivors = new Set(body.survivors);
  const roster = new Set(run.manifest.roster.map(({ memberId }) => memberId));
  if (survivors.size !== body.survivors.length || ![...survivors].every((id) => roster.has(id)))
    return "a survivor is listed twice or is not in the roster";
  if (survivors.size < run.survivorsMin) return "fewer survivors than the run's rules ask for";
  const { inclusion, resultHash } = body;
  const link = { inclusion: fromHex(inclusion), resultHash: fromHex(resultHash) };
  run.heads.push(nextHead(headOf(run), link));
  run.lastAttempt = body.attempt;
  return null;
}

/** A coordinator that starts again counts the attempt under way as lost, whether or not there was one: numbers may repeat. */
function abort(run: RoomRun, { round, attempt }: RoomEventOf<"attemptAborted">): string | null {
  if (run.phase !== "running") return "the run had not started";
  const next = run.heads.length - 1;
  if (round !== next) return `round ${next} comes next`;
  if (attempt < run.lastAttempt) return "the attempt's number is before that of earlier ones";
  run.lastAttempt = attempt;
  return null;
}

function end(run: RoomRun, body: RoomEventOf<"runEnded">): string | null {
  if (run.phase !== "running") return "the run had not started";
  if (body.head !== toHex(headOf(run))) return "its head is not the one that its rounds lead to";
  run.phase = "ended";
  run.end = body;
  return null;
}

function review(
  { keys, left }: RoomState,
  run: RoomRun,
  { runId, decision }: RoomEventOf<"releaseDecided">,
): string | null {
  if (!run.charter.governance?.release) return "the charter asks for no review of models";
  if (!run.end) return "the run had not ended";
  if (run.isDeleted) return "the run's model was deleted before";
  const { memberId } = decision;
  if (decision.runId !== runId) return "the word is on another run";
  if (left.has(memberId)) return `${memberId} has left the room`;
  const known = run.releases.find((other) => other.memberId === memberId);
  const fault = releaseFault(decision, run.end, known, keys.get(memberId));
  if (fault === null) run.releases = [...run.releases.filter((other) => other !== known), decision];
  return fault;
}

function forget(run: RoomRun): string | null {
  if (run.phase !== "ended") return "the run had not ended";
  if (run.isDeleted) return "the run's model was deleted before";
  run.isDeleted = true;
  return null;
}

const headOf = ({ heads }: RoomRun): Uint8Array => heads.at(-1) ?? new Uint8Array();
