/** A masked vector leaves after its entry in the ledger is there, and once for each attempt of a run. */
import type { Checker, Watched } from "./checkers.ts";

export function checkLedger({ liars, ledgerEntries }: Watched): Checker {
  const sent = new Set<string>();
  return (observed) => {
    if (observed.type !== "fromAgent" || observed.message.type !== "masked") return null;
    const { member, message } = observed;
    if (liars.has(member)) return null;
    const { attempt } = message;
    const entries = ledgerEntries(member, attempt);
    if (entries !== 1) return `member ${member} answers attempt ${attempt} on ${entries} entries`;
    const name = `${member}/${attempt}`;
    if (sent.has(name)) return `member ${member} sends two vectors in attempt ${attempt}`;
    sent.add(name);
    return null;
  };
}
