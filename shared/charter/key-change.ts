/**
 * How a member's key ends: it signs for the one that takes its place, or, if it is lost or stolen, enough other members
 * sign that it is worth nothing any more. Nobody's word is needed for either but theirs. Pure.
 */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import { framed } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import { enrolmentStatement } from "../protocol/handshake.ts";
import { MemberId } from "../protocol/messages.ts";
import type { Charter } from "./charter.ts";
import { approvalsRequired } from "./governance.ts";
import { HexKey, HexSignature } from "./manifest.ts";
import type { MemberStatement } from "./member-statement.ts";

export const KeyRotation = z.strictObject({
  memberId: MemberId,
  /** The new one. */
  identityKey: HexKey,
  /** Under the charter, by the new key: its owner has it. */
  enrolmentSignature: HexSignature,
  /** By the key that gives way. */
  rotationSignature: HexSignature,
});
export type KeyRotation = z.infer<typeof KeyRotation>;

/** A key is never a member's twice, so the statement is good once. @param oldKey and newKey: hexadecimal. */
function rotationStatement(
  charterHash: string,
  memberId: string,
  oldKey: string,
  newKey: string,
): Uint8Array {
  return framed(LABELS.keyRotated, charterHash, memberId, fromHex(oldKey), fromHex(newKey));
}

export function signRotation(
  charterHash: string,
  memberId: string,
  old: Identity,
  next: Identity,
): KeyRotation {
  const [oldKey, identityKey] = [toHex(old.publicKey), toHex(next.publicKey)];
  const enrolment = enrolmentStatement(charterHash, memberId, next.publicKey);
  const consent = rotationStatement(charterHash, memberId, oldKey, identityKey);
  const rotationSignature = toHex(old.sign(consent));
  return {
    memberId,
    identityKey,
    enrolmentSignature: toHex(next.sign(enrolment)),
    rotationSignature,
  };
}

/** Did the old key sign for the new one? @param oldKey Hexadecimal. */
export function isConsent(
  charterHash: string,
  oldKey: string,
  { memberId, identityKey, rotationSignature }: Omit<KeyRotation, "enrolmentSignature">,
): boolean {
  const statement = rotationStatement(charterHash, memberId, oldKey, identityKey);
  return verifySignature(fromHex(oldKey), statement, fromHex(rotationSignature));
}

/** Did the key's owner sign the charter with it? @param key Hexadecimal, as the signature. */
export function isCharterSigned(
  charterHash: string,
  memberId: string,
  key: string,
  signature: string,
): boolean {
  const statement = enrolmentStatement(charterHash, memberId, fromHex(key));
  return verifySignature(fromHex(key), statement, fromHex(signature));
}

/** Of the other members: as many as must approve a run, and never more than there are. */
export function revocationsRequired(charter: Pick<Charter, "governance" | "members">): number {
  return Math.min(approvalsRequired(charter), charter.members.length - 1);
}

export type Revocation = Extract<MemberStatement, { kind: "keyRevoked" }>;

/** Who revoked this key of the member. @param statements Verified. */
export function revokersOf(
  statements: readonly MemberStatement[],
  { about, identityKey }: Pick<Revocation, "about" | "identityKey">,
): ReadonlySet<string> {
  const revocations = statements.filter(
    (said) =>
      said.kind === "keyRevoked" && said.about === about && said.identityKey === identityKey,
  );
  return new Set(revocations.map(({ memberId }) => memberId));
}
