/** EDGE: `cloister agent report`: how evaluated models do on this member's own rows, from the files that the gate wrote. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { badInput } from "../shared/base/errors.ts";
import { printText } from "../shared/edge/terminal.ts";
import { REPORTS_FOLDER } from "./gate/own-reports.ts";

export function reportCommand(agent: Command): void {
  agent
    .command("report")
    .description("print how an evaluated model does on this member's own held-out rows")
    .argument("[run]", "the evaluation's run id, or its beginning; all where not given")
    .option("--folder <folder>", "the agent's own folder", "agent-data")
    .option("--json", "as the file for programs")
    .addHelpText("after", "\nExample:\n  $ cloister agent report 3fa9 --folder agent-data")
    .action(printReports);
}

function printReports(
  run: string | undefined,
  { folder, json }: { folder: string; json?: boolean },
): void {
  const reports = join(folder, REPORTS_FOLDER);
  const suffix = json ? ".json" : ".md";
  const files = existsSync(reports) ? readdirSync(reports).toSorted() : [];
  const found = files.filter((name) => name.endsWith(suffix) && name.startsWith(run ?? ""));
  if (found.length === 0) {
    const what = run === undefined ? "no report yet" : `${run}: no report of such a run`;
    throw badInput(
      "report.none",
      `${what}; the agent writes one in ${reports} when it answers an evaluation`,
    );
  }
  for (const name of found) printText(readFileSync(join(reports, name), "utf8").trimEnd());
}
