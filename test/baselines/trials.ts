/** Which runs are made: each set, net and trees, without noise and with. Pure. */

import { defaultBoostTask, defaultTrainTask } from "../../models/tasks/defaults.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { DATA_SETS } from "./sets.ts";

export const MODELS = ["net", "trees"] as const;
export type ModelKind = (typeof MODELS)[number];

/** Null: without noise. */
export const EPSILONS = [null, 8, 3, 1] as const;

export interface Trial {
  readonly set: string;
  readonly model: ModelKind;
  readonly epsilon: number | null;
  readonly seed: string;
}

export interface TrialResult {
  readonly trial: Trial;
  /** As played: a result of other settings is no result of these. */
  readonly task: TaskSpec;
  readonly members: number;
  readonly trainRows: number;
  readonly testRows: number;
  /** Null: the run failed. */
  readonly metrics: Metrics | null;
  readonly seconds: number;
}

/** What we recommend to everybody: the same for all sets, and never tuned on a set's test rows beyond what docs/models.md tells. */
export function taskOf({ model, epsilon }: Trial, units: number): TaskSpec {
  const noised = epsilon !== null;
  return model === "net" ? defaultTrainTask({ noised, units }) : defaultBoostTask({ noised });
}

/** Trees without noise draw nothing: one run is all there is. */
function seedsOf(model: ModelKind, epsilon: number | null, count: number): number {
  return model === "trees" && epsilon === null ? 1 : count;
}

export function trialsOf(sets: readonly string[], seeds: number): Trial[] {
  const all = DATA_SETS.filter(({ name }) => sets.length === 0 || sets.includes(name));
  return all.flatMap(({ name: set }) =>
    MODELS.flatMap((model) =>
      EPSILONS.flatMap((epsilon) =>
        Array.from({ length: seedsOf(model, epsilon, seeds) }, (_, i) => {
          return { set, model, epsilon, seed: `baselines ${i}` };
        }),
      ),
    ),
  );
}

export const trialKey = ({ set, model, epsilon, seed }: Trial): string =>
  `${set}, ${model}, ε ${epsilon ?? "none"}, ${seed}`;
