/** What a run's releases are in privacy terms: what ledgers are charged, and what a model's statement says. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import type { Repeated } from "../../shared/privacy/accounting/accountant.ts";
import type { GaussianDpEvent, SingleDpEvent } from "../../shared/privacy/accounting/events.ts";
import {
  epsilonAtOrder,
  rdpAccountant,
  rdpOfEvent,
  tailOfEvent,
} from "../../shared/privacy/accounting/rdp.ts";
import { contextOf } from "./context.ts";
import { taskFor } from "./registry.ts";
import type { Payers, ReleaseShape, TaskContext } from "./task.ts";

/** The two partitions of a member's units: no unit is in both, so their losses do not add. */
export const PARTITIONS = ["train", "holdout"] as const;
export type Partition = (typeof PARTITIONS)[number];

/** The partitions whose units pay. */
export function payersOf(payers: Payers): readonly Partition[] {
  return payers === "all" ? PARTITIONS : [payers];
}

/** Releases of one kind. */
export interface Releases {
  readonly partition: Partition;
  readonly event: SingleDpEvent;
  readonly count: number;
}

/** How often asks were answered, by kind; `unknown` of a kind that nobody knows any more: it may be any. */
export interface AskCounts {
  readonly byKind: ReadonlyMap<string, number>;
  readonly unknown: number;
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
  if (!manifest.privacy) return [];
  const planned = plannedReleases(manifest.task, contextOf(charter, manifest));
  return answered(planned, counts).map(({ partition, event, count }) => {
    return { partition, event, count };
  });
}

/** The same releases, each once, whichever units pay for it. */
export function releasesOnce(charter: Charter, manifest: Manifest, counts?: AskCounts): Repeated[] {
  if (!manifest.privacy) return [];
  const planned = plannedBy(manifest.task, contextOf(charter, manifest), (payers) => [payers]);
  return answered(planned, counts).map(({ event, count }) => ({ event, count }));
}

function answered<R extends Planned>(planned: R[], counts: AskCounts | undefined): R[] {
  if (!counts) return planned;
  const releases = planned.map((one) => {
    const known = one.askKinds.reduce((sum, kind) => sum + (counts.byKind.get(kind) ?? 0), 0);
    return { ...one, count: known + counts.unknown };
  });
  return releases.filter(({ count }) => count > 0);
}

/** Calibration ends on the safe side; what is left is rounding. */
const ROUNDING = 1e-9;

/**
 * Whether what the run plans to release costs no more than the ε that its manifest names: by the order at which the
 * charter's budget is kept, at which honest runs are calibrated, or else by the best.
 */
export function isEpsilonHonest(charter: Charter, manifest: Manifest): boolean {
  const { privacy } = manifest;
  const { budget } = charter.privacy;
  if (!privacy || !budget) return true; // Other rules have their word on these.
  const { delta, epsilon: claimed } = privacy;
  const isWithin = (epsilon: number): boolean => epsilon <= claimed * (1 + ROUNDING); // NaN is not.
  return releasesOf(charter, manifest).every(({ event, count }) => {
    const rdp = count * rdpOfEvent(event, budget.rdpOrder);
    const left = delta - count * tailOfEvent(event);
    if (left > 0 && isWithin(epsilonAtOrder(rdp, left, budget.rdpOrder))) return true;
    const all = { kind: "selfComposed", event, count } as const;
    return isWithin(rdpAccountant().compose(all).getEpsilon(delta));
  });
}

/** With the kinds of ask that they answer. */
interface Planned extends Repeated {
  readonly askKinds: readonly string[];
}

/**
 * The noised releases that a run of this task plans: of each partition one kind, however many kinds
 * of ask they answer.
 */
export function plannedReleases(
  spec: TaskSpec,
  context: TaskContext<TaskSpec>,
): (Releases & Planned)[] {
  const planned = plannedBy(spec, context, payersOf);
  return planned.map(({ payers: partition, ...rest }) => ({ partition, ...rest }));
}

/** @param split Under which names the releases that these payers pay for are kept. */
function plannedBy<P>(
  spec: TaskSpec,
  context: TaskContext<TaskSpec>,
  split: (payers: Payers) => readonly P[],
): (Planned & { readonly payers: P })[] {
  const task = taskFor(spec);
  const releases = new Map<P, Planned & { readonly payers: P }>();
  for (const { kind, partition, count } of task.plannedAsks(context)) {
    const event = privacyEvent(task.shapeOf(context, kind));
    if (!event) continue;
    for (const payers of split(partition)) {
      const known = releases.get(payers);
      assert(
        !known || JSON.stringify(known.event) === JSON.stringify(event),
        "a partition's releases are alike",
      );
      const askKinds = [...(known?.askKinds ?? []), kind];
      releases.set(payers, { payers, event, count: count + (known?.count ?? 0), askKinds });
    }
  }
  const other = task.otherRelease?.(context);
  if (other) {
    assert(releases.size === 0, "a run's releases are alike");
    const { kind, event } = other;
    for (const payers of split(other.partition))
      releases.set(payers, { payers, event, count: 1, askKinds: [kind] });
  }
  return [...releases.values()];
}
