/** A charter as members sign it: its canonical text, of which there is one. Pure. */
import { toHex, utf8 } from "../base/bytes.ts";
import { canonicalJson, parseCanonical } from "../base/canonical.ts";
import { sha256 } from "../crypto/hash.ts";
import { Charter } from "./charter.ts";

export interface SignedCharter {
  readonly charter: Charter;
  readonly charterHash: string;
}

export const charterText = (charter: Charter): string => canonicalJson(charter);

/** @returns What is wrong with the text as this room's charter, in words; or the charter. */
export function charterOf(text: string, room: string): SignedCharter | string {
  const charter = Charter.safeParse(parseCanonical(text)).data;
  if (!charter) return "the charter is not a charter in its canonical text";
  if (charter.room !== room) return "the charter is another room's";
  // Of the text, which members have signed: a later version may read more into it.
  return { charter, charterHash: toHex(sha256(utf8(text))) };
}
