/** EDGE: what a member's ledger amounts to, signed with the member's identity, for those to whom it chooses to give it. */
import { toHex } from "../../shared/base/bytes.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { extractStatement, type LedgerExtract } from "../../shared/transcript/room/document.ts";
import { ledgerPlaceOf } from "../places.ts";
import { Vault } from "../vault.ts";
import { openKnownLedger } from "./open.ts";
import { summaryOf } from "./summary.ts";

/** @throws {CloisterError} If no agent was set up in the folder, or the ledger is not as it was written. */
export function ledgerExtract(folder: string): LedgerExtract {
  const vault = Vault.openExisting(folder);
  try {
    const enrolment = vault.enrolment();
    const { memberId, room } = enrolment;
    const identity = identityFromSecret(vault.identitySecret(osRng));
    const { path, id } = ledgerPlaceOf(enrolment, folder);
    const { ledger } = openKnownLedger(path, id, { clock: osClock, rng: osRng });
    try {
      // As JSON: an ε that is not finite becomes null.
      const content = JSON.parse(JSON.stringify(summaryOf(ledger.book)));
      const said = { memberId, atMs: osClock.nowMs(), content };
      const signature = toHex(identity.sign(extractStatement(room, said)));
      return { kind: "ledgerExtract", ...said, signature };
    } finally {
      ledger.close();
    }
  } finally {
    vault.close();
  }
}
