/** Rules: is this a run of this room, among members who signed its charter, now? Pure. */
import { fromHex } from "../../base/bytes.ts";
import { verifySignature } from "../../crypto/identity.ts";
import { enrolmentStatement } from "../../protocol/handshake.ts";
import { type Charter, charterHash } from "../charter.ts";
import { endOfDateMs, isWithinHours, keyEndMs } from "../governance.ts";
import type { Manifest } from "../manifest.ts";
import type { AgentFacts, PolicyFacts, Reason } from "./facts.ts";
import { reasonList } from "./reason-list.ts";

/** How far an agent's clock and the coordinator's may be apart. */
const SKEW_MS_MAX = 5 * 60_000;

export function roomReasons({ charter, manifest, agent }: PolicyFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  if (manifest.charterHash !== charterHash(charter)) {
    const state = agent?.charterStates.get(manifest.charterHash);
    if (state === "superseded")
      refuse("charterSuperseded", "the run is bound to a charter that was amended since");
    else if (state === "notInForce")
      refuse("charterNotInForce", "the run is bound to an amended charter that is not in force");
    else refuse("charterMismatch", "the run is bound to another charter");
  }
  if (manifest.room !== charter.room) refuse("roomMismatch", "the run belongs to another room");
  return reasons;
}

export function coordinatorReasons({ manifest }: PolicyFacts, agent: AgentFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  if (manifest.coordinatorKey !== agent.coordinatorKey)
    refuse("coordinatorMismatch", "the run names another coordinator");
  return reasons;
}

export function ownSeatReasons({ manifest }: PolicyFacts, agent: AgentFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  const own = manifest.roster.find(({ memberId }) => memberId === agent.memberId);
  if (own?.identityKey !== agent.identityKey)
    refuse("notInRoster", "the roster does not list this agent with its own key");
  return reasons;
}

export function rosterReasons(facts: PolicyFacts): Reason[] {
  const { charter, manifest, agent, nowMs } = facts;
  const keysSinceMs = agent?.keysSinceMs ?? facts.keysSinceMs;
  const { reasons, refuse } = reasonList(
    signedRosterFaults(charter, manifest, agent?.pinnedKeys ?? new Map()),
  );
  for (const { memberId, identityKey } of manifest.roster) {
    if (agent?.revokedKeys.has(identityKey))
      refuse("keyRevoked", `the key of ${memberId} was revoked`);
    const sinceMs = keysSinceMs?.get(identityKey);
    const endMs = sinceMs === undefined ? null : keyEndMs(charter.governance, sinceMs);
    if (endMs !== null && nowMs >= endMs)
      refuse("keyExpired", `the key of ${memberId} has expired (cloister agent rotate-key)`);
  }
  if (manifest.roster.length < charter.minimums.members)
    refuse("tooFewMembers", "fewer members than the charter asks");
  return reasons;
}

/** Members of the roster who did not sign the charter with the keys that it lists, or changed their key. */
export function signedRosterFaults(
  charter: Charter,
  manifest: Pick<Manifest, "charterHash" | "roster">,
  pinnedKeys: ReadonlyMap<string, string>,
): Reason[] {
  const { reasons, refuse } = reasonList();
  const seen = new Set<string>();
  for (const { memberId, identityKey, enrolmentSignature } of manifest.roster) {
    const statement = enrolmentStatement(manifest.charterHash, memberId, fromHex(identityKey));
    if (!charter.members.includes(memberId))
      refuse("notAMember", `${memberId} is not in the charter`);
    if (seen.has(memberId)) refuse("repeatedMember", `${memberId} is listed twice`);
    seen.add(memberId);
    if (!verifySignature(fromHex(identityKey), statement, fromHex(enrolmentSignature))) {
      refuse("badEnrolment", `${memberId} did not sign the charter with this key`);
    }
    const pinned = pinnedKeys.get(memberId);
    if (pinned !== undefined && pinned !== identityKey)
      refuse("keyChanged", `the key of ${memberId} has changed (see cloister agent roster)`);
  }
  return reasons;
}

/** Without a confirmed roster, keys are pinned on first use: probes show that everybody is there, and give nothing away. */
export function confirmationReasons(
  { charter, manifest }: PolicyFacts,
  { confirmedKeys, policy }: AgentFacts,
): Reason[] {
  const { reasons, refuse } = reasonList();
  if (confirmedKeys === null) {
    if (manifest.task.kind === "probe") return reasons;
    const message = "this member's people have not confirmed the roster";
    if (charter.governance?.confirmedRoster === "required") refuse("rosterNotConfirmed", message);
    if (policy.confirmedRosterOnly) refuse("local.rosterNotConfirmed", message);
    return reasons;
  }
  for (const { memberId, identityKey } of manifest.roster) {
    if (confirmedKeys.get(memberId) !== identityKey)
      refuse("rosterNotConfirmed", `this member's people have not confirmed ${memberId}'s key`);
  }
  return reasons;
}

/** A signed manifest stays signed: what has ended is not begun anew with it. */
export function overReasons({ isOver }: AgentFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  if (isOver) refuse("runOver", "the run has ended, or this member has left it or the room");
  return reasons;
}

export function timeReasons({ charter, manifest, nowMs }: PolicyFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  const { createdAtMs, expiresAtMs } = manifest;
  if (expiresAtMs <= createdAtMs) refuse("neverValid", "the run expires before it was made");
  if (nowMs < createdAtMs - SKEW_MS_MAX)
    refuse("notYetValid", "the run was made later than this clock says; set the clocks");
  if (nowMs >= expiresAtMs) refuse("expired", "the run's time has passed; propose it again");
  if (charter.expiresOn !== undefined && nowMs >= endOfDateMs(charter.expiresOn))
    refuse("charterExpired", `the charter ended on ${charter.expiresOn}`);
  return reasons;
}

/** Only once there is a run: members may approve at any time. */
export function hourReasons({ charter, nowMs }: PolicyFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  if (charter.hours && !isWithinHours(charter.hours, nowMs))
    refuse("outsideHours", "the charter lets runs begin at other hours");
  return reasons;
}
