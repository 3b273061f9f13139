/**
 * The anchor: the chain's end as it was, in a file of its own, written after each commit. It may be
 * behind the chain, after a crash, and is never ahead: a chain that ends before its anchor lost entries. Pure.
 */
import { concatBytes, equalBytes, fromHex, toHex, u32le } from "../../shared/base/bytes.ts";
import { framed, type MacKey, mac } from "../../shared/crypto/hash.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import type { Head } from "./entry.ts";

/** Sequence 4, hash 32, MAC 16: within one sector, so that it is never half written. */
export const ANCHOR_BYTES = 52;

export function encodeAnchor(key: MacKey, { sequence, hash }: Head): Uint8Array {
  const bytes = fromHex(hash);
  const tag = mac(key, framed(LABELS.ledgerAnchor, sequence, bytes));
  return concatBytes(u32le(sequence), bytes, tag);
}

/** @returns Null if it is not an anchor of this ledger. */
export function decodeAnchor(key: MacKey, bytes: Uint8Array): Head | null {
  if (bytes.length !== ANCHOR_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = { sequence: view.getUint32(0, true), hash: toHex(bytes.subarray(4, 36)) };
  return equalBytes(encodeAnchor(key, head), bytes) ? head : null;
}
