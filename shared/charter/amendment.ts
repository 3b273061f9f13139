/**
 * An amendment: a whole new charter in place of the one in force, which is named by its hash. It is in force once every
 * member that it binds has signed it; a signature is also its member's place under the new charter. Pure.
 */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import { canonicalJson } from "../base/canonical.ts";
import { framed, hashJson } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import { enrolmentStatement } from "../protocol/handshake.ts";
import { LIMITS } from "../protocol/limits.ts";
import { MemberId } from "../protocol/messages.ts";
import { charterOf, type SignedCharter } from "./charter-text.ts";
import { isCharterSigned } from "./key-change.ts";
import { HexKey, HexSignature } from "./manifest.ts";
import { TextLine } from "./member-statement.ts";
import type { Reason } from "./policy/facts.ts";

export const Amendment = z.strictObject({
  room: MemberId,
  /** Which edition of the charter this makes: the room's first charter is edition 1. */
  edition: z.int().min(2).max(1_000_000),
  /** Hash of the charter in force, whose place it takes. */
  previous: HexKey,
  /** The whole new charter, in its canonical text. */
  charter: z.string().max(1_000_000),
  reason: TextLine,
  /** Not in force later than this. */
  validUntilMs: z.int().min(0).max(LIMITS.dateMsMax),
});
export type Amendment = z.infer<typeof Amendment>;

const common = {
  amendmentHash: HexKey,
  memberId: MemberId,
  /** The member's, with which it signs. */
  identityKey: HexKey,
  /** By the member's clock. */
  atMs: z.int().min(0).max(LIMITS.dateMsMax),
  signature: HexSignature,
};
const Signed = z.strictObject({
  decision: z.literal("signed"),
  /** Under the new charter, as on enrolment: by it rosters list the member once the amendment is in force. */
  enrolmentSignature: HexSignature,
  ...common,
});
const Refused = z.strictObject({ decision: z.literal("refused"), reason: TextLine, ...common });
/** A member's word on an amendment. It stands: others rely on a signature, and a refusal has ended the proposal. */
export const AmendmentWord = z.discriminatedUnion("decision", [Signed, Refused]);
export type AmendmentWord = z.infer<typeof AmendmentWord>;
export type SignedWord = Extract<AmendmentWord, { decision: "signed" }>;

/** An amendment that this member signed, with its signature: what a ledger goes by. */
export const OwnAmendment = z.strictObject({ amendment: Amendment, word: Signed });
export type OwnAmendment = z.infer<typeof OwnAmendment>;

export const amendmentHashOf = (amendment: Amendment): string => hashJson(amendment);

function signedBytes({ signature: _, ...said }: AmendmentWord): Uint8Array {
  return framed(LABELS.amendment, canonicalJson(said));
}

/** Is it signed with the key that it names? Whose key that is, is another question. */
export function isSignedWord(word: AmendmentWord): boolean {
  const { identityKey, signature } = word;
  return verifySignature(fromHex(identityKey), signedBytes(word), fromHex(signature));
}

export function signAmendment(
  { amendmentHash, charterHash }: Pick<ProposedAmendment, "amendmentHash" | "charterHash">,
  memberId: string,
  atMs: number,
  identity: Identity,
): SignedWord {
  const seat = enrolmentStatement(charterHash, memberId, identity.publicKey);
  const enrolmentSignature = toHex(identity.sign(seat));
  const identityKey = toHex(identity.publicKey);
  const about = { amendmentHash, memberId, identityKey, atMs, signature: "" };
  const word: SignedWord = { decision: "signed", enrolmentSignature, ...about };
  return { ...word, signature: toHex(identity.sign(signedBytes(word))) };
}

export function refuseAmendment(
  { amendmentHash }: Pick<ProposedAmendment, "amendmentHash">,
  said: { readonly memberId: string; readonly reason: string; readonly atMs: number },
  identity: Identity,
): AmendmentWord {
  const identityKey = toHex(identity.publicKey);
  const word: AmendmentWord = {
    decision: "refused",
    ...{ amendmentHash, ...said, identityKey, signature: "" },
  };
  return { ...word, signature: toHex(identity.sign(signedBytes(word))) };
}

/** The charter in force, and those before it. */
export interface CharterPlace {
  readonly room: string;
  readonly edition: number;
  readonly charterHash: string;
  /** Of every charter that was ever in force here: none comes back, or what was signed under it would count again. */
  readonly usedHashes: ReadonlySet<string>;
  /** Of every amendment that was ever proposed here: one that was refused or withdrawn stays so. */
  readonly proposedHashes: ReadonlySet<string>;
}

/** One that is proposed, and what members said of it. */
export interface ProposedAmendment extends SignedCharter {
  readonly amendment: Amendment;
  readonly amendmentHash: string;
  /** By member id, the last of each. A signature counts while the key that gave it is its member's. */
  readonly words: ReadonlyMap<string, AmendmentWord>;
}

/** @returns Why it cannot follow the charter in force, or the amendment as nobody has said anything of it. */
export function proposedIn(
  place: CharterPlace,
  amendment: Amendment,
  atMs: number,
): ProposedAmendment | Reason {
  const { room, edition, previous, validUntilMs } = amendment;
  if (room !== place.room)
    return { code: "amendmentOtherRoom", message: "the amendment is another room's" };
  if (edition !== place.edition + 1)
    return {
      code: "amendmentOtherEdition",
      message: `edition ${place.edition + 1} comes next, and this is ${edition}`,
    };
  if (previous !== place.charterHash)
    return {
      code: "amendmentOtherPrevious",
      message: "it takes the place of another charter than the one in force",
    };
  const signed = charterOf(amendment.charter, place.room);
  if (typeof signed === "string") return { code: "amendmentBadCharter", message: signed };
  if (place.usedHashes.has(signed.charterHash))
    return {
      code: "amendmentUsedCharter",
      message: "this very charter was in force here before, and none comes back",
    };
  if (atMs > validUntilMs) return expired();
  const amendmentHash = amendmentHashOf(amendment);
  if (place.proposedHashes.has(amendmentHash))
    return {
      code: "amendmentProposedBefore",
      message: "this very amendment was proposed before, and signatures of then would count again",
    };
  return { ...signed, amendment, amendmentHash, words: new Map() };
}

const expired = (): Reason => ({
  code: "amendmentExpired",
  message: "the amendment's time has passed; propose it anew",
});

/**
 * @param keys Of all who enrolled and have not left, hexadecimal, by member id.
 * @returns Why the word does not count; null: it does.
 */
export function wordFault(
  { amendment, amendmentHash, charter, charterHash, words }: ProposedAmendment,
  word: AmendmentWord,
  keys: ReadonlyMap<string, string>,
  atMs: number,
): Reason | null {
  const { memberId, identityKey } = word;
  if (word.amendmentHash !== amendmentHash)
    return { code: "amendmentOther", message: "the word is on another amendment" };
  if (atMs > amendment.validUntilMs) return expired();
  if (keys.get(memberId) !== identityKey || !isSignedWord(word))
    return {
      code: "amendmentNotSigned",
      message: `${memberId} did not sign this word on the amendment`,
    };
  const known = words.get(memberId);
  if (known?.identityKey === identityKey)
    return {
      code: "amendmentSaid",
      message: `${memberId} has said so before, and its word stands`,
    };
  if (word.decision === "refused") return null;
  if (!charter.members.includes(memberId))
    return {
      code: "amendmentDropsMember",
      message: `the new charter leaves ${memberId} out: it leaves the room, or refuses`,
    };
  const { enrolmentSignature } = word;
  return isCharterSigned(charterHash, memberId, identityKey, enrolmentSignature)
    ? null
    : { code: "amendmentNotSigned", message: `${memberId} did not sign the new charter` };
}

export const withWord = (
  proposed: ProposedAmendment,
  word: AmendmentWord,
): ReadonlyMap<string, AmendmentWord> => new Map(proposed.words).set(word.memberId, word);

/**
 * The signatures by which the amendment may come into force: of all who are enrolled and have not left, with the keys
 * that they have now. Nobody is bound by terms that it did not sign.
 *
 * @param keys As for `wordFault`.
 * @returns Why it may not yet, or the signatures.
 */
export function signaturesOf(
  { amendment, charter, words }: ProposedAmendment,
  keys: ReadonlyMap<string, string>,
  atMs: number,
): readonly SignedWord[] | Reason {
  if (atMs > amendment.validUntilMs) return expired();
  const dropped = [...keys.keys()].filter((memberId) => !charter.members.includes(memberId));
  if (dropped.length > 0)
    return {
      code: "amendmentDropsMember",
      message: `the new charter leaves out ${dropped.join(", ")}, who must have left the room first`,
    };
  const signed = [...keys].flatMap(([memberId, key]): SignedWord[] => {
    const word = words.get(memberId);
    return word?.decision === "signed" && word.identityKey === key ? [word] : [];
  });
  if (signed.length > 0 && signed.length === keys.size) return signed;
  const names = [...keys.keys()].filter((id) => !signed.some(({ memberId }) => memberId === id));
  return {
    code: "amendmentUnsigned",
    message: `not signed by ${names.join(", ") || "any member"}`,
  };
}
