/** Tests of `shared/matching/curve.ts` and `shared/crypto/xmd.ts`: RFC 9380's vectors, and two other implementations. */
import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { expand_message_xmd } from "@noble/curves/abstract/hash-to-curve.js";
import { _map_to_curve_elligator2_curve25519, x25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, fromHex, toHex, utf8 } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { expandMessage } from "../../../shared/crypto/xmd.ts";
import {
  clampScalar,
  encodeToCurve,
  findBadPoint,
  mapToCurve,
  multiplyInPlace,
  POINT_BYTES,
} from "../../../shared/matching/curve.ts";
import { CURVE_BINARY } from "../../../shared/matching/kernel/binary.ts";
import { RELAXED_CURVE_BINARY } from "../../../shared/matching/kernel/relaxed-binary.ts";

/** The little of the WebAssembly interface that is used; the types of Node.js leave it out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (pages: { initial: number }) => { readonly buffer: ArrayBuffer };
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const PRIME = 2n ** 255n - 19n;
const J = 486_662n;
const rng = reproducibleRng("curve");

/** RFC 9380, appendix J.4.2: message, Q's and P's x-coordinate; P is Q times the cofactor, 8. */
const TAG = utf8("QUUX-V01-CS02-with-curve25519_XMD:SHA-512_ELL2_NU_");
const VECTORS: readonly (readonly [message: string, q: string, p: string])[] = [
  [
    "",
    "51125222da5e763d97f3c10fcc92ea6860b9ccbbd2eb1285728f566721c1e65b",
    "1bb913f0c9daefa0b3375378ffa534bda5526c97391952a7789eb976edfe4d08",
  ],
  [
    "abc",
    "7d56d1e08cb0ccb92baf069c18c49bb5a0dcd927eff8dcf75ca921ef7f3e6eeb",
    "7c22950b7d900fa866334262fcaea47a441a578df43b894b4625c9b450f9a026",
  ],
  [
    "abcdef0123456789",
    "3fbe66b9c9883d79e8407150e7c2a1c8680bee496c62fabe4619a72b3cabe90f",
    "31ad08a8b0deeb2a4d8b0206ca25f567ab4e042746f792f4b7973f3ae2096c52",
  ],
  [
    `q128_${"q".repeat(128)}`,
    "227e0bb89de700385d19ec40e857db6e6a3e634b1c32962f370d26f84ff19683",
    "027877759d155b1997d0d84683a313eb78bdb493271d935b622900459d52ceaa",
  ],
  [
    `a512_${"a".repeat(512)}`,
    "3bcd651ee54d5f7b6013898aab251ee8ecc0688166fce6e9548d38472f6bd196",
    "5fd892c0958d1a75f54c3182a18d286efab784e774d1e017ba2fb252998b5dc1",
  ],
];

const littleEndian = (value: bigint): Uint8Array =>
  fromHex(value.toString(16).padStart(64, "0")).reverse();
const numberOf = (bytes: Uint8Array): bigint =>
  BigInt(`0x${toHex(bytes.slice().reverse()) || "0"}`);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let e = exponent, b = base % PRIME; e > 0n; e >>= 1n, b = (b * b) % PRIME)
    if (e & 1n) result = (result * b) % PRIME;
  return result;
}
const isOnCurve = (u: bigint): boolean =>
  power(u * ((u * u + J * u + 1n) % PRIME), (PRIME - 1n) / 2n) <= 1n;

test.each(VECTORS)("the RFC's point for message %#", (message, q, p) => {
  const bytes = utf8(message);
  const point =
    bytes.length > 0
      ? encodeToCurve(bytes, bytes.length, TAG)
      : mapToCurve(expandMessage(bytes, TAG, 48));
  expect(numberOf(point).toString(16).padStart(64, "0")).toBe(q);
  expect(findBadPoint(point)).toBe(-1);
  expect(multiplyInPlace(point, littleEndian(8n))).toBe(-1);
  expect(numberOf(point).toString(16).padStart(64, "0")).toBe(p);
});

test("strings are expanded as an independent implementation does it", () => {
  const message = fc.uint8Array({ maxLength: 300 });
  const tag = fc.uint8Array({ minLength: 1, maxLength: 255 });
  fc.assert(
    fc.property(message, tag, fc.integer({ min: 1, max: 64 }), (m, t, length) => {
      const expected = expand_message_xmd(m, t, length, sha512);
      expect(toHex(expandMessage(m, t, length))).toBe(toHex(expected));
    }),
  );
});

/** The edges of every limb, and of the reduction. */
const EDGES = [0n, 1n, 2n, 38n, PRIME - 1n, PRIME, PRIME + 1n, 2n ** 255n - 1n, 2n ** 255n].concat([
  2n ** 256n - 1n,
  2n ** 384n - 1n,
  2n ** 384n - 2n ** 256n,
  2n ** 26n - 1n,
  2n ** 51n,
]);

test("any number is mapped as an independent implementation does it, at the edges too", () => {
  const random = Array.from({ length: 100 }, () => numberOf(randomBytes(rng, 48)));
  const numbers = [...EDGES, ...random];
  const uniform = concatBytes(
    ...numbers.map((value) => fromHex(value.toString(16).padStart(96, "0"))),
  );
  const points = mapToCurve(uniform);
  const expected = numbers.map((value) => {
    const { xMn, xMd } = _map_to_curve_elligator2_curve25519(value % PRIME);
    return (xMn * power(xMd, PRIME - 2n)) % PRIME;
  });
  expect(numbers.map((_, i) => numberOf(rowOf(points, i)))).toEqual(expected);
  // Only 0 maps to 0, of order 2: nobody draws it.
  for (const [i, value] of numbers.entries())
    expect(findBadPoint(rowOf(points, i))).toBe(value % PRIME === 0n ? 0 : -1);
});

const rowOf = (points: Uint8Array, i: number): Uint8Array =>
  points.subarray(i * POINT_BYTES, (i + 1) * POINT_BYTES);

test("rows are multiplied as two other implementations do it, across batches", () => {
  const scalar = clampScalar(randomBytes(rng, 32));
  const before = randomBytes(rng, 520 * POINT_BYTES);
  for (const [i, edge] of EDGES.entries())
    before.set(littleEndian(edge % 2n ** 255n), i * POINT_BYTES);
  const points = before.slice();
  multiplyInPlace(points, scalar);
  const privateKey = createPrivateKey({
    key: Buffer.from(concatBytes(fromHex("302e020100300506032b656e04220420"), scalar)),
    format: "der",
    type: "pkcs8",
  });
  const zeros = "00".repeat(32);
  for (let i = 0; i < 520; i++) {
    const x = Buffer.from(rowOf(before, i)).toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
    const product = toHex(rowOf(points, i));
    if (product === zeros) expect(() => diffieHellman({ privateKey, publicKey })).toThrow();
    else expect(product).toBe(diffieHellman({ privateKey, publicKey }).toString("hex"));
    if (i % 40 === 39)
      expect(product).toBe(toHex(x25519.getSharedSecret(scalar, rowOf(before, i))));
  }
});

test("the module without fused products computes to the bit the same", () => {
  const uniform = randomBytes(rng, 48 * 41);
  const scalar = clampScalar(randomBytes(rng, 32));
  const [plain, fused] = [CURVE_BINARY, RELAXED_CURVE_BINARY].map((base64) => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const module = new WebAssembly.Module(Buffer.from(base64, "base64"));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(uniform, 8192);
    bytes.set(scalar, 4096);
    const call = exports as Record<string, (...args: number[]) => number>;
    call["mapToCurve"]?.(8192, 16_384, 41, 32_768);
    const bad = call["findBadPoint"]?.(16_384, 41);
    const zero = call["multiplyPoints"]?.(16_384, 41, 4096, 32_768);
    return [bad, zero, toHex(bytes.slice(16_384, 16_384 + 32 * 41))];
  });
  expect(plain?.slice(0, 2)).toEqual([-1, -1]);
  expect(plain).toEqual(fused);
  const points = mapToCurve(uniform);
  multiplyInPlace(points, scalar);
  expect(plain?.[2]).toBe(toHex(points));
});

test("the order in which members multiply does not matter", () => {
  const points = mapToCurve(randomBytes(rng, 48 * 3));
  const [a, b] = [clampScalar(randomBytes(rng, 32)), clampScalar(randomBytes(rng, 32))];
  const one = points.slice();
  const other = points.slice();
  multiplyInPlace(one, a);
  multiplyInPlace(one, b);
  multiplyInPlace(other, b);
  multiplyInPlace(other, a);
  expect(toHex(one)).toBe(toHex(other));
  expect(toHex(one)).not.toBe(toHex(points));
});

test("points on the twist, of other spellings, and zero are found, wherever they stand", () => {
  const good = mapToCurve(randomBytes(rng, 48 * 1030));
  let [onTwist, onCurve] = [2n, 2n];
  while (isOnCurve(onTwist)) onTwist++;
  while (!isOnCurve(onCurve)) onCurve++;
  const bad = [
    littleEndian(onTwist),
    littleEndian(0n),
    littleEndian(PRIME),
    littleEndian(PRIME + onCurve),
    littleEndian(2n ** 255n + onCurve),
  ];
  expect(onCurve).toBeLessThan(19n);
  expect(findBadPoint(littleEndian(onCurve))).toBe(-1);
  for (const [i, row] of bad.entries()) {
    const points = good.slice();
    const at = [0, 511, 512, 777, 1029][i] ?? 0;
    points.set(row, at * POINT_BYTES);
    expect(findBadPoint(points)).toBe(at);
  }
  for (let i = 0; i < 200; i++) {
    const u = numberOf(randomBytes(rng, 32)) % PRIME;
    expect(findBadPoint(littleEndian(u)) === -1).toBe(isOnCurve(u));
  }
});

/** u-coordinates of order 2 and 4 on the curve, and of order 8; RFC 7748, §6.1, and Bernstein's list. */
const LOW_ORDER = [
  0n,
  1n,
  PRIME - 1n,
  numberOf(fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
  numberOf(fromHex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")),
];

test("points of low order become zero and are told, the first of them by its row", () => {
  const scalar = clampScalar(randomBytes(rng, 32));
  for (const [i, u] of LOW_ORDER.entries()) {
    const points = mapToCurve(randomBytes(rng, 48 * 600));
    const at = 100 * i + 99;
    points.set(littleEndian(u), at * POINT_BYTES);
    points.set(littleEndian(u), 599 * POINT_BYTES);
    const others = multiplyInPlace(points.slice(0, at * POINT_BYTES), scalar);
    expect(others).toBe(-1);
    expect(multiplyInPlace(points, scalar)).toBe(at);
    expect(toHex(rowOf(points, at))).toBe("00".repeat(32));
    expect(toHex(rowOf(points, at + 1))).not.toBe("00".repeat(32));
  }
});
