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
    load: async () => (await import("../coordinator/cli.ts")).coordinatorCommands,
  },
  { names: ["agent"], load: async () => (await import("../agent/cli.ts")).agentCommands },
  { names: ["ledger"], load: async () => (await import("../agent/ledger/cli.ts")).ledgerCommands },
  {
    names: ["audit"],
    async load() {
      const { auditCommands } = await import("../agent/audit/cli.ts");
      const { CoordinatorClient } = await import("../coordinator/client.ts");
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

/** @param asked The first argument: a command, or whatever else was typed; then all are there, to help or to suggest. */
export function commandsFor(asked: string | undefined): Promise<Add[]> {
  const group = GROUPS.find(({ names }) => names.includes(asked ?? ""));
  return Promise.all((group ? [group] : GROUPS).map(({ load }) => load()));
}
