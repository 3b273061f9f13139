/** May this agent take part in this run? Every reason at once; a pure decision over signed facts. */
import { fromHex } from "../base/bytes.ts";
import { verifySignature } from "../crypto/identity.ts";
import { enrolmentStatement } from "../protocol/handshake.ts";
import { twoThirds } from "../secagg/params.ts";
import { type Charter, charterHash } from "./charter.ts";
import type { Manifest } from "./manifest.ts";

export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** What the agent itself knows and trusts. */
export interface LocalFacts {
  readonly memberId: string;
  /** Own identity key, hexadecimal. */
  readonly identityKey: string;
  /** The coordinator's key that was pinned on enrolment, hexadecimal. */
  readonly coordinatorKey: string;
  /** Members' keys seen in earlier runs, hexadecimal, by member id. */
  readonly pinnedKeys: ReadonlyMap<string, string>;
}

/** @returns The reasons to refuse; empty: take part. */
export function refusalReasons(charter: Charter, manifest: Manifest, facts: LocalFacts): Reason[] {
  return [
    ...bindingFaults(charter, manifest, facts),
    ...rosterFaults(charter, manifest, facts),
    ...privacyFaults(charter, manifest),
  ];
}

function bindingFaults(charter: Charter, manifest: Manifest, facts: LocalFacts): Reason[] {
  const reasons: Reason[] = [];
  const refuse = (code: string, message: string): number => reasons.push({ code, message });
  if (manifest.charterHash !== charterHash(charter))
    refuse("charterMismatch", "the run is bound to another charter");
  if (manifest.room !== charter.room) refuse("roomMismatch", "the run belongs to another room");
  if (manifest.coordinatorKey !== facts.coordinatorKey)
    refuse("coordinatorMismatch", "the run names another coordinator");
  if (!charter.tasks.includes(manifest.task.kind))
    refuse("taskNotAllowed", `the charter does not allow ${manifest.task.kind}`);
  return reasons;
}

function rosterFaults(charter: Charter, manifest: Manifest, facts: LocalFacts): Reason[] {
  const reasons = signedRosterFaults(charter, manifest, facts.pinnedKeys);
  const refuse = (code: string, message: string): number => reasons.push({ code, message });
  const own = manifest.roster.find(({ memberId }) => memberId === facts.memberId);
  if (own?.identityKey !== facts.identityKey)
    refuse("notInRoster", "the roster does not list this agent with its own key");
  if (manifest.roster.length < charter.minimums.members)
    refuse("tooFewMembers", "fewer members than the charter asks");
  return reasons;
}

/** Members of the roster who did not sign the charter with the keys that it lists, or changed their key. */
export function signedRosterFaults(
  charter: Charter,
  manifest: Manifest,
  pinnedKeys: ReadonlyMap<string, string>,
): Reason[] {
  const reasons: Reason[] = [];
  const refuse = (code: string, message: string): number => reasons.push({ code, message });
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
      refuse("keyChanged", `the key of ${memberId} has changed`);
  }
  return reasons;
}

function privacyFaults(charter: Charter, manifest: Manifest): Reason[] {
  const { budget, unnoisedRuns, unitsExpected } = charter.privacy;
  const { privacy } = manifest;
  const refuse = (code: string, message: string): Reason[] => [{ code, message }];
  if (manifest.task.kind === "probe") return []; // It touches no record.
  if (!privacy)
    return unnoisedRuns === "allowed"
      ? []
      : refuse("noiseRequired", "the charter asks for noise; plan with privacy.epsilon");
  if (!budget) return refuse("noBudget", "the charter gives no privacy budget");
  if (privacy.delta !== budget.delta)
    return refuse("deltaMismatch", "delta differs from the charter's");
  if (privacy.unitsExpected !== unitsExpected)
    return refuse("unitsMismatch", "unitsExpected differs from the charter's");
  if (privacy.noisePlacement === "central") {
    return charter.privacy.centralNoise === "allowed"
      ? []
      : refuse("centralNoiseRefused", "the charter does not trust the coordinator with exact sums");
  }
  if (privacy.noisePlacement === "local") return [];
  const honest = manifest.roster.length - privacy.maxDropouts - privacy.maxColluders;
  if (honest < 1 || privacy.maxColluders < 1)
    return refuse("noiseShareUnsafe", "maxDropouts and maxColluders leave no honest noise");
  // With so many colluding, two different sets of survivors could both be confirmed.
  if (2 * twoThirds(manifest.roster.length) <= manifest.roster.length + privacy.maxColluders)
    return refuse("tooManyColluders", "secure aggregation does not bear maxColluders among so few");
  return [];
}
