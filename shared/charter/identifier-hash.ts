/**
 * What is computed from identifiers instead of with them: a digest when a table is read, and of that a hash that only
 * one salt, one purpose and one type of identifier give, so that no two questions' hashes can be laid side by side. Pure.
 *
 * Neither hides an identifier from whoever can guess it, and the salt is no secret: both stay with the member.
 */
import { assert } from "../base/assert.ts";
import { fromHex } from "../base/bytes.ts";
import { framed, framedHash, sha256, shortHashInto } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";

/** Bytes of a digest: 2^64 identifiers before two are likely to share one. */
export const DIGEST_BYTES = 16;
/** Bytes of a short hash, for a place in a sketch. */
export const SHORT_HASH_BYTES = 8;

/** @param value As its type's rules spell it. */
export function identifierDigest(type: string, value: string): Uint8Array {
  return sha256(framed(LABELS.identifierDigest, type, value)).subarray(0, DIGEST_BYTES);
}

/** What the hashes of one question are for. */
export interface HashDomain {
  /** Lower-case hexadecimal. */
  readonly salt: string;
  /** Which protocol uses the hash. */
  readonly purpose: string;
  /** Type of identifier. */
  readonly type: string;
}

export interface IdentifierHasher {
  /** SHA-256. Shape [32]. */
  whole(digest: Uint8Array): Uint8Array;
  /** Its first `SHORT_HASH_BYTES` bytes, written to `target` at `at`. */
  shortInto(target: Uint8Array, at: number, digest: Uint8Array): void;
}

/** H(H(salt ‖ purpose ‖ type) ‖ digest), each part preceded by its length or of a fixed one: a single block. */
export function identifierHasher({ salt, purpose, type }: HashDomain): IdentifierHasher {
  const domain = framedHash(LABELS.identifierHash, fromHex(salt), purpose, type);
  const input = new Uint8Array(domain.length + DIGEST_BYTES);
  input.set(domain);
  const filled = (digest: Uint8Array): Uint8Array => {
    assert(digest.length === DIGEST_BYTES, "a digest has the wrong length");
    input.set(digest, domain.length);
    return input;
  };
  return {
    whole: (digest) => sha256(filled(digest)),
    shortInto: (target, at, digest) => shortHashInto(target, at, filled(digest)),
  };
}
