/**
 * A double of ML-KEM-768: its sizes and manners, none of its security. Like the original it refuses what is
 * not a public key, and turns every ciphertext into some secret, the wrong one if it was not made for it.
 */
import { concatBytes, equalBytes } from "../../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_KEY_BYTES, type Kem } from "../../shared/crypto/kem.ts";

const SEED = 32;

/** Anyone who sees key and ciphertext knows the secret. */
export function unsafeKem(rng: Rng): Kem {
  return {
    keyPair() {
      const publicKey = publicKeyOf(randomBytes(rng, SEED));
      return { publicKey, decapsulate: (ciphertext) => secretOf(publicKey, ciphertext) };
    },
    encapsulate(publicKey) {
      if (!equalBytes(publicKey, publicKeyOf(publicKey.subarray(0, SEED)))) return null;
      const ciphertext = new Uint8Array(KEM_CIPHERTEXT_BYTES);
      ciphertext.set(randomBytes(rng, SEED));
      return { ciphertext, secret: secretOf(publicKey, ciphertext) };
    },
  };
}

/** A seed and its hash, so that there are byte strings that are no keys. */
function publicKeyOf(seed: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(KEM_PUBLIC_KEY_BYTES);
  publicKey.set(seed);
  publicKey.set(sha256(seed), SEED);
  return publicKey;
}

function secretOf(publicKey: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return sha256(concatBytes(publicKey, ciphertext));
}
