/** What the coordinator signs as a round opens, or a run ends: kept as a proof, and held against what it said before. Pure. */
import { fromHex } from "../shared/base/bytes.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import { isSignedEntry, type SignedEntry } from "../shared/transcript/chain.ts";
import { continues, type History } from "./history.ts";
import type { MemberParams } from "./member-ports.ts";

type Signed = Extract<CoordinatorMessage, { type: "roundOpened" | "runEnded" }>;

/**
 * @param known Null before the first opening is seen.
 * @returns How the coordinator is caught; null: it is the history that this member saw.
 */
export function caughtAt(
  { coordinatorKey, vault }: Pick<MemberParams, "coordinatorKey" | "vault">,
  message: Signed,
  askHash: Uint8Array,
  known: History | null,
): "badSignature" | "transcriptFork" | null {
  const { runId, round, attempt, head, signature } = message;
  const entry = { kind: "roundOpened", runId, round, attempt, askHash, head } as const;
  const signed: SignedEntry = { ...entry, signature };
  if (!isSignedEntry(fromHex(coordinatorKey), signed)) return "badSignature";
  vault.record(signed);
  return continues(runId, known, message) ? null : "transcriptFork";
}
