/** All runs of a simulation: each seed with each ε, and what they are held against. Pure; says how far it is. */
import { type EncodedData, UNLABELLED } from "../../models/data.ts";
import { joinedData } from "../../models/data-parts.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Plan } from "../../shared/charter/manifest.ts";
import { answerBook } from "./answers.ts";
import { aloneRun, type Played, pooledRun, type Seated } from "./baselines.ts";
import { federate } from "./federation.ts";
import { admitted, type NamedMember } from "./members.ts";
import { isPersonal, metricsOf, scorerOf, type Trained } from "./score.ts";
import { runOf, type Setting, settingOf, survivorsMinOf } from "./setting.ts";
import type { SimulatedRun } from "./sum.ts";

export interface Simulation {
  readonly plan: Plan;
  /** Who has which rows, for a seed. */
  readonly membersOf: (seed: string) => readonly NamedMember[];
  readonly charterOf: (members: readonly NamedMember[]) => Charter;
  /** Null: without noise. */
  readonly epsilons: readonly (number | null)[];
  /** Whether somebody asked for these ε: then one that cannot be had is an error, else it is left out. */
  readonly isAsked: boolean;
  readonly seeds: readonly string[];
  readonly dropProbability: number;
}

export interface Line {
  readonly kind: "pooled" | "alone" | "federated";
  readonly epsilon: number | null;
  /** Of the first seed's run; null where nothing was federated. */
  readonly setting: Setting | null;
  readonly runs: readonly Played[];
}

export interface Result {
  readonly lines: readonly Line[];
  /** Of the first seed. */
  readonly memberCount: number;
  readonly trainUnits: number;
  readonly holdoutRows: number;
  readonly notes: readonly string[];
}

/** Told after each attempt: how many of how many asks, and what is being played. */
export type Watch = (done: number, total: number, detail: string) => void;

/** @throws {CloisterError} If the plan cannot be carried out, or its members' tables do not do. */
export function play(simulation: Simulation, watch: Watch = () => undefined): Result {
  const { seeds } = simulation;
  const first = seatedFor(simulation, seeds[0] ?? "");
  const { epsilons, notes } = possible(simulation, first);
  const clock = clockOf(simulation, epsilons.length + 2, first, watch);
  const pooled: Played[] = [];
  const alone: Played[] = [];
  const federated = epsilons.map((): Played[] => []);
  for (const seed of seeds) {
    const seated = seed === seeds[0] ? first : seatedFor(simulation, seed);
    for (const [i, epsilon] of epsilons.entries())
      federated[i]?.push(federatedRun(simulation, seated, epsilon, clock));
    pooled.push(pooledRun(simulation.plan.task, seated));
    clock.skip("pooled records");
    alone.push(aloneRun(simulation.plan.task, seated));
    clock.skip("each member alone");
  }
  return {
    lines: [
      { kind: "pooled", epsilon: null, setting: null, runs: pooled },
      { kind: "alone", epsilon: null, setting: null, runs: alone },
      ...epsilons.map((epsilon, i) => ({
        kind: "federated" as const,
        epsilon,
        setting: settingFor(simulation, first, epsilon),
        runs: federated[i] ?? [],
      })),
    ],
    memberCount: first.members.length,
    trainUnits: first.pooled.train.unitStarts.length - 1,
    holdoutRows: first.pooled.holdout.rowCount,
    notes: [...first.leftOut, ...notes, ...unlabelledNotes(first.pooled.holdout)],
  };
}

/** Where no figure can be told, that must not look like a fault. */
function unlabelledNotes({ labels }: EncodedData): string[] {
  const hasBoth = labels.includes(0) && labels.includes(1);
  if (hasBoth || !labels.includes(UNLABELLED)) return [];
  return ["no figures: held-out rows of both classes have no labels; --csv has each round's loss"];
}

function seatedFor({ membersOf, charterOf }: Simulation, seed: string): Seated {
  const all = membersOf(seed);
  const charter = charterOf(all);
  const { members, leftOut } = admitted(all, {
    rowsMin: charter.minimums.rows,
    rowsMax: charter.rowsMax,
    allowsOneClass: charter.schema.label.missing === "allow",
  });
  const pooled = {
    train: joinedData(members.map(({ data }) => data.train)),
    holdout: joinedData(members.map(({ data }) => data.holdout)),
  };
  return { seed, charter, members, leftOut, pooled };
}

function settingFor({ plan }: Simulation, seated: Seated, epsilon: number | null): Setting {
  return settingOf(plan, epsilon, seated.charter, seated.members, seated.seed);
}

/** Leaves out what the room would refuse, with the reason, unless it was asked for. */
function possible(
  simulation: Simulation,
  seated: Seated,
): { epsilons: (number | null)[]; notes: string[] } {
  const refused = new Map<string, number[]>();
  const epsilons = simulation.epsilons.filter((epsilon) => {
    try {
      settingFor(simulation, seated, epsilon);
      return true;
    } catch (error) {
      const isExcused = error instanceof CloisterError && epsilon !== null && !simulation.isAsked;
      if (!isExcused) throw error;
      refused.set(error.message, [...(refused.get(error.message) ?? []), epsilon]);
      return false;
    }
  });
  const notes = [...refused].map(([why, all]) => `not with ε = ${all.join(", ")}: ${why}`);
  return { epsilons, notes };
}

interface Clock {
  readonly step: (detail: string) => void;
  /** As many asks as a whole run has. */
  readonly skip: (detail: string) => void;
}

function clockOf({ plan, seeds }: Simulation, lines: number, seated: Seated, watch: Watch): Clock {
  const { schema, rowsMax } = seated.charter;
  const context = { spec: plan.task, schema, rowsMax, noise: null, memberCount: 1 };
  const asks = taskFor(plan.task)
    .plannedAsks(context)
    .reduce((sum, { count }) => sum + count, 0);
  const total = asks * lines * seeds.length;
  const state = { done: 0, floor: 0 };
  return {
    step: (detail) => {
      state.done = Math.min(state.done + 1, state.floor + asks);
      watch(state.done, total, detail);
    },
    skip: (detail) => {
      state.floor += asks;
      state.done = state.floor;
      watch(state.done, total, detail);
    },
  };
}

function federatedRun(
  simulation: Simulation,
  seated: Seated,
  epsilon: number | null,
  clock: Clock,
): Played {
  const { seed, members, pooled } = seated;
  const setting = settingFor(simulation, seated, epsilon);
  const run = runOf(setting, members, seed);
  const { charter, manifest } = setting;
  const conditions = {
    dropProbability: simulation.dropProbability,
    survivorsMin: survivorsMinOf(setting),
    answers: answerBook(charter, manifest),
  };
  const name = epsilon === null ? "without noise" : `ε = ${epsilon}`;
  const outcome = federate(run, conditions, () => clock.step(`${name}, seed ${seed}`));
  clock.skip(name);
  const trained = { context: run.context, ...outcome };
  const { rounds, aborted, failure } = outcome;
  const secure = taskFor(manifest.task).progress(outcome.state).metrics;
  const metrics = failure === null ? heldOut(trained, run, pooled.holdout) : null;
  return { seed, metrics, secure, rounds, aborted, failure };
}

/** Everybody's rows under the model for all; under each member's own, where the last layers are personal. */
function heldOut(trained: Trained, { members }: SimulatedRun, rows: EncodedData): Metrics | null {
  if (!isPersonal(trained.context.spec))
    return metricsOf([{ scorer: scorerOf(trained, newMemory()), rows }]);
  return metricsOf(
    members.map(({ data, memory }) => ({ scorer: scorerOf(trained, memory), rows: data.holdout })),
  );
}
