/** May this document renew a budget? Signed by enough of the ledger's governance keys, over its present head. Pure. */
import { fromHex } from "../../shared/base/bytes.ts";
import { canonicalJson } from "../../shared/base/canonical.ts";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { framed } from "../../shared/crypto/hash.ts";
import { verifySignature } from "../../shared/crypto/identity.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import type { Governance, Head, Renewal, SignedRenewal } from "./entry.ts";

/** The bytes that governance signs. */
export function renewalStatement(renewal: Renewal): Uint8Array {
  return framed(LABELS.ledgerRenewal, canonicalJson(renewal));
}

/**
 * Every signature must be good, by a key that the ledger names, and no key counts twice. The head makes
 * a document good for one ledger at one moment: applying it moves the head.
 *
 * @throws {CloisterError} `renewal.…`, with what is wrong.
 */
export function checkRenewal(
  { renewal, signatures }: SignedRenewal,
  governance: Governance | null,
  head: Head,
): void {
  if (!governance)
    throw refused("no-governance", "the ledger was made without governance keys; nobody can renew");
  if (renewal.headSequence !== head.sequence || renewal.headHash !== head.hash) {
    const remedy = 'make a new one with "cloister ledger propose" and have it signed';
    const made = `it was made for entry ${renewal.headSequence} of a ledger`;
    throw refused("stale", `${made}, and this one ends otherwise at ${head.sequence}; ${remedy}`);
  }
  const statement = renewalStatement(renewal);
  const signers = new Set<string>();
  for (const { key, signature } of signatures) {
    if (!governance.keys.includes(key))
      throw refused("unknown-key", `${key.slice(0, 16)}… is not one of the governance keys`);
    if (!verifySignature(fromHex(key), statement, fromHex(signature)))
      throw refused("bad-signature", `the signature by ${key.slice(0, 16)}… is not good`);
    signers.add(key);
  }
  if (signers.size < governance.threshold) {
    const needed = `${governance.threshold} of ${governance.keys.length}`;
    throw refused("too-few-signatures", `${signers.size} have signed it; it needs ${needed}`);
  }
}

function refused(code: string, why: string): CloisterError {
  return new CloisterError(`renewal.${code}`, `the renewal is refused: ${why}`, EXIT.refused);
}
