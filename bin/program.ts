/** EDGE: the command line. Subcommands live with the side that they belong to. */
import { Command, CommanderError } from "commander";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import { reportAndExit } from "../shared/edge/terminal.ts";
import { commandsFor } from "./commands.ts";

const program = new Command("cloister")
  .description(
    "A data clean room for consortia: train together on records that never leave their owners.",
  )
  .version("0.1.0")
  .exitOverride() // Its errors come here: one line, as all others.
  .configureOutput({ outputError: () => undefined })
  .configureHelp({ showGlobalOptions: true });
for (const add of await commandsFor(process.argv[2])) add(program);

const json = process.argv.includes("--json");
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.failed); // Whoever read it is gone.
  reportAndExit(unwritable(error), json);
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) reportAndExit(error, json);
  if (error.exitCode === 0) process.exit(EXIT.ok); // --help or --version.
  if (error.code === "commander.help") process.exit(EXIT.usage); // A group without its command.
  reportAndExit(wrongUsage(error), json);
}

function wrongUsage({ code, message }: CommanderError): CloisterError {
  const what = message.replace(/^error: |\.$/g, "").replaceAll("\n", " ");
  const quotes =
    code === "commander.excessArguments" ? "; what has spaces needs quotation marks" : "";
  return new CloisterError(
    code,
    `${what}${quotes}; add --help for the options and an example`,
    EXIT.usage,
  );
}

function unwritable({ code }: NodeJS.ErrnoException): CloisterError {
  const message = `the output cannot be written (${code}); it is not complete`;
  return new CloisterError("output.unwritable", message, EXIT.failed);
}
