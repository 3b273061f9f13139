/**
 * What a regulator's pack adds to a room's history: the documents whose hashes the history names, and extracts of
 * their ledgers that members chose to give, signed by them. Pure.
 */
import { z } from "zod";
import { canonicalJson } from "../../base/canonical.ts";
import { framed, hashJson } from "../../crypto/hash.ts";
import { LABELS } from "../../crypto/labels.ts";
import { MemberId } from "../../protocol/messages.ts";
import { type RoomState, wasMembers } from "./state.ts";

const RunId = z.string().regex(/^[0-9a-f]{64}$/);

export const Document = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("modelCard"), runId: RunId, content: z.json() }),
  z.strictObject({ kind: z.literal("privacyStatement"), runId: RunId, content: z.json() }),
  z.strictObject({
    kind: z.literal("ledgerExtract"),
    memberId: MemberId,
    atMs: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    content: z.json(),
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  }),
]);
export type Document = z.infer<typeof Document>;
export type LedgerExtract = Extract<Document, { kind: "ledgerExtract" }>;

export function extractStatement(
  room: string,
  { memberId, atMs, content }: Omit<LedgerExtract, "kind" | "signature">,
): Uint8Array {
  return framed(LABELS.ledgerExtract, room, memberId, String(atMs), canonicalJson(content));
}

/** @returns What is wrong with the document beside this history and these documents, in words; null: nothing. */
export function documentFault(
  state: RoomState,
  earlier: readonly Document[],
  document: Document,
): string | null {
  const { kind } = document;
  const name = nameOf(document);
  if (earlier.some((other) => nameOf(other) === name)) return `${name} is there twice`;
  if (kind === "ledgerExtract")
    return wasMembers(state, document, extractStatement(state.room, document))
      ? null
      : `${name}: the member did not sign it`;
  const { end } = state.runs.get(document.runId) ?? {};
  const hash = kind === "modelCard" ? end?.cardHash : end?.statementHash;
  if (!hash) return `${name}: the history knows of none`;
  return hash === hashJson(document.content) ? null : `${name} is not the one in the history`;
}

function nameOf(document: Document): string {
  if (document.kind === "ledgerExtract") return `the ledger extract of ${document.memberId}`;
  const what = document.kind === "modelCard" ? "model card" : "privacy statement";
  return `the ${what} of run ${document.runId.slice(0, 12)}`;
}
