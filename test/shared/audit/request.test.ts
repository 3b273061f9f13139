/** A member's request is believed for what it signed, for a minute, and for nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AuditRequest, signRequest, verifyRequest } from "../../../shared/audit/request.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";

const identityOf = (seed: string) => identityFromSecret(randomBytes(reproducibleRng(seed), 32));
const member = identityOf("member");
const asker = { room: "room", memberId: "bank-1" };
const request: AuditRequest = {
  method: "GET",
  path: "/v1/runs/ab/rounds/3/audit",
  coordinatorKey: identityOf("coordinator").publicKey,
};
const AT_MS = 1_760_000_000_000;
const header = signRequest(member, request, asker, AT_MS);

const keyOf = ({ room, memberId }: typeof asker): Uint8Array | null =>
  room === "room" && memberId === "bank-1" ? member.publicKey : null;
const verify = (text = header, changes: Partial<AuditRequest> = {}, nowMs = AT_MS) =>
  verifyRequest(text, { ...request, ...changes }, keyOf, nowMs);

test("the member that signed is believed, a minute to either side", () => {
  for (const offMs of [-60_000, 0, 60_000])
    expect(verify(header, {}, AT_MS + offMs)).toEqual({ type: "member", asker });
  for (const offMs of [-60_001, 60_001])
    expect(verify(header, {}, AT_MS + offMs)).toEqual({ type: "refused", code: "clock" });
});

test("the signature is good for one method, path and coordinator", () => {
  const refused = { type: "refused", code: "notEnrolled" };
  expect(verify(header, { method: "POST" })).toEqual(refused);
  expect(verify(header, { path: `${request.path}/bank-2` })).toEqual(refused);
  expect(verify(header, { path: `${request.path}?x=1` })).toEqual(refused);
  expect(verify(header, { coordinatorKey: identityOf("other").publicKey })).toEqual(refused);
});

test("neither another's signature nor another's name is believed", () => {
  const refused = { type: "refused", code: "notEnrolled" };
  expect(verify(signRequest(identityOf("thief"), request, asker, AT_MS))).toEqual(refused);
  const elsewhere = signRequest(member, request, { ...asker, room: "other" }, AT_MS);
  expect(verify(elsewhere)).toEqual(refused);
  expect(verify(header.replace("bank-1", "bank-2"))).toEqual(refused);
  expect(verify(header.replace(String(AT_MS), String(AT_MS + 1)))).toEqual(refused);
});

test("another scheme is left to others, and any damage to this one is refused", () => {
  expect(verify("Bearer 00")).toEqual({ type: "other" });
  expect(verify("")).toEqual({ type: "other" });
  const damaged = fc.property(
    fc.nat(header.length - 1),
    fc.constantFrom(" ", "0", "g", "\u00e9", ""),
    (at, put) => {
      const text = header.slice(0, at) + put + header.slice(at + 1);
      if (text !== header) expect(verify(text).type).not.toBe("member");
    },
  );
  fc.assert(damaged, { seed: 7, numRuns: 300 });
});
