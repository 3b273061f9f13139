/** What a coordinator signed for one member, as a file that members compare; see `equivocation.ts`. Pure. */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import type { SignedEntry } from "./chain.ts";

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Hex64 = z.string().regex(/^[0-9a-f]{128}$/);
const Count = z.int().min(0).max(0xffff_ffff);
const common = { runId: Hex32, attempt: Count, signature: Hex64 };

export const EntryText = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("roundOpened"),
    ...common,
    round: Count,
    askHash: Hex32,
    head: Hex32,
  }),
  z.strictObject({ kind: z.literal("included"), ...common, inclusion: Hex32 }),
]);
export type EntryText = z.infer<typeof EntryText>;

export const TranscriptExport = z.strictObject({
  format: z.literal("cloister-transcript"),
  version: z.literal(1),
  room: z.string(),
  memberId: z.string(),
  /** The key that the member pinned on enrolment, hexadecimal. */
  coordinatorKey: Hex32,
  entries: z.array(EntryText),
});
export type TranscriptExport = z.infer<typeof TranscriptExport>;

export function toText(entry: SignedEntry): EntryText {
  const { runId, attempt } = entry;
  const signature = toHex(entry.signature);
  if (entry.kind === "included")
    return { kind: "included", runId, attempt, inclusion: toHex(entry.inclusion), signature };
  const { round, askHash, head } = entry;
  const said = { round, askHash: toHex(askHash), head: toHex(head) };
  return { kind: "roundOpened", runId, attempt, ...said, signature };
}

export function fromText(text: EntryText): SignedEntry {
  const { runId, attempt } = text;
  const signature = fromHex(text.signature);
  if (text.kind === "included")
    return { kind: "included", runId, attempt, inclusion: fromHex(text.inclusion), signature };
  const said = { round: text.round, askHash: fromHex(text.askHash), head: fromHex(text.head) };
  return { kind: "roundOpened", runId, attempt, ...said, signature };
}
