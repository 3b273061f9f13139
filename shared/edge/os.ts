/** EDGE: the operating system's clock, random generator and key encapsulation. What protects anyone is drawn here. */
import crypto, { type KeyObject, randomFillSync } from "node:crypto";
import type { Clock, Rng } from "../base/env.ts";
import { KEM_PUBLIC_KEY_BYTES, type Kem } from "../crypto/kem.ts";

export const osRng: Rng = {
  fill(target) {
    randomFillSync(target);
  },
};

export const osClock: Clock = { nowMs: () => Date.now() };

/** From Node 24 with OpenSSL 3.5; the type declarations lag behind. */
interface EncapsulatingCrypto {
  encapsulate(key: KeyObject): { sharedKey: Buffer; ciphertext: Buffer };
  decapsulate(key: KeyObject, ciphertext: Uint8Array): Buffer;
}

const SPKI_ML_KEM_768 = Buffer.from("308204b2300b0609608648016503040402038204a100", "hex");

/** ML-KEM-768 (FIPS 203), or null where this runtime has none. */
export const osKem: Kem | null = "encapsulate" in crypto ? mlKem768(crypto as never) : null;

function mlKem768(kem: EncapsulatingCrypto): Kem {
  return {
    keyPair() {
      const { publicKey, privateKey } = crypto.generateKeyPairSync("ml-kem-768");
      const spki = publicKey.export({ format: "der", type: "spki" });
      return {
        publicKey: new Uint8Array(spki.subarray(SPKI_ML_KEM_768.length)),
        decapsulate: (ciphertext) =>
          orNull(() => new Uint8Array(kem.decapsulate(privateKey, ciphertext))),
      };
    },
    encapsulate: (publicKey) =>
      orNull(() => {
        if (publicKey.length !== KEM_PUBLIC_KEY_BYTES) return null;
        const key = Buffer.concat([SPKI_ML_KEM_768, publicKey]);
        const handle = crypto.createPublicKey({ key, format: "der", type: "spki" });
        const { sharedKey, ciphertext } = kem.encapsulate(handle);
        return { ciphertext: new Uint8Array(ciphertext), secret: new Uint8Array(sharedKey) };
      }),
  };
}

function orNull<T>(body: () => T): T | null {
  try {
    return body();
  } catch {
    return null;
  }
}
