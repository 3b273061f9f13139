/**
 * What a member signs about the room, outside of any run: that it confirmed the roster, that it leaves, that another
 * member's key is worth nothing any more. Pure.
 */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import { canonicalJson } from "../base/canonical.ts";
import { framed } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import { MemberId } from "../protocol/messages.ts";
import { HexKey, HexSignature } from "./manifest.ts";

/** Printed on other members' terminals. */
export const TextLine = z
  .string()
  .max(500)
  .regex(/^\P{Cc}+$/u, "must be a line of text");

const common = {
  charterHash: HexKey,
  memberId: MemberId,
  /** By the member's clock. As late as a date can be. */
  atMs: z.int().min(0).max(8_640_000_000_000_000),
  signature: HexSignature,
};
const RosterConfirmed = z.strictObject({
  kind: z.literal("rosterConfirmed"),
  rosterHash: HexKey,
  ...common,
});
/** From its time on the member's data has no part in any run. */
const Left = z.strictObject({
  kind: z.literal("left"),
  reason: TextLine,
  ...common,
});
/** Another member's key is lost or stolen: once enough members say so, nothing that it signs counts. */
const KeyRevoked = z.strictObject({
  kind: z.literal("keyRevoked"),
  /** Whose key. */
  about: MemberId,
  identityKey: HexKey,
  reason: TextLine,
  ...common,
});
export const MemberStatement = z.discriminatedUnion("kind", [RosterConfirmed, Left, KeyRevoked]);
export type MemberStatement = z.infer<typeof MemberStatement>;

type Unsigned<T> = T extends MemberStatement ? Omit<T, "signature"> : never;

function signedBytes({ signature: _, ...said }: MemberStatement): Uint8Array {
  return framed(LABELS.memberStatement, canonicalJson(said));
}

export function signStatement(
  unsigned: Unsigned<MemberStatement>,
  identity: Identity,
): MemberStatement {
  const statement: MemberStatement = { ...unsigned, signature: "" };
  return { ...statement, signature: toHex(identity.sign(signedBytes(statement))) };
}

/** @param identityKey The member's, hexadecimal; undefined: it has none. */
export function isSignedStatement(
  statement: MemberStatement,
  charterHash: string,
  identityKey: string | undefined,
): boolean {
  if (identityKey === undefined || statement.charterHash !== charterHash) return false;
  const signature = fromHex(statement.signature);
  return verifySignature(fromHex(identityKey), signedBytes(statement), signature);
}
