/** What an agent knows of itself and of a run, from its vault and its member's own rules. Pure. */
import { toHex } from "../shared/base/bytes.ts";
import type { AgentFacts } from "../shared/charter/policy/facts.ts";
import type { LocalPolicy } from "../shared/charter/policy/local-policy.ts";
import type { MemberVault } from "./member-ports.ts";

export interface AgentSelf {
  readonly memberId: string;
  readonly identity: { readonly publicKey: Uint8Array };
  /** Pinned on enrolment, hexadecimal. */
  readonly coordinatorKey: string;
  readonly vault: Pick<
    MemberVault,
    | "pinnedKeys"
    | "confirmedKeys"
    | "revokedKeys"
    | "keysSinceMs"
    | "charterStates"
    | "decisionOf"
    | "isOver"
  >;
  readonly policy: () => LocalPolicy;
}

/** @throws {CloisterError} If the member's own rules cannot be read. */
export function agentFactsOf(
  { memberId, identity, coordinatorKey, vault, policy }: AgentSelf,
  runId: string,
): AgentFacts {
  return {
    memberId,
    identityKey: toHex(identity.publicKey),
    coordinatorKey,
    pinnedKeys: vault.pinnedKeys(),
    confirmedKeys: vault.confirmedKeys(),
    revokedKeys: vault.revokedKeys(),
    keysSinceMs: vault.keysSinceMs(),
    charterStates: vault.charterStates(),
    policy: policy(),
    ownDecision: vault.decisionOf(runId)?.decision ?? null,
    isOver: vault.isOver(runId),
  };
}
