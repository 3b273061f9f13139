/**
 * What a member's people say to the release of a run's model: approval or veto, by a person's name and with its reason,
 * signed with the member's identity over what was reviewed. Together they are the record of human oversight. Pure.
 */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import { canonicalJson } from "../base/canonical.ts";
import { framed } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import { LIMITS } from "../protocol/limits.ts";
import { MemberId } from "../protocol/messages.ts";
import type { Charter } from "./charter.ts";
import { type Standing, standingUnder } from "./decision.ts";
import { HexKey, HexSignature } from "./manifest.ts";
import { TextLine } from "./member-statement.ts";

export const ReleaseDecision = z.strictObject({
  runId: HexKey,
  memberId: MemberId,
  decision: z.enum(["approved", "vetoed"]),
  /** Head of the run's own chain after its last round: what members sent, and what was opened, is under it. */
  head: HexKey,
  /** SHA-256 of the model file, and of its card's canonical text. */
  modelHash: HexKey,
  cardHash: HexKey,
  /** Who looked at it, as that person is known to the other members. */
  reviewer: TextLine.max(100),
  reason: TextLine,
  /** By the member's clock. */
  atMs: z.int().min(0).max(LIMITS.dateMsMax),
  signature: HexSignature,
});
export type ReleaseDecision = z.infer<typeof ReleaseDecision>;

/** What a run leaves behind to be reviewed, by hash; null: it left none. */
export interface Reviewed {
  readonly head: string;
  readonly modelHash: string | null;
  readonly cardHash: string | null;
}

function signedBytes({ signature: _, ...said }: ReleaseDecision): Uint8Array {
  return framed(LABELS.modelRelease, canonicalJson(said));
}

export function signRelease(
  unsigned: Omit<ReleaseDecision, "signature">,
  identity: Identity,
): ReleaseDecision {
  const decision: ReleaseDecision = { ...unsigned, signature: "" };
  return { ...decision, signature: toHex(identity.sign(signedBytes(decision))) };
}

/**
 * @param known What the member said before; undefined: nothing.
 * @param identityKey The member's, hexadecimal; undefined: it has none.
 * @returns Why the word does not count, in words; null: it does.
 */
export function releaseFault(
  decision: ReleaseDecision,
  { head, modelHash, cardHash }: Reviewed,
  known: ReleaseDecision | undefined,
  identityKey: string | undefined,
): string | null {
  const { memberId, signature } = decision;
  if (modelHash === null) return "the run left no model that could be released";
  const isOfIt = decision.modelHash === modelHash && decision.cardHash === cardHash;
  if (decision.head !== head || !isOfIt)
    return `what ${memberId} reviewed is not what the run left behind`;
  const key = fromHex(identityKey ?? "");
  if (!verifySignature(key, signedBytes(decision), fromHex(signature)))
    return `${memberId} did not sign this word on the release`;
  if (known?.decision === "vetoed") return `${memberId} has vetoed the release, and a veto stands`;
  return known?.decision === decision.decision ? `${memberId} has said so before` : null;
}

/** @param decisions Verified, of each member the last. @returns Null: the charter asks for no review. */
export function releaseStanding(
  charter: Pick<Charter, "governance">,
  decisions: readonly ReleaseDecision[],
): Standing | null {
  const rule = charter.governance?.release;
  return rule ? standingUnder(charter, rule.approvals, rule.mustApprove, decisions) : null;
}

/** As a sentence goes on after "the model is". */
export function releaseText(standing: Standing): string {
  if (standing.type === "approved") return "released";
  if (standing.type === "vetoed") return `not released: ${standing.by} vetoed it`;
  const { approvals, required, missing } = standing;
  const without = missing.length > 0 ? `, and not ${missing.join(", ")}` : "";
  return `not released: ${approvals} of the ${required} members that must approve it did${without}`;
}
