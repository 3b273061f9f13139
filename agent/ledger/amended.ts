/** What an amendment that this member signed means for its ledger: which charter takes which one's place. Pure. */
import { assert } from "../../shared/base/assert.ts";
import {
  amendmentHashOf,
  isSignedWord,
  type OwnAmendment,
} from "../../shared/charter/amendment.ts";
import { charterOf } from "../../shared/charter/charter-text.ts";
import type { Budget } from "./entry.ts";

/** @throws {InvariantError} If the amendment is not one that its word signs: the vault keeps no other. */
export function checkedAmendment({ amendment, word }: OwnAmendment): {
  readonly previous: string;
  readonly charterHash: string;
  readonly budget: Budget | null;
} {
  const signed = charterOf(amendment.charter, amendment.room);
  assert(typeof signed !== "string", "an amendment has a charter");
  const isOfIt = word.amendmentHash === amendmentHashOf(amendment);
  assert(isOfIt && isSignedWord(word), "a ledger's amendment is signed by its member");
  const { charter, charterHash } = signed;
  return { previous: amendment.previous, charterHash, budget: charter.privacy.budget };
}
