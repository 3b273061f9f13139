/** EDGE: the options that a member's commands have in common. */
import type { Command } from "commander";

export interface FolderOptions {
  readonly folder: string;
  readonly json?: boolean;
}

export interface MemberOptions extends FolderOptions {
  readonly ca?: string;
  readonly allowPlain?: boolean;
}

/** Of a command that works in the agent's folder. @param line An example. */
export function inFolder(command: Command, line: string): Command {
  return command
    .option("--folder <folder>", "the agent's own folder", "agent-data")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", `\nExample:\n  $ ${line}`);
}

/** Of a command that also speaks with the coordinator. @param line An example. */
export function asMember(command: Command, line: string): Command {
  return inFolder(command, line)
    .option("--ca <file>", "PEM file of the authority behind the coordinator's certificate")
    .option("--allow-plain", "allow ws:// beyond this machine");
}
