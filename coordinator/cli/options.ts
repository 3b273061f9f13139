/** EDGE: options that commands of the coordinator's side share. */
import type { Command } from "commander";
import type { Connection } from "./client.ts";

export const JSON_OUT = ["--json", "print JSON, for programs"] as const;

/** What a command that asks the coordinator is given at least. */
export interface Common extends Connection {
  readonly json?: boolean;
}

/** The options of a command that asks the coordinator. */
export function asking(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "the coordinator's configuration, or a client's (url, ca, tokenPath)",
      "coordinator.yaml",
    )
    .option(
      "--token-file <file>",
      "file with a token, instead of CLOISTER_TOKEN or the configuration's",
    )
    .option(...JSON_OUT);
}

export function example(command: Command, line: string): Command {
  return command.addHelpText("after", `\nExample:\n  $ ${line}`);
}
