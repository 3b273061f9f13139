/** SHA-256 and the one way in which several values become one hash. Pure (node:crypto computes, nothing is drawn). */
import { createHash } from "node:crypto";
import { concatBytes, toHex, u32le, utf8 } from "../base/bytes.ts";
import { canonicalJson, type Json } from "../base/canonical.ts";
import type { Label } from "./labels.ts";

export type HashInput = Uint8Array | string | number;

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/**
 * The bytes that a label and a list of values stand for: each part is preceded by its length, so
 * that no two different lists give the same bytes. Numbers are 32-bit unsigned.
 */
export function framed(label: Label, ...parts: readonly HashInput[]): Uint8Array {
  const chunks = [label, ...parts].flatMap((part) => {
    const bytes =
      typeof part === "string" ? utf8(part) : typeof part === "number" ? u32le(part) : part;
    return [u32le(bytes.length), bytes];
  });
  return concatBytes(...chunks);
}

export function framedHash(label: Label, ...parts: readonly HashInput[]): Uint8Array {
  return sha256(framed(label, ...parts));
}

/** Lower-case hexadecimal SHA-256 of the value's canonical JSON. */
export function hashJson(value: Json): string {
  return toHex(sha256(utf8(canonicalJson(value))));
}
