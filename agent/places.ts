/** EDGE: where an agent finds its ledger, and whose records it has: by what its vault says, and where that is silent. */
import { basename, join } from "node:path";
import type { LedgerPlace } from "./gate/messages.ts";
import type { Enrolment } from "./vault.ts";

/** Where no other ledger is named. */
export const ledgerPath = (folder: string): string => join(folder, "ledger.db");

export function ledgerPlaceOf(
  enrolment: Pick<Enrolment, "ledgerPath" | "ledgerId">,
  folder: string,
): LedgerPlace {
  return { path: enrolment.ledgerPath ?? ledgerPath(folder), id: enrolment.ledgerId ?? null };
}

/** Whose records they are; where nobody said: the file's own name. */
export function populationOf({
  population,
  dataPath,
}: Pick<Enrolment, "population" | "dataPath">): string {
  return population ?? populationOfFile(dataPath);
}

const populationOfFile = (dataPath: string): string =>
  basename(dataPath)
    .replace(/\.csv(?:\.gz)?$/i, "")
    .slice(0, 100);
