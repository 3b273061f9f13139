/**
 * The second implementation: AES-256 as FIPS 197 describes it, step by step, with an S-box that is computed and
 * not copied; counter mode; GCM with its GHASH over big integers. Slow, and shares no code with OpenSSL. Pure.
 *
 * @see FIPS 197; NIST SP 800-38A, §6.5; NIST SP 800-38D, §6 and §7.
 */
import { inverse, multiply } from "./field.ts";
import { at, byteAt, join, littleEndian } from "./primitives.ts";

const ROUNDS = 14;
const SBOX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const b = inverse(byte);
  const rotated = (by: number): number => ((b << by) | (b >> (8 - by))) & 255;
  return b ^ rotated(1) ^ rotated(2) ^ rotated(3) ^ rotated(4) ^ 0x63;
});
const substitute = (byte: number): number => byteAt(SBOX, byte);

/** §5.2: sixty words of four bytes for a key of eight. */
function expandKey(key: Uint8Array): Uint8Array[] {
  if (key.length !== 32) throw new Error("an AES-256 key has 32 bytes");
  const words: Uint8Array[] = Array.from({ length: 8 }, (_, i) => key.slice(4 * i, 4 * i + 4));
  let constant = 1;
  for (let i = 8; i < 4 * (ROUNDS + 1); i++) {
    let word = at(words, i - 1);
    if (i % 8 === 0) {
      word = Uint8Array.of(byteAt(word, 1), byteAt(word, 2), byteAt(word, 3), byteAt(word, 0));
      word = word.map(substitute);
      word[0] = byteAt(word, 0) ^ constant;
      constant = multiply(constant, 2);
    } else if (i % 8 === 4) word = word.map(substitute);
    words.push(xor(word, at(words, i - 8)));
  }
  return words;
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ byteAt(b, i));
}

/** Row r of the state moves r places to the left; the state is kept column by column. */
function shiftRows(state: Uint8Array): Uint8Array {
  return state.map((_, i) => byteAt(state, (i + 4 * (i % 4)) % 16));
}

function mixColumns(state: Uint8Array): Uint8Array {
  return state.map((_, i) => {
    const column = i - (i % 4);
    const cell = (row: number): number => byteAt(state, column + ((i + row) % 4));
    return multiply(2, cell(0)) ^ multiply(3, cell(1)) ^ cell(2) ^ cell(3);
  });
}

/** One key, many blocks: the returned function enciphers 16 bytes. */
export function aes256(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  const words = expandKey(key);
  const roundKey = (round: number): Uint8Array => join(...words.slice(4 * round, 4 * round + 4));
  const keys = Array.from({ length: ROUNDS + 1 }, (_, round) => roundKey(round));
  return (block) => {
    let state = xor(block, at(keys, 0));
    for (let round = 1; round <= ROUNDS; round++) {
      state = shiftRows(state.map(substitute));
      if (round < ROUNDS) state = mixColumns(state);
      state = xor(state, at(keys, round));
    }
    return state;
  };
}

/** Bytes `from` … `from + length − 1` of the keystream whose counters are 0, 1, 2, …: 128 bits, big-endian. */
export function keystream(key: Uint8Array, length: number, from = 0): Uint8Array {
  const encipher = aes256(key);
  const first = Math.floor(from / 16);
  const blocks: Uint8Array[] = [];
  for (let counter = first; 16 * counter < from + length; counter++)
    blocks.push(encipher(littleEndian(counter, 16).toReversed()));
  return join(...blocks).slice(from - 16 * first, from - 16 * first + length);
}

const bigEndian = (bytes: Uint8Array): bigint =>
  bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Product in GF(2^128) with GCM's order of bits (SP 800-38D, §6.3, algorithm 1). */
function multiplyBlocks(x: bigint, y: bigint): bigint {
  let product = 0n;
  let v = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= v;
    v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
  }
  return product;
}

function padded(bytes: Uint8Array): Uint8Array {
  return join(bytes, new Uint8Array((16 - (bytes.length % 16)) % 16));
}

function ghash(hashKey: bigint, bytes: Uint8Array): Uint8Array {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 16)
    sum = multiplyBlocks(sum ^ bigEndian(bytes.slice(i, i + 16)), hashKey);
  return littleEndian(sum, 16).toReversed();
}

/** AES-256-GCM with a nonce of 12 bytes: ciphertext, then the tag of 16 (SP 800-38D, §7.1). */
export function gcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const encipher = aes256(key);
  const counter = (value: number): Uint8Array => join(nonce, littleEndian(value, 4).toReversed());
  const cipher = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i += 16)
    cipher.set(xor(plain.slice(i, i + 16), encipher(counter(2 + i / 16))), i);
  const bits = (bytes: Uint8Array): Uint8Array => littleEndian(8 * bytes.length, 8).toReversed();
  const hashed = join(padded(aad), padded(cipher), bits(aad), bits(cipher));
  const hashKey = bigEndian(encipher(new Uint8Array(16)));
  return join(cipher, xor(ghash(hashKey, hashed), encipher(counter(1))));
}
