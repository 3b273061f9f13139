/** EDGE: the one binary. Subcommands live with the side that they belong to. */
import { Command } from "commander";
import { auditCommands } from "../agent/audit/cli.ts";
import { agentCommands } from "../agent/cli.ts";
import { scoreCommand } from "../agent/score.ts";
import { coordinatorCommands } from "../coordinator/cli.ts";
import { AdminClient } from "../coordinator/client.ts";
import { reportAndExit } from "../shared/edge/terminal.ts";

const program = new Command("cloister")
  .description(
    "A data clean room for consortia: train together on records that never leave their owners.",
  )
  .version("0.1.0")
  .showHelpAfterError("(add --help for the options and an example)")
  .configureHelp({ showGlobalOptions: true });
coordinatorCommands(program);
agentCommands(program);
auditCommands(program, AdminClient.fromConfig);
scoreCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  reportAndExit(error, process.argv.includes("--json"));
}
