/** What a run's releases are in privacy terms: what ledgers are charged, and what a model's statement says. Pure. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { GaussianDpEvent, SingleDpEvent } from "../../shared/privacy/accounting/events.ts";
import { contextOf } from "./context.ts";
import { taskFor } from "./registry.ts";
import type { ReleaseShape } from "./task.ts";
import { roundCounts } from "./train-shape.ts";

/** The two partitions of a member's units: no unit is in both, so their losses do not add. */
export const PARTITIONS = ["train", "holdout"] as const;
export type Partition = (typeof PARTITIONS)[number];

/** Releases of one kind. */
export interface Releases {
  readonly partition: Partition;
  readonly event: SingleDpEvent;
  readonly count: number;
}

/** How often each kind of ask is answered. */
export interface AskCounts {
  readonly training: number;
  readonly evaluation: number;
}

/**
 * What is charged for one release: the guaranteed noise, whatever happens afterwards. Null: no privacy
 * guarantee is claimed, and none is spent.
 */
export function privacyEvent({ release }: ReleaseShape): SingleDpEvent | null {
  if (release.kind === "bounded") return null;
  // Both grids guarantee at least this much noise in the opened sum, whatever the encoding.
  const { samplingProbability, noiseMultiplier } = release;
  const event: GaussianDpEvent = { kind: "gaussian", noiseMultiplier };
  return samplingProbability === 1 ? event : { kind: "poissonSampled", samplingProbability, event };
}

/**
 * The noised releases of a run with so many answers, or as many as it plans. Empty where it claims no
 * guarantee and so spends nothing.
 */
export function releasesOf(charter: Charter, manifest: Manifest, counts?: AskCounts): Releases[] {
  const { task, privacy } = manifest;
  if (task.kind !== "train" || !privacy) return [];
  const context = contextOf(charter, manifest);
  const { training, evaluation } = counts ?? roundCounts({ spec: task, schema: charter.schema });
  const releases: Releases[] = [];
  for (const [askKind, partition, count] of [
    ["gradient", "train", training],
    ["evaluate", "holdout", evaluation],
  ] as const) {
    const event = privacyEvent(taskFor(task).shapeOf(context, askKind));
    if (event && count > 0) releases.push({ partition, event, count });
  }
  return releases;
}
