/** What a federation is held against: the plan on everybody's rows at once, and at each member alone. Pure. */
import type { PartitionedData } from "../../models/data.ts";
import type { Scorer } from "../../models/scoring/scorer.ts";
import type { Failure, Metrics } from "../../models/tasks/task.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { type Alone, trainedAlone } from "./alone.ts";
import type { SimulatedRound } from "./federation.ts";
import type { NamedMember } from "./members.ts";
import { isPersonal, metricsOf, scorerOf } from "./score.ts";
import { seededTask } from "./setting.ts";

/** The members of one seed, in their places. */
export interface Seated {
  readonly seed: string;
  readonly charter: Charter;
  readonly members: readonly NamedMember[];
  readonly leftOut: readonly string[];
  readonly pooled: PartitionedData;
}

/** One run, of whatever kind. */
export interface Played {
  readonly seed: string;
  /** On held-out rows, exactly; null where the run failed, or a class is missing. */
  readonly metrics: Metrics | null;
  /** As the run itself would tell: a secure sum, with its noise. Null where nothing was federated. */
  readonly secure: Metrics | null;
  readonly rounds: readonly SimulatedRound[];
  readonly aborted: number;
  readonly failure: Failure | null;
}

export function pooledRun(task: TaskSpec, { seed, charter, pooled }: Seated): Played {
  const own = trainedAlone(seededTask(task, seed), charter.schema, pooled, seed);
  if (own.failure) return notFederated(seed, own.failure, null);
  return notFederated(seed, null, metricsOf([{ scorer: scorerFor(own), rows: pooled.holdout }]));
}

/**
 * The mean over members of how good each one's model is for everybody's rows; where layers are personal, how good they
 * are together, each for its own. Members whose training fails are left out, unless all do.
 */
export function aloneRun(task: TaskSpec, { seed, charter, members, pooled }: Seated): Played {
  const spec = seededTask(task, seed);
  const all = members.map(({ data }) => trainedAlone(spec, charter.schema, data, seed));
  const sound = all.filter(({ failure }) => failure === null);
  if (sound.length === 0) return notFederated(seed, all[0]?.failure ?? null, null);
  const parts = sound.map((own) => ({ scorer: scorerFor(own), rows: own.member.data.holdout }));
  if (isPersonal(task)) return notFederated(seed, null, metricsOf(parts));
  const scored = parts.map(({ scorer }) => metricsOf([{ scorer, rows: pooled.holdout }]));
  return notFederated(seed, null, meanOf(scored.filter((one) => one !== null)));
}

const scorerFor = (own: Alone): Scorer => scorerOf(own, own.member.memory);

function notFederated(seed: string, failure: Failure | null, metrics: Metrics | null): Played {
  return { seed, metrics, secure: null, rounds: [], aborted: 0, failure };
}

function meanOf(all: readonly Metrics[]): Metrics | null {
  if (all.length === 0) return null;
  const mean = (pick: (metrics: Metrics) => number): number =>
    all.reduce((sum, metrics) => sum + pick(metrics), 0) / all.length;
  return {
    rocAuc: mean(({ rocAuc }) => rocAuc),
    prAuc: mean(({ prAuc }) => prAuc),
    recallAt1pctFpr: mean(({ recallAt1pctFpr }) => recallAt1pctFpr),
    recallAt5pctFpr: mean(({ recallAt5pctFpr }) => recallAt5pctFpr),
  };
}
