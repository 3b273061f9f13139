/** What a federation is held against: the plan on everybody's rows at once, and at each member alone. Pure. */
import type { PartitionedData } from "../../models/data.ts";
import type { Failure, Metrics } from "../../models/tasks/task.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { trainedAlone } from "./alone.ts";
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
  const trained = trainedAlone(seededTask(task, seed), charter.schema, pooled, seed);
  const scorer = scorerOf(trained, trained.member.memory);
  return notFederated(seed, trained.failure, metricsOf([{ scorer, rows: pooled.holdout }]));
}

/** The mean over members of how good each one's model is: for everybody's rows, or for its own where layers are personal. */
export function aloneRun(task: TaskSpec, { seed, charter, members, pooled }: Seated): Played {
  const trained = members.map(({ data }) =>
    trainedAlone(seededTask(task, seed), charter.schema, data, seed),
  );
  const scored = trained.map((own) => scorerOf(own, own.member.memory));
  const failure = trained.find((own) => own.failure)?.failure;
  if (isPersonal(task)) {
    const parts = scored.map((scorer, i) => ({
      scorer,
      rows: members[i]?.data.holdout ?? pooled.holdout,
    }));
    return notFederated(seed, failure ?? null, metricsOf(parts));
  }
  const all = scored.map((scorer) => metricsOf([{ scorer, rows: pooled.holdout }]));
  return notFederated(seed, null, meanOf(all.filter((one) => one !== null)));
}

function notFederated(seed: string, failure: Failure | null, metrics: Metrics | null): Played {
  return {
    seed,
    metrics: failure === null ? metrics : null,
    secure: null,
    rounds: [],
    aborted: 0,
    failure,
  };
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
