/**
 * EDGE: which code each command needs. Only that of the one that was asked for is read and compiled: most of the time
 * that a short command takes is that of starting.
 */
import type { Command } from "commander";

type Add = (program: Command) => void;

interface Group {
  readonly names: readonly string[];
  readonly load: () => Promise<Add>;
}

/** In the order in which help lists them. */
const GROUPS: readonly Group[] = [
  {
    names: ["coordinator", "room", "token", "member", "ask", "run", "model"],
    load: async () => (await import("../coordinator/cli/commands.ts")).coordinatorCommands,
  },
  { names: ["agent"], load: async () => (await import("../agent/cli.ts")).agentCommands },
  { names: ["data"], load: async () => (await import("../agent/data/cli.ts")).dataCommands },
  { names: ["ledger"], load: async () => (await import("../agent/ledger/cli.ts")).ledgerCommands },
  {
    names: ["audit"],
    async load() {
      const { auditCommands } = await import("../agent/audit/cli.ts");
      const { CoordinatorClient } = await import("../coordinator/cli/client.ts");
      return (program) => auditCommands(program, CoordinatorClient.from);
    },
  },
  {
    names: ["score"],
    load: async () => (await import("../agent/scoring/score.ts")).scoreCommand,
  },
  {
    names: ["serve"],
    load: async () => (await import("../agent/scoring/serve.ts")).serveCommand,
  },
  { names: ["privacy"], load: async () => (await import("./privacy.ts")).privacyCommands },
  {
    names: ["simulate"],
    load: async () => (await import("./simulate/command.ts")).simulateCommand,
  },
  { names: ["manifest"], load: async () => (await import("./manifest.ts")).manifestCommand },
];

/** All of them, for who only wants to see which there are: a test holds these words against the commands' own. */
const SHOWN: readonly (readonly [command: string, description: string])[] = [
  ["coordinator", "run the coordinator"],
  ["room", "rooms and their members"],
  ["token", "people's access: create, list, revoke"],
  ["member", "members of a room"],
  ["ask [file]", "ask all members' tables a question; what it costs and is worth is told first"],
  ["run", "runs: propose, watch, list, cancel"],
  ["model", "models of completed runs"],
  ["agent", "run a member's agent, next to the data"],
  ["data", "a member's table: does it fit a charter, and which schema would"],
  ["ledger", "the member's privacy ledger: what its data has given away"],
  ["audit", "check what the coordinator released and said"],
  [
    "score <model>",
    "score rows with an exported model: one line per row, its number and the probability of the positive label, or an anomaly score",
  ],
  ["serve <model>", "score rows over HTTP: POST /v1/score, GET /healthz, /readyz, /metrics"],
  ["privacy", "compute what plans cost in privacy, and check the numbers against others'"],
  [
    "simulate <plan>",
    "try a plan in one process, on a table that you may see whole: what federation, drop-outs and noise cost",
  ],
  ["manifest", "manifests: what a run would do, as its members sign it"],
];
const ONLY_SHOWN: ReadonlySet<string | undefined> = new Set([
  ...[undefined, "--help", "-h"],
  ...["--version", "-V"],
]);

function show(program: Command): void {
  for (const [command, description] of SHOWN) {
    const shown = program.command(command).description(description);
    if (command.includes(" ")) shown.option("--json"); // Help says that it has some.
  }
}

/** @param asked The first argument: a command, or whatever else was typed; then all are there, to help or to suggest. */
export async function commandsFor(asked: string | undefined): Promise<Add[]> {
  if (ONLY_SHOWN.has(asked)) return [show];
  const group = GROUPS.find(({ names }) => names.includes(asked ?? ""));
  return Promise.all((group ? [group] : GROUPS).map(({ load }) => load()));
}
