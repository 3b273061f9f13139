/** EDGE: the member's commands. What is printed here stays on the member's screen: ids, codes, counts. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { counted } from "../shared/base/counted.ts";
import { parseOrRefuse } from "../shared/charter/charter.ts";
import { onStop, print, printJson } from "../shared/edge/terminal.ts";
import type { AgentOptions } from "./agent.ts";
import { amendmentCommand } from "./amendment.ts";
import { approvalCommands } from "./approvals.ts";
import { enrol } from "./enrol.ts";
import { invitationIn, type TokenOptions } from "./invitation.ts";
import { leaveCommand } from "./leave.ts";
import { PopulationName } from "./ledger/entry.ts";
import type { MemberEvent } from "./member-events.ts";
import { asMember, type MemberOptions } from "./options.ts";
import { previewCommand } from "./preview/command.ts";
import { releaseCommand } from "./release.ts";
import { reportCommand } from "./report.ts";
import { rosterCommands } from "./roster.ts";
import { keyCommands } from "./rotate-key.ts";
import { settingsCommand } from "./settings.ts";
import { printTranscript } from "./transcript.ts";
import { Vault } from "./vault.ts";
import { writeOffCommand } from "./write-off-command.ts";

export function agentCommands(program: Command): void {
  const agent = program.command("agent").description("run a member's agent, next to the data");
  asMember(
    agent.command("init"),
    "cloister agent init --coordinator wss://coordinator.example:7300 --token-file bank-a.token --data data.csv",
  )
    .description("enrol with a one-time token; the identity key is made here and stays here")
    .requiredOption("--coordinator <url>", "the coordinator's address, wss://host:port")
    .option("--token-file <file>", 'file with what "cloister room invite" printed')
    .option("--token <token>", "the same as an argument, which others on this machine can read")
    .requiredOption("--data <file>", "the member's records, .csv or .csv.gz")
    .option("--ledger <file>", "a privacy ledger to share with the member's other agents")
    .option("--population <name>", "whose records the data are; the data file's name if left out")
    .action(init);
  asMember(agent.command("start"), "cloister agent start --folder agent-data")
    .description("connect and take part in runs until stopped")
    .option("--population <name>", "declare anew whose records the data are")
    .option("--quiet", "no line for each round")
    .action(start);
  settingsCommand(agent);
  agent
    .command("transcript")
    .description("print what the coordinator signed for this member: rounds, histories, survivors")
    .argument("[run]", "a run's id, or its beginning; all runs where not given")
    .option("--folder <folder>", "the agent's own folder", "agent-data")
    .option("--json", 'print the export that "cloister audit compare" reads')
    .addHelpText("after", "\nExample:\n  $ cloister agent transcript --json > bank-a.json")
    .action(printTranscript);
  previewCommand(agent);
  approvalCommands(agent);
  releaseCommand(agent);
  amendmentCommand(agent);
  rosterCommands(agent);
  reportCommand(agent);
  keyCommands(agent);
  leaveCommand(agent);
  writeOffCommand(agent);
}

async function init(
  options: MemberOptions &
    TokenOptions & {
      coordinator: string;
      data: string;
      ledger?: string;
      population?: string;
    },
): Promise<void> {
  const { folder, coordinator: url, ca: caPath, allowPlain } = options;
  const token = invitationIn(options); // Before a folder is made.
  const vault = new Vault(folder);
  try {
    const result = await enrol(vault, {
      url,
      token,
      caPath,
      allowPlain,
      dataPath: resolve(options.data),
      folder,
      ledgerPath: options.ledger === undefined ? undefined : resolve(options.ledger),
      population: parsePopulation(options.population),
    });
    if (options.json) return printJson(result);
    print(`Enrolled in room "${result.room}" as ${result.memberId}. Purpose: ${result.purpose}`);
    print(
      `Charter ${result.charterHash.slice(0, 16)}…  Own key ${result.fingerprint} (to compare everybody's at once: cloister agent roster)`,
    );
    print(
      `The data fit: ${counted(result.rowCount, "row")}, ${counted(result.unitCount, "privacy unit")}. They stay here.`,
    );
    print(`Start the agent: cloister agent start --folder ${folder}`);
  } finally {
    vault.close();
  }
}

async function start({
  folder,
  ca: caPath,
  allowPlain,
  json,
  quiet,
  population,
}: MemberOptions & { quiet?: boolean; population?: string }): Promise<void> {
  const show = json ? printJson : printEvent;
  const options: AgentOptions = {
    folder,
    caPath,
    allowPlain,
    population: parsePopulation(population),
    onEvent: (event) => {
      if (!quiet || (event.type !== "round" && event.type !== "sent")) show(event);
    },
  };
  const { startAgent } = await import("./agent.ts"); // No other command needs all of it.
  let agent = await startAgent(options);
  onStop(() => agent.close());
  while ((await agent.done) !== "closed") {
    await agent.close();
    agent = await startAgent(options);
  }
}

function parsePopulation(name: string | undefined): string | undefined {
  return name === undefined ? undefined : parseOrRefuse(PopulationName, name, "--population");
}

const AMENDMENT_LINES = {
  proposed: "is proposed, and waits for this member's word: cloister agent amendment",
  amended: "is in force, signed by this member and the others",
  notSigned:
    "is in force by the room's history, and not signed here: this member takes part in nothing; was its key used elsewhere, or its vault restored?",
} as const;

const amendmentLine = ({ state, edition }: Extract<MemberEvent, { type: "amendment" }>): string =>
  `edition ${edition} of the charter ${AMENDMENT_LINES[state]}`;

function printEvent(event: Parameters<AgentOptions["onEvent"]>[0]): void {
  switch (event.type) {
    case "connection":
      return print(`${event.state}: ${event.detail}`);
    case "declined":
      return print(
        `run ${event.runId.slice(0, 12)} declined: ${event.reasons.map(({ message }) => message).join("; ")}`,
      );
    case "sent": {
      const spent = event.epsilonSpent === null ? "" : `, ε spent ${event.epsilonSpent.toFixed(3)}`;
      return print(
        `run ${event.runId.slice(0, 12)} round ${event.round}: sent ${event.bytes} masked bytes${spent}`,
      );
    }
    case "round":
      return undefined;
    case "matching":
      return print(
        `run ${event.runId.slice(0, 12)}: ${event.done} of ${event.total} parts of sets masked`,
      );
    case "fault":
      return print(`run ${event.runId.slice(0, 12)}: ${event.member} is at fault: ${event.code}`);
    case "proposed": {
      const id = event.runId.slice(0, 12);
      return print(
        `run ${id} (${event.task}) waits for approval: cloister agent preview ${id}, then approve or veto`,
      );
    }
    case "approved":
      return print(`run ${event.runId.slice(0, 12)} approved by this member's own rules`);
    case "refused":
      return print(
        `run ${event.runId.slice(0, 12)} is proposed, and refused here: ${event.reasons.map(({ message }) => message).join("; ")}`,
      );
    case "history":
      return print(
        `the coordinator told another history of the room than before (entry ${event.entry}): this member takes part in nothing more; see transcript-refused.jsonl, and compare with the others: cloister audit compare`,
      );
    case "amendment":
      return print(amendmentLine(event));
    case "joined":
      return print(`run ${event.runId.slice(0, 12)} joined`);
    case "ended":
      return print(`run ${event.runId.slice(0, 12)} ${event.outcome}`);
    case "withdrawn":
    case "rejected":
      return print(`${event.type}: ${event.code}`);
  }
}
