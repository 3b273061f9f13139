/** A run as an agent takes part in its sums, from the moment that it joins. Pure. */

import type { EngineName } from "../shared/base/engine-name.ts";
import { type Manifest, seatOf, sumParams } from "../shared/charter/manifest.ts";
import type { AgentMessage } from "../shared/protocol/messages.ts";
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

/** @param engine Left out: the run has no model that one would compute. */
export function joinMessage(session: RunSession, engine: EngineName | undefined): AgentMessage {
  const { runId } = session.params.sum;
  return { type: "runJoined", runId, ...session.join, engine: engine ?? null };
}
