/** EDGE: `cloister data`: what a member does with its table before any room. */
import type { Command } from "commander";
import { dataCheckCommand } from "./check.ts";
import { dataProposeCommand } from "./propose.ts";

export function dataCommands(program: Command): void {
  const data = program
    .command("data")
    .description("a member's table: does it fit a charter, and which schema would");
  dataCheckCommand(data);
  dataProposeCommand(data);
}
