/** A run as an agent takes part in its sums, from the moment that it joins. Pure. */
import { type Manifest, seatOf, sumParams } from "../shared/charter/manifest.ts";
import type { MemberParams } from "./member-ports.ts";
import { RunSession } from "./run-session.ts";

/** From now on, other keys of these members are seen to be others. */
export function pinRoster({ vault }: Pick<MemberParams, "vault">, { roster }: Manifest): void {
  for (const { memberId, identityKey } of roster) vault.pinKey(memberId, identityKey);
}

/** A session of a run that the gate has taken up, with fresh keys. */
export function joinedSession(params: MemberParams, runId: string, manifest: Manifest): RunSession {
  const { charter, identity, memberId, rng, kem, report } = params;
  const index = seatOf(manifest, memberId);
  const sum = sumParams(manifest, charter, runId);
  const fault = (code: string, member: string): void =>
    report({ type: "fault", runId, code, member });
  return new RunSession({ sum, manifest, index, identity, rng, kem, fault });
}
