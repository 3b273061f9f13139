/** Bytes ⇄ messages: the one place where bytes from the network are parsed. Pure. */
import { Packr } from "msgpackr";
import type { z } from "zod";
import { packed, unpacked } from "./packed.ts";
import { readValue } from "./read-value.ts";

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

/** Of what is long text; all else that is long is keys, hashes and shares, which nothing makes shorter. */
const TEXTS: ReadonlySet<unknown> = new Set(["runProposed", "runOffered", "roomExtended"]);

export function encode(message: object): Uint8Array {
  const body = new Uint8Array(packr.pack(message));
  return "type" in message && TEXTS.has(message.type) ? packed(body) : body;
}

/** A peer's fault, never an exception: the state of whoever reads it does not change. */
export type Decoded<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly code: "tooLarge" | "malformed" | "unknownMessage" };

/** Size → unpacked, no larger → strict decoding → strict schema. Never throws. */
export function decode<T>(schema: z.ZodType<T>, bytes: Uint8Array, bytesMax: number): Decoded<T> {
  if (bytes.length > bytesMax) return { ok: false, code: "tooLarge" };
  const body = unpacked(bytes, bytesMax);
  const value = body ? readValue(body) : undefined;
  if (value === undefined) return { ok: false, code: "malformed" };
  const parsed = schema.safeParse(value);
  return parsed.success
    ? { ok: true, message: parsed.data }
    : { ok: false, code: "unknownMessage" };
}
