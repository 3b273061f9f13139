/** What a member says to a proposed run, signed with its identity: approval, veto, or its agent's refusal. Pure. */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import { canonicalJson } from "../base/canonical.ts";
import { framed } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type AgentMessage, MemberId, Reason } from "../protocol/messages.ts";
import type { Charter } from "./charter.ts";
import { approvalsRequired, hasVeto } from "./governance.ts";
import type { Manifest } from "./manifest.ts";

/** `refused`: the agent cannot or may not take part. It is no veto: the others may go on without it. */
export const Decision = z.strictObject({
  runId: z.string().regex(/^[0-9a-f]{64}$/),
  memberId: MemberId,
  decision: z.enum(["approved", "vetoed", "refused"]),
  /** Why not; empty for an approval. */
  reasons: z.array(Reason).max(LIMITS.reasonsMax),
  atMs: z.int().min(0),
  /** Hexadecimal. */
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});
export type Decision = z.infer<typeof Decision>;

type Unsigned = Omit<Decision, "signature">;

/** The run's id binds task, roster, charter and expiry. */
function statement({ runId, memberId, decision, reasons, atMs }: Unsigned): Uint8Array {
  const why = canonicalJson(reasons);
  return framed(LABELS.decision, runId, memberId, decision, why, String(atMs));
}

export function signDecision(unsigned: Unsigned, identity: Identity): Decision {
  return { ...unsigned, signature: toHex(identity.sign(statement(unsigned))) };
}

/** Whether this is what that member of the run's roster said of this run. */
export function isSignedDecision(
  { roster }: Pick<Manifest, "roster">,
  runId: string,
  decision: Decision,
): boolean {
  const member = roster.find(({ memberId }) => memberId === decision.memberId);
  if (!member || decision.runId !== runId) return false;
  const signature = fromHex(decision.signature);
  return verifySignature(fromHex(member.identityKey), statement(decision), signature);
}

/** What may follow what: an agent that refused may see its people approve, and whoever approved may still veto. */
const ORDER = ["refused", "approved", "vetoed"] as const satisfies Decision["decision"][];

/** Whether a member's new word counts beside its earlier one. So nobody has more than three words on a run. */
export function supersedes(said: Decision, before: Decision): boolean {
  return ORDER.indexOf(said.decision) > ORDER.indexOf(before.decision);
}

/** Where a proposal stands. */
export type Standing =
  | { readonly type: "vetoed"; readonly by: string }
  | { readonly type: "approved" }
  | {
      readonly type: "open";
      readonly approvals: number;
      readonly required: number;
      /** Whose approval is needed by name and missing. */
      readonly missing: readonly string[];
    };

type Word = Pick<Decision, "memberId" | "decision">;

/** @param decisions Verified. */
export function standingOf(charter: Charter, decisions: readonly Word[]): Standing {
  const required = approvalsRequired(charter);
  return standingUnder(charter, required, charter.governance?.mustApprove ?? [], decisions);
}

/** @param required So many approvals, and those of `mustApprove` among them. */
export function standingUnder(
  { governance }: Pick<Charter, "governance">,
  required: number,
  mustApprove: readonly string[],
  decisions: readonly Word[],
): Standing {
  const veto = decisions.find(
    ({ decision, memberId }) => decision === "vetoed" && hasVeto(governance, memberId),
  );
  if (veto) return { type: "vetoed", by: veto.memberId };
  const approving = new Set(
    decisions.filter(({ decision }) => decision === "approved").map(({ memberId }) => memberId),
  );
  const missing = mustApprove.filter((name) => !approving.has(name));
  if (approving.size >= required && missing.length === 0) return { type: "approved" };
  return { type: "open", approvals: approving.size, required, missing };
}

type Wire = Omit<Extract<AgentMessage, { type: "runDecided" }>, "type" | "runId">;

export function fromWire(
  runId: string,
  memberId: string,
  { decision, reasons, atMs, signature }: Wire,
): Decision {
  return { runId, memberId, decision, reasons, atMs, signature: toHex(signature) };
}

export function toWire({ decision, reasons, atMs, signature }: Decision): Wire {
  return { decision, reasons, atMs, signature: fromHex(signature) };
}
