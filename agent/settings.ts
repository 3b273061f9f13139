/**
 * EDGE: `cloister agent settings`: whose agent a folder is and where it finds what it works with; and, where a file or
 * the coordinator has moved, where it is now.
 */
import { resolve } from "node:path";
import type { Command } from "commander";
import { counted } from "../shared/base/counted.ts";
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { checkData } from "./enrol.ts";
import { checkAddress } from "./link.ts";
import { type FolderOptions, inFolder } from "./options.ts";
import { ledgerPlaceOf, populationOf } from "./places.ts";
import { type Enrolment, Vault } from "./vault.ts";

interface SettingsOptions extends FolderOptions {
  readonly data?: string;
  readonly ledger?: string;
  readonly coordinator?: string;
  readonly allowPlain?: boolean;
}

export function settingsCommand(agent: Command): void {
  inFolder(
    agent.command("settings"),
    "cloister agent settings --data /srv/export/november.csv --folder agent-data",
  )
    .description(
      "show whose agent this is, and where its data, ledger and coordinator are; or change that",
    )
    .option("--data <file>", "where the member's records are now, .csv or .csv.gz")
    .option("--ledger <file>", "where the ledger that it was enrolled with is now, if shared")
    .option("--coordinator <url>", "the same coordinator's new address")
    .option("--allow-plain", "allow ws:// beyond this machine")
    .action(settings);
}

/** The population and the pinned coordinator stay: what moves is the same member's, and pays from the same ledger. */
async function settings(options: SettingsOptions): Promise<void> {
  const { folder, data, ledger, coordinator, json } = options;
  const isChange = [data, ledger, coordinator].some((option) => option !== undefined);
  const vault = isChange ? Vault.openExisting(folder) : Vault.forReading(folder);
  try {
    const { enrolment, counts } = await changed(vault.enrolment(), options);
    if (isChange) vault.saveEnrolment(enrolment);
    const shown = shownOf(enrolment, folder);
    if (json) return printJson({ ...shown, ...counts });
    for (const [name, value] of Object.entries(shown)) print(`${name.padEnd(13)}${value}`);
    if (counts)
      print(
        `The data fit: ${counted(counts.rowCount, "row")}, ${counted(counts.unitCount, "privacy unit")}.`,
      );
    if (isChange)
      print("Saved. An agent that is running goes by the old ones until it is started again.");
  } finally {
    vault.close();
  }
}

interface Changed {
  readonly enrolment: Enrolment;
  /** Null: the data were not read. */
  readonly counts: { readonly rowCount: number; readonly unitCount: number } | null;
}

/** What the vault is to hold. @throws {CloisterError} If data or ledger would stop the agent, or are another's; nothing is changed then. */
export async function changed(before: Enrolment, options: SettingsOptions): Promise<Changed> {
  const { folder, data, ledger, coordinator, allowPlain } = options;
  if (coordinator !== undefined) checkAddress({ url: coordinator, allowPlain });
  // Named for itself where nobody named it: else another file's name would make the same people others.
  const enrolment: Enrolment = {
    ...before,
    population: populationOf(before),
    ...(data !== undefined && { dataPath: resolve(data) }),
    ...(ledger !== undefined && { ledgerPath: resolve(ledger) }),
    ...(coordinator !== undefined && { coordinatorUrl: coordinator }),
  };
  if (data === undefined && ledger === undefined) return { enrolment, counts: null };
  const charter = parseOrRefuse(Charter, JSON.parse(before.charter), "the charter in the vault");
  const population = populationOf(enrolment);
  const ledgerPlace = ledgerPlaceOf(enrolment, folder);
  const { rowCount, unitCount } = await checkData(charter, {
    ...enrolment,
    population,
    ledger: ledgerPlace,
  });
  return { enrolment, counts: { rowCount, unitCount } };
}

function shownOf(enrolment: Enrolment, folder: string): Readonly<Record<string, string>> {
  const { memberId, room, coordinatorUrl, dataPath } = enrolment;
  return {
    member: memberId,
    room,
    folder: resolve(folder),
    coordinator: coordinatorUrl,
    data: dataPath,
    population: populationOf(enrolment),
    ledger: resolve(ledgerPlaceOf(enrolment, folder).path),
  };
}
