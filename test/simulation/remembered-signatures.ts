/**
 * Checks each signature once per process: in a simulation all members live in one, and check the same
 * signatures of one another over and over. The first check is the real one.
 */
import { concatBytes, toHex, u32le } from "../../shared/base/bytes.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import type * as identity from "../../shared/crypto/identity.ts";

const CHECKED_MAX = 100_000;

/** For `vi.mock`. */
export function remembering(original: typeof identity): typeof identity {
  const checked = new Map<string, boolean>();
  return {
    ...original,
    verifySignature(publicKey, message, signature) {
      const lengths = concatBytes(u32le(publicKey.length), u32le(signature.length));
      const name = toHex(sha256(concatBytes(lengths, publicKey, signature, message)));
      const known = checked.get(name);
      if (known !== undefined) return known;
      const holds = original.verifySignature(publicKey, message, signature);
      if (checked.size >= CHECKED_MAX) checked.clear();
      checked.set(name, holds);
      return holds;
    },
  };
}
