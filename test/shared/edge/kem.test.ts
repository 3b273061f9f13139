/** The operating system's ML-KEM-768 against a frozen vector of an independent implementation. */
import crypto, { type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { fromHex, toHex } from "../../../shared/base/bytes.ts";
import { KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_KEY_BYTES } from "../../../shared/crypto/kem.ts";
import { osKem } from "../../../shared/edge/os.ts";

const Hex = z.string().transform((text) => fromHex(text));
const Fields = z.strictObject({
  id: z.string(),
  source: z.string(),
  generator: z.string(),
  inputs: z.strictObject({ seed: Hex, message: Hex, changedByte: z.int(), changedBy: z.int() }),
  outputs: z.strictObject({
    publicKey: Hex,
    ciphertext: Hex,
    sharedSecret: z.string(),
    sharedSecretOfChanged: z.string(),
  }),
});
const [vector] = z
  .strictObject({ vectors: z.tuple([Fields]) })
  .parse(
    JSON.parse(readFileSync(new URL("../../vectors/ml-kem.json", import.meta.url), "utf8")),
  ).vectors;

/** From Node 24; the type declarations lag behind. */
const { decapsulate } = crypto as unknown as {
  decapsulate(key: KeyObject, ciphertext: Uint8Array): Buffer;
};
/** PKCS #8 around a seed of 64 bytes (RFC 9935, §6). */
const PKCS8_SEED = fromHex("3054020100300b060960864801650304040204428040");

function privateKey(): KeyObject {
  const key = Buffer.concat([PKCS8_SEED, vector.inputs.seed]);
  return crypto.createPrivateKey({ key, format: "der", type: "pkcs8" });
}

test.skipIf(!osKem)("a frozen ciphertext opens to the frozen secret", () => {
  const { publicKey, ciphertext, sharedSecret } = vector.outputs;
  expect(publicKey.length).toBe(KEM_PUBLIC_KEY_BYTES);
  expect(ciphertext.length).toBe(KEM_CIPHERTEXT_BYTES);
  expect(decapsulate(privateKey(), ciphertext).toString("hex")).toBe(sharedSecret);
});

test.skipIf(!osKem)("a changed ciphertext opens to another secret, the same everywhere", () => {
  const { changedByte, changedBy } = vector.inputs;
  const changed = Uint8Array.from(vector.outputs.ciphertext);
  changed[changedByte] = (changed[changedByte] ?? 0) ^ changedBy;
  const { sharedSecret, sharedSecretOfChanged } = vector.outputs;
  expect(decapsulate(privateKey(), changed).toString("hex")).toBe(sharedSecretOfChanged);
  expect(sharedSecretOfChanged).not.toBe(sharedSecret);
});

test.skipIf(!osKem)("what we encapsulate for a raw public key, its owner opens", () => {
  const made = osKem?.encapsulate(vector.outputs.publicKey);
  if (!made) throw new Error("nothing encapsulated");
  expect(made.ciphertext.length).toBe(KEM_CIPHERTEXT_BYTES);
  expect(decapsulate(privateKey(), made.ciphertext).toString("hex")).toBe(toHex(made.secret));
});

test.skipIf(!osKem)(
  "a key pair opens what was made for it; another opens to another secret",
  () => {
    const [own, other] = [osKem?.keyPair(), osKem?.keyPair()];
    const made = own && osKem?.encapsulate(own.publicKey);
    if (!made || !other) throw new Error("no keys");
    expect(own.publicKey.length).toBe(KEM_PUBLIC_KEY_BYTES);
    expect(own.decapsulate(made.ciphertext)).toEqual(made.secret);
    const wrong = other.decapsulate(made.ciphertext);
    expect(wrong?.length).toBe(32);
    expect(wrong).not.toEqual(made.secret);
  },
);

test.skipIf(!osKem)("keys and ciphertexts of the wrong form give null and throw nothing", () => {
  const own = osKem?.keyPair();
  if (!own) throw new Error("no keys");
  expect(osKem?.encapsulate(new Uint8Array())).toBeNull();
  expect(osKem?.encapsulate(own.publicKey.subarray(1))).toBeNull();
  // Coefficients of 4095 are not below q = 3329 (FIPS 203, §7.2, modulus check).
  expect(osKem?.encapsulate(new Uint8Array(KEM_PUBLIC_KEY_BYTES).fill(255))).toBeNull();
  expect(own.decapsulate(new Uint8Array(KEM_CIPHERTEXT_BYTES - 1))).toBeNull();
});
