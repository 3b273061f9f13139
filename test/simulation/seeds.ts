/** From a number to a whole run under faults, and what must have come of it. */
import { UnsafeDice } from "./dice.ts";
import { FaultySimulation, REJOIN_MS } from "./faults.ts";
import type { Simulation } from "./simulation.ts";
import { PATIENCE } from "./virtual-coordinator.ts";

/** Local work and three more steps. */
const DEADLINE_MS = PATIENCE.workMs + 3 * PATIENCE.stepMs;

export function faultySimulation(seed: number, trace?: (line: string) => void): FaultySimulation {
  const dice = new UnsafeDice(`shape ${seed}`);
  const memberCount = sizeOf(dice.unit());
  return new FaultySimulation({
    seed: `${seed}`,
    memberCount,
    rounds: dice.chance(0.1) ? 3 : 2,
    dimension: dice.oneOf([1, 2, 5]),
    batchAttempts: dice.oneOf([1, 2, 2, 3]),
    ...(trace && { trace }),
  });
}

/** Mostly small rooms: a seed's time goes with the square of its members. */
function sizeOf(unit: number): number {
  if (unit < 0.55) return 3;
  if (unit < 0.92) return 4;
  if (unit < 0.985) return 5;
  return unit < 0.995 ? 6 : 7;
}

/** @returns What is wrong; empty: nothing. Safety at every step, and progress once faults have healed. */
export function runSeed(faulty: FaultySimulation): string[] {
  const { simulation, swarm } = faulty;
  const rounds = simulation.run.manifest.task.kind === "probe" ? 3 : 0;
  faulty.run(swarm.healMs + REJOIN_MS + (rounds + 1) * 2 * DEADLINE_MS);
  const wrong = simulation.violations.map(({ checker, text }) => `${checker}: ${text}`);
  if (wrong.length > 0) return wrong;
  if (simulation.status === "failed" && isForgotten(simulation)) return [];
  if (simulation.status !== "completed") return [`the run is ${simulation.status} at the end`];
  return slowRounds(simulation, swarm.healMs + REJOIN_MS);
}

/**
 * The one end that crashes may bring: so many members were restarted between their answer to a round and its opening
 * that those who know whether it was opened, and over whom, are too few to open it. Said with the reason.
 */
export function isForgotten({ run, agents, events }: Simulation): boolean {
  const { sum, runId } = run;
  const round = events.filter(({ type }) => type === "roundReleased").length;
  const certified = events.findLast((event) => event.type === "survivorsCertified");
  const isOver = certified?.type === "survivorsCertified" && certified.round === round;
  const openers = agents.filter(
    (agent) =>
      !agent.hasForgotten(runId, round) &&
      (!isOver || certified.survivors.includes(agent.params.memberId)),
  );
  const reason = events.findLast((event) => event.type === "failed")?.reason ?? "";
  const isSaid = reason.startsWith(`round ${round}: `) && reason.includes("not knowing over whom");
  return isSaid && sum.survivorsMin < sum.roster.length && openers.length < sum.threshold;
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

export function seedRange(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
