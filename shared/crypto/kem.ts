/** A key-encapsulation mechanism, for the post-quantum half of channels. Pure: interfaces only. */

/** Sizes of ML-KEM-768 (FIPS 203, table 3), in bytes. */
export const KEM_PUBLIC_KEY_BYTES = 1184;
export const KEM_CIPHERTEXT_BYTES = 1088;

export interface KemKeyPair {
  readonly publicKey: Uint8Array;
  /** 32 bytes; null if the ciphertext cannot be read at all. */
  decapsulate(ciphertext: Uint8Array): Uint8Array | null;
}

export interface Kem {
  keyPair(): KemKeyPair;
  /** Null if the public key is not one. */
  encapsulate(publicKey: Uint8Array): { ciphertext: Uint8Array; secret: Uint8Array } | null;
}
