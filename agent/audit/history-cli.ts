/** EDGE: `cloister audit verify`, `withdrawal` and `export`: a room's whole history checked, and handed to a regulator. */
import type { Command } from "commander";
import { type ExportOptions, exportPack } from "./export.ts";
import type { AuditSource } from "./replay.ts";
import { verify } from "./verify.ts";
import { withdrawal } from "./withdrawal.ts";

/** @param tokenSource What a configuration file and a token give access to. */
export function historyCommands(
  audit: Command,
  tokenSource: (place: Pick<ExportOptions, "config" | "tokenFile">) => AuditSource,
): void {
  audit
    .command("verify")
    .description("check a room's whole history, without a network; exit code 6 if it is not whole")
    .argument("[file]", "a copy of it, or a regulator's pack; the agent's own copy if left out")
    .option("--folder <folder>", "hold it against what this agent's folder knows")
    .option("--coordinator <fingerprint>", "the coordinator that must have signed it")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister audit verify --folder agent-data")
    .action(verify);
  audit
    .command("withdrawal")
    .description("in which runs and rounds a member's data had a part, and from when on in none")
    .argument("<member>", "of the room")
    .argument("[file]", "a copy of the history, or a pack; the agent's own copy if left out")
    .option("--folder <folder>", "hold it against what this agent's folder knows")
    .option("--coordinator <fingerprint>", "the coordinator that must have signed it")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister audit withdrawal bank-2 room-pack.jsonl")
    .action(withdrawal);
  audit
    .command("export")
    .description("write a regulator's pack: the room's history, cards, statements, ledger extracts")
    .argument("[run]", "with the documents of this run alone: its id, or the beginning of it")
    .option("--room [name]", "with the documents of all runs; a name where there are several rooms")
    .option("--folder <folder>", "a member's agent folder: its own copy, documents asked for as it")
    .option(
      "--config <file>",
      "without --folder: the coordinator's configuration, or a client's",
      "coordinator.yaml",
    )
    .option("--token-file <file>", "without --folder: the operator's or an auditor's token")
    .option("--ca <file>", "PEM file of the authority behind the coordinator's certificate")
    .option("--allow-plain", "allow ws:// beyond this machine")
    .option("--ledger <file...>", 'what members\' "cloister ledger extract" wrote')
    .option("--bare", "the history alone: asks nobody for documents")
    .option("--out <file>", "where to; by the room's name if left out")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister audit export --room --folder agent-data")
    .action((run: string | undefined, options: ExportOptions) =>
      exportPack(run, options, tokenSource),
    );
}
