/** From a number to a whole run under faults, and what must have come of it. */
import { UnsafeDice } from "./dice.ts";
import { FaultySimulation } from "./faults.ts";
import type { Simulation } from "./simulation.ts";
import { PATIENCE } from "./virtual-coordinator.ts";

/** Local work and three more steps. */
const DEADLINE_MS = PATIENCE.workMs + 3 * PATIENCE.stepMs;
/** Sessions made anew, prekeys dealt. */
const REJOIN_MS = 2 * PATIENCE.stepMs;

export function faultySimulation(seed: number, trace?: (line: string) => void): FaultySimulation {
  const dice = new UnsafeDice(`shape ${seed}`);
  const memberCount = dice.oneOf([3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 6, 7]);
  return new FaultySimulation({
    seed: `${seed}`,
    memberCount,
    rounds: dice.between(2, 3),
    dimension: dice.oneOf([1, 3, 8]),
    batchAttempts: dice.between(1, 4),
    ...(trace && { trace }),
  });
}

/** @returns What is wrong; empty: nothing. Safety at every step, and progress once faults have healed. */
export function runSeed(faulty: FaultySimulation): string[] {
  const { simulation, swarm } = faulty;
  const rounds = simulation.run.manifest.task.kind === "probe" ? 3 : 0;
  faulty.run(swarm.healMs + REJOIN_MS + (rounds + 1) * 2 * DEADLINE_MS);
  const wrong = simulation.violations.map(({ checker, text }) => `${checker}: ${text}`);
  if (wrong.length > 0) return wrong;
  if (simulation.status !== "completed") return [`the run is ${simulation.status} at the end`];
  return slowRounds(simulation, swarm.healMs + REJOIN_MS);
}

/** Rounds that took more than two deadlines after everything was well again. */
function slowRounds(simulation: Simulation, wellMs: number): string[] {
  const slow: string[] = [];
  let beganMs = wellMs;
  for (const event of simulation.events) {
    if (event.type !== "roundReleased") continue;
    if (event.atMs > beganMs + 2 * DEADLINE_MS) slow.push(`round ${event.round} was too slow`);
    beganMs = Math.max(wellMs, event.atMs);
  }
  return slow;
}
