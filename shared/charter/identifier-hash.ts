/**
 * Hashes of identifiers that only one salt, one purpose and one type of identifier give, so that no two questions'
 * hashes can be laid side by side. Pure.
 *
 * They hide no identifier from whoever can guess it, and the salt is no secret: they stay with the member.
 */
import { concatBytes, fromHex, utf8 } from "../base/bytes.ts";
import { framedHash, sha256 } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";

/** What the hashes of one question are for. */
export interface HashDomain {
  /** Lower-case hexadecimal. */
  readonly salt: string;
  /** What the question is asked for. */
  readonly purpose: string;
  /** Type of identifier. */
  readonly type: string;
}

/** @param value As its type's rules spell it. @returns SHA-256. Shape [32]. */
export type IdentifierHasher = (value: string) => Uint8Array;

/** H(H(salt ‖ purpose ‖ type) ‖ value), each part of the inner one preceded by its length. */
export function identifierHasher({ salt, purpose, type }: HashDomain): IdentifierHasher {
  const domain = framedHash(LABELS.identifierHash, fromHex(salt), purpose, type);
  return (value) => sha256(concatBytes(domain, utf8(value)));
}
