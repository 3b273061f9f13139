/** Which run a coordinator is talking about, and who is in it: taken from signatures, not from its word. Pure. */
import { Charter, charterHash } from "../charter/charter.ts";
import { Manifest, runIdOf } from "../charter/manifest.ts";
import { signedRosterFaults } from "../charter/policy/binding.ts";
import { type Check, checked, short, unknown } from "./check.ts";

/** What a member that audits knows for itself; all keys in hexadecimal. */
export interface OwnFacts {
  /** Hashes of all charters of the room that it signed. */
  readonly charterHashes: ReadonlySet<string>;
  /** Pinned on enrolment. */
  readonly coordinatorKey: string;
  /** Members' keys seen in earlier runs, with those that signed for them and those that they signed for; by member id. */
  readonly keyTrails: ReadonlyMap<string, readonly string[]>;
}

export interface AuditedRun {
  readonly runId: string;
  readonly manifest: Manifest;
  readonly charter: Charter;
}

/**
 * Yields each check as it is made, and ends after the first that fails.
 *
 * @param asked The run's id or the beginning of one, as the auditor gave it.
 * @param own Null for an auditor who is no member: then nothing says whose keys the roster lists.
 */
export function* checkRun(
  asked: string,
  served: { readonly manifest?: unknown; readonly charter?: unknown },
  own: OwnFacts | null,
): Generator<Check, AuditedRun | null> {
  const manifest = Manifest.safeParse(served.manifest).data;
  const runId = manifest && runIdOf(manifest);
  const stray = !runId?.startsWith(asked);
  yield checked(
    "manifest",
    stray ? "what was handed out is not the manifest whose hash is the run's id" : null,
    `run ${short(runId ?? "")} is the hash of this manifest: its task, roster, privacy and coordinator`,
  );
  if (!manifest || !runId || stray) return null;
  const charter = Charter.safeParse(served.charter).data;
  const fault = charter ? charterFault(charter, manifest, own) : "the charter is not a charter";
  yield checked(
    "charter",
    fault,
    own
      ? "the manifest is bound to a charter that this agent signed"
      : `the manifest is bound to charter ${short(manifest.charterHash)}`,
  );
  if (!charter || fault !== null) return null;
  const [reason] = signedRosterFaults(charter, manifest, pinsFor(manifest, own));
  yield checked("roster", reason?.message ?? null, rosterText(manifest, own));
  if (reason) return null;
  const coordinator = coordinatorCheck(manifest, own);
  yield coordinator;
  return coordinator.status === "fails" ? null : { runId, manifest, charter };
}

/** A run of before a rotation lists the key that its member had then. */
function pinsFor({ roster }: Manifest, own: OwnFacts | null): ReadonlyMap<string, string> {
  const pins = roster.flatMap(({ memberId, identityKey }): [string, string][] => {
    const trail = own?.keyTrails.get(memberId) ?? [];
    const pin = trail.includes(identityKey) ? identityKey : trail.at(-1);
    return pin === undefined ? [] : [[memberId, pin]];
  });
  return new Map(pins);
}

function charterFault(charter: Charter, manifest: Manifest, own: OwnFacts | null): string | null {
  if (charterHash(charter) !== manifest.charterHash)
    return "the manifest is bound to another charter than the one handed out";
  if (own && !own.charterHashes.has(manifest.charterHash))
    return "the manifest is bound to another charter than those that this agent signed";
  return charter.room === manifest.room ? null : "manifest and charter name different rooms";
}

function rosterText({ roster }: Manifest, own: OwnFacts | null): string {
  const signed = `all ${roster.length} members signed the charter with the keys of the roster`;
  if (!own) return `${signed}; whose keys these are, a member's folder would tell (--folder)`;
  const known = roster.filter(({ memberId }) => own.keyTrails.has(memberId)).length;
  return `${signed}; this agent knows ${known} of these keys from its runs`;
}

function coordinatorCheck({ coordinatorKey }: Manifest, own: OwnFacts | null): Check {
  if (!own)
    return unknown("coordinator", "only a member's folder knows the coordinator's key (--folder)");
  return checked(
    "coordinator",
    coordinatorKey === own.coordinatorKey
      ? null
      : "the manifest names another coordinator than the one pinned on enrolment",
    "the manifest names the coordinator that this agent pinned on enrolment",
  );
}
