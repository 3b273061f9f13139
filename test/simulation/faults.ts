/**
 * Faults, a swarm of them: each seed switches on a random few, at random rates; later all heal. What fails
 * is the network, the machines and their timing; members and coordinator keep to the protocol.
 */
import type { RunEvent } from "../../coordinator/run/events.ts";
import type { Conditions, FrameFault } from "./conditions.ts";
import { UnsafeDice } from "./dice.ts";
import { Simulation, type SimulationParams } from "./simulation.ts";
import { PATIENCE } from "./virtual-coordinator.ts";

/** How likely each fault is, once switched on. */
/** After faults heal: sessions are made anew, prekeys dealt, work that had begun is done. */
export const REJOIN_MS = 2 * PATIENCE.stepMs;

export interface Swarm {
  readonly delayMaxMs: number;
  readonly workMaxMs: number;
  /** One member, or none, is this many times slower than the others. */
  readonly slowness: { readonly member: number; readonly factor: number } | null;
  readonly frames: ReadonlyMap<FrameFault, number>;
  /** Mean time between events of each kind, over all members; null: never. */
  readonly partitionMs: number | null;
  readonly agentCrashMs: number | null;
  readonly coordinatorCrashMs: number | null;
  /** Probability that the coordinator dies as an entry of its log becomes durable. */
  readonly diesAfterLogging: number;
  /** When all faults end. */
  readonly healMs: number;
}

export function swarmOf(dice: UnsafeDice, memberCount: number): Swarm {
  const maybe = <T>(probability: number, value: () => T): T | null =>
    dice.chance(probability) ? value() : null;
  const frames = new Map<FrameFault, number>();
  for (const fault of ["loss", "duplicate", "late", "replay", "garbage"] as const)
    if (dice.chance(0.3)) frames.set(fault, dice.oneOf([0.002, 0.01, 0.03]));
  const slow = { member: dice.between(0, memberCount - 1), factor: dice.oneOf([3, 10, 40]) };
  return {
    delayMaxMs: dice.oneOf([5, 20, 80]),
    workMaxMs: dice.oneOf([10, 100, 400]),
    slowness: maybe(0.3, () => slow),
    frames,
    partitionMs: maybe(0.3, () => dice.oneOf([150, 400])),
    agentCrashMs: maybe(0.35, () => dice.oneOf([250, 700])),
    coordinatorCrashMs: maybe(0.15, () => dice.oneOf([400, 1200])),
    diesAfterLogging: maybe(0.15, () => 0.15) ?? 0,
    healMs: dice.between(400, 1600),
  };
}

/** A simulation under faults until they heal. */
export class FaultySimulation {
  readonly simulation: Simulation;
  readonly swarm: Swarm;
  readonly #dice: UnsafeDice;
  readonly #unreachable = new Set<string>();
  #isHealed = false;

  constructor(params: SimulationParams, swarm?: Swarm) {
    this.#dice = new UnsafeDice(`${params.seed}/faults`);
    this.swarm = swarm ?? swarmOf(this.#dice, params.memberCount);
    const diesAfter = (event: RunEvent): boolean => this.#diesAfter(event);
    this.simulation = new Simulation({ ...params, diesAfter });
    this.simulation.conditions = this.#conditions();
  }

  /** Runs under faults, heals, and lets the run end. */
  run(untilMs: number): void {
    const { time } = this.simulation;
    const { partitionMs, agentCrashMs, coordinatorCrashMs, healMs } = this.swarm;
    this.simulation.start();
    this.#often(partitionMs, () => this.#partition());
    this.#often(agentCrashMs, () => this.#crashAgent());
    this.#often(coordinatorCrashMs, () => this.#crashCoordinator());
    time.at(healMs, () => this.#heal());
    this.simulation.runUntil(untilMs);
  }

  #often(meanMs: number | null, happen: () => void): void {
    if (meanMs === null) return;
    const again = (): void => {
      const waitMs = -meanMs * Math.log(1 - this.#dice.unit());
      this.simulation.time.after(waitMs, () => {
        if (this.#isHealed) return;
        happen();
        again();
      });
    };
    again();
  }

  #conditions(): Conditions {
    const { delayMaxMs, workMaxMs, slowness, frames } = this.swarm;
    const { members } = this.simulation.run.room;
    const slowId = slowness && members[slowness.member]?.memberId;
    const dice = this.#dice;
    const factor = (memberId: string): number =>
      memberId === slowId ? (slowness?.factor ?? 1) : 1;
    return {
      delayMs: (memberId) => dice.between(1, delayMaxMs) * factor(memberId),
      // Work that began before faults heal is done when members are taken to be well again.
      workMs: (memberId) => Math.min(REJOIN_MS, dice.between(1, workMaxMs) * factor(memberId)),
      isReachable: (memberId) => !this.#unreachable.has(memberId),
      frameFault: () => {
        for (const [fault, rate] of frames) if (dice.chance(rate)) return fault;
        return null;
      },
      garbage: () => dice.bytes(dice.between(0, 40)),
    };
  }

  /** Some members are cut off for a while. */
  #partition(): void {
    const { time, links, say } = this.#world();
    const cut = [...links.keys()].filter(() => this.#dice.chance(0.4));
    for (const memberId of cut) {
      this.#unreachable.add(memberId);
      links.get(memberId)?.breakConnection();
    }
    say("network", `cut off: ${cut.join(", ")}`);
    time.after(this.#dice.between(20, 600), () => {
      for (const memberId of cut) this.#unreachable.delete(memberId);
      say("network", `reachable again: ${cut.join(", ")}`);
    });
  }

  #crashAgent(): void {
    const { time, agents, say } = this.#world();
    const agent = agents[this.#dice.between(0, agents.length - 1)];
    if (!agent?.isUp) return;
    agent.crash();
    say(agent.params.memberId, "crashes");
    time.after(this.#dice.between(10, 500), () => {
      if (agent.isUp) return;
      say(agent.params.memberId, "starts again");
      agent.start();
    });
  }

  #crashCoordinator(): void {
    const { coordinator } = this.#world();
    if (!coordinator.isUp) return;
    coordinator.crash();
    this.#restartCoordinator();
  }

  #restartCoordinator(): void {
    const { time, coordinator, say } = this.#world();
    say("coordinator", "crashes");
    time.after(this.#dice.between(10, 500), () => {
      if (coordinator.isUp) return;
      say("coordinator", "starts again");
      coordinator.start();
    });
  }

  #diesAfter(event: RunEvent): boolean {
    const ends = event.type === "completed" || event.type === "failed";
    if (this.#isHealed || ends || !this.#dice.chance(this.swarm.diesAfterLogging)) return false;
    this.#restartCoordinator();
    return true;
  }

  #heal(): void {
    this.#isHealed = true;
    this.#unreachable.clear();
    const { agents, coordinator, say } = this.#world();
    say("network", "all faults heal");
    this.simulation.conditions = { ...this.#conditions(), ...HEALED };
    if (!coordinator.isUp) coordinator.start();
    for (const agent of agents) agent.start();
  }

  #world() {
    const { time, links, agents, coordinator } = this.simulation;
    const say = (who: string, text: string): void => this.simulation.say(who, text);
    return { time, links, agents, coordinator, say };
  }
}

const HEALED: Partial<Conditions> = {
  delayMs: () => 5,
  workMs: () => 20,
  isReachable: () => true,
  frameFault: () => null,
};
