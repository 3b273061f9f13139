/** Tests of `shared/secagg/nonces.ts`: nonces that nobody can choose late. */
import { expect, test } from "vitest";
import { framedHash } from "../../../shared/crypto/hash.ts";
import { LABELS } from "../../../shared/crypto/labels.ts";
import { isEarlierLink, NONCES_MAX, nonceChain } from "../../../shared/secagg/nonces.ts";
import { pick, unsafeSecret } from "../../support/group.ts";

const secret = unsafeSecret("chain");
const chain = nonceChain(secret);
const link = (index: number): Uint8Array => pick(chain, index);

test("a chain holds its root and a nonce for each batch of a session; the secret comes last", () => {
  expect(chain.length).toBe(NONCES_MAX + 1);
  expect(link(NONCES_MAX)).toEqual(secret);
  expect(new Set(chain.map((one) => one.join())).size).toBe(chain.length);
});

test("each nonce is hashed into the one before it", () => {
  for (let i = 1; i < chain.length; i++)
    expect(framedHash(LABELS.nonceChain, link(i)).join()).toBe(link(i - 1).join());
});

test("the next nonce is accepted, and one after batches that were missed", () => {
  expect(isEarlierLink(link(1), link(0), 1)).toBe(true);
  expect(isEarlierLink(link(2), link(1), NONCES_MAX)).toBe(true);
  expect(isEarlierLink(link(40), link(3), 37)).toBe(true);
  expect(isEarlierLink(link(NONCES_MAX), link(0), NONCES_MAX)).toBe(true);
});

test("too many steps, the same nonce again, an old one, and any other are refused", () => {
  expect(isEarlierLink(link(40), link(3), 36)).toBe(false);
  expect(isEarlierLink(link(1), link(1), NONCES_MAX)).toBe(false);
  expect(isEarlierLink(link(2), link(5), NONCES_MAX)).toBe(false);
  expect(isEarlierLink(unsafeSecret("another"), link(0), NONCES_MAX)).toBe(false);
  expect(isEarlierLink(pick(nonceChain(unsafeSecret("other")), 1), link(0), 10)).toBe(false);
  expect(isEarlierLink(link(1), link(0), 0)).toBe(false);
  expect(isEarlierLink(link(1).subarray(0, 31), link(0), 10)).toBe(false);
});

test("a member that signed no root has no nonce", () => {
  expect(isEarlierLink(new Uint8Array(), new Uint8Array(), NONCES_MAX)).toBe(false);
  expect(isEarlierLink(link(1), new Uint8Array(), NONCES_MAX)).toBe(false);
});
