/** A hash as digits that people read to one another, hard to search for another hash with the same digits. Pure. */
import { scryptSync } from "node:crypto";
import { utf8 } from "../base/bytes.ts";
import { LABELS } from "./labels.ts";

const DIGITS = 30;
/** Memory per trial: 128 · r · N = 128 MiB. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };

/**
 * Six groups of five digits.
 *
 * Who can choose what is hashed looks for two hashes with one code, and needs about 10^15 ≈ 2^50 trials (the birthday
 * bound for 30 digits). Each trial is an scrypt of 2^17 · 2 · 16 = 2^22 Salsa20/8 cores over 128 MiB: together 2^72, and
 * not before the honest inputs are known. A second hash for the code of one that is given takes 2^100 trials.
 *
 * @param hash 32 bytes.
 * @see RFC 7914 (scrypt), §2 for the parameters.
 */
export function spokenCode(hash: Uint8Array): string {
  const stretched = scryptSync(hash, utf8(LABELS.spokenCode), 32, COST);
  // 256 bits modulo 10^30: no digit is likelier than another by more than 2^-156.
  const number = BigInt(`0x${stretched.toString("hex")}`) % 10n ** BigInt(DIGITS);
  const digits = number.toString().padStart(DIGITS, "0");
  return grouped(digits);
}

/** What a person typed, in the form of `spokenCode`: spaces and dashes do not matter. Null: not so many digits. */
export function parseSpokenCode(text: string): string | null {
  const digits = text.replace(/[\s-]/g, "");
  return /^\d+$/.test(digits) && digits.length === DIGITS ? grouped(digits) : null;
}

const grouped = (digits: string): string => digits.replace(/\d{5}(?=\d)/g, "$& ");
