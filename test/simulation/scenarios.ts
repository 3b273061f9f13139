/** The two runs whose transcripts are kept: how the protocol goes, and how it goes on without a member. */
import { Simulation, type SimulationParams } from "./simulation.ts";

const UNTIL_MS = 20_000;

function transcript(params: Partial<SimulationParams>, prepare = (_: Simulation) => {}): string {
  const lines: string[] = [];
  const trace = (line: string): void => void lines.push(line.trimEnd());
  const base = { seed: "transcript", memberCount: 4, rounds: 2, batchAttempts: 16, trace };
  const simulation = new Simulation({ ...base, ...params });
  prepare(simulation);
  simulation.start();
  simulation.runUntil(UNTIL_MS);
  for (const { checker, text } of simulation.violations)
    lines.push(`violation: ${checker}: ${text}`);
  return `${lines.join("\n")}\n`;
}

export function happyPath(): string {
  return transcript({});
}

/** bank-4 dies after COMMIT, before its vector is out, and is back for the next round. */
export function dropout(): string {
  let running: Simulation | null = null;
  return transcript(
    {
      rounds: 3,
      fromAgent: (member, sent) => {
        const { message } = sent;
        if (member !== 3 || message.type !== "masked" || message.attempt !== 0) return [sent];
        running?.say("bank-4", "crashes");
        running?.agents[3]?.crash();
        running?.time.after(100, () => {
          running?.say("bank-4", "starts again");
          running?.agents[3]?.start();
        });
        return [];
      },
    },
    (simulation) => {
      running = simulation;
    },
  );
}
