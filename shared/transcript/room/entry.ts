/**
 * The room's transcript as text: one line an entry or a signed head, and in a regulator's pack a document; canonical
 * JSON, each line ended by a line break. No two texts say the same, so no byte can be changed unseen. Pure.
 */
import { z } from "zod";
import { fromHex, toHex } from "../../base/bytes.ts";
import { canonicalJson } from "../../base/canonical.ts";
import { framedHash } from "../../crypto/hash.ts";
import { LABELS } from "../../crypto/labels.ts";
import { Document } from "./document.ts";
import { RoomEvent } from "./event.ts";

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().min(0).max(0xffff_ffff);

const Entry = z.strictObject({
  sequence: Count,
  /** By the coordinator's clock. */
  atMs: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  body: RoomEvent,
  /** Over all of this and the hash of the entry before. */
  hash: Hex32,
});
export type Entry = z.infer<typeof Entry>;

/** What the coordinator signs over the first `size` entries. */
const SignedHead = z.strictObject({
  size: Count.min(1),
  root: Hex32,
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});
export type SignedHead = z.infer<typeof SignedHead>;

export type Line = Entry | SignedHead | Document;

/** What the first entry follows. */
export const NO_ENTRY = "00".repeat(32);

/** @param previous Hash of the entry before; `NO_ENTRY` for the first. */
export function entryHash({ sequence, atMs, body }: Omit<Entry, "hash">, previous: string): string {
  const said = canonicalJson(body);
  return toHex(framedHash(LABELS.roomEntry, sequence, fromHex(previous), String(atMs), said));
}

export function makeEntry(
  sequence: number,
  previous: string,
  atMs: number,
  body: RoomEvent,
): Entry {
  const entry = { sequence, atMs, body };
  return { ...entry, hash: entryHash(entry, previous) };
}

/** With its line break. */
export function lineText(line: Line): string {
  return `${canonicalJson(line)}\n`;
}

/** @param text One line without its line break. @returns Null unless it is the one text of a line. */
export function parseLine(text: string): Line | null {
  const value = parsed(text);
  const line = schemaOf(value).safeParse(value).data;
  // So the text is canonical, and nothing in it was passed over.
  return line !== undefined && canonicalJson(line) === text ? line : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function schemaOf(value: unknown): z.ZodType<Line> {
  if (typeof value !== "object" || value === null || "sequence" in value) return Entry;
  return "size" in value ? SignedHead : Document;
}

const LINE_BREAK = 0x0a;

/** The lines of a file without their line breaks. One that is not UTF-8, or is cut off, comes out empty. */
export function linesOf(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_BREAK, start);
    if (end < 0) return [...lines, ""];
    lines.push(decoded(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "";
  }
}
