/** A plan at one ε becomes a manifest, as the coordinator would build it, under the charter of a room that is only played. Pure. */
import { repeatableRng } from "../../agent/gate/repeatable.ts";
import { buildManifest } from "../../coordinator/run/plan.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import { plannedDimension } from "../../models/tasks/planned-dimension.ts";
import type { ReleaseShape } from "../../models/tasks/task.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, type Plan, runIdOf, sumParams } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { type Worth, worthOf } from "../../shared/privacy/accounting/outlook.ts";
import { noiseCohort } from "../../shared/privacy/mechanism/noise-share.ts";
import { INVENTED_ROOM, withBestOrder } from "./invented-charter.ts";
import type { NamedMember } from "./members.ts";
import type { Draws, SimulatedRun } from "./sum.ts";

export interface Setting {
  /** Null: without noise. */
  readonly epsilon: number | null;
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly runId: string;
  /** What the noise leaves of the signal; null without noise, and for trees, where no rule of thumb is known. */
  readonly worth: Worth | null;
}

/**
 * @param charter A room's own, or an invented one, whose budget then becomes what the run asks.
 * @throws {CloisterError} What the coordinator would answer to `run start`.
 */
export function settingOf(
  plan: Plan,
  epsilon: number | null,
  charter: Charter,
  members: readonly NamedMember[],
  seed: string,
): Setting {
  const memberIds = members.map(({ memberId }) => memberId);
  const isInvented = charter.room === INVENTED_ROOM;
  // The run without noise is what the others are held against, also where the room would refuse it.
  const open = { ...charter.privacy, unnoisedRuns: "allowed" } as const;
  const common = { ...charter, members: memberIds, privacy: open };
  const played =
    isInvented && epsilon !== null ? withBestOrder(common, plan.task, epsilon) : common;
  const manifest = buildManifest({
    plan: planAt(plan, epsilon, seed),
    charter: played,
    members: memberIds.map((memberId) => ({ memberId, ...NO_KEYS })),
    coordinatorKey: NO_KEYS.identityKey,
    nowMs: 0,
    rng: reproducibleRng(`${seed}/nonce`),
  });
  const worth = worthUnder(played, manifest);
  return { epsilon, charter: played, manifest, runId: runIdOf(manifest), worth };
}

/** Nobody signs anything in a simulation. */
const NO_KEYS = { identityKey: "0".repeat(64), enrolmentSignature: "0".repeat(128) };

/** Initial weights of its own for each seed. */
export function seededTask(task: TaskSpec, seed: string): TaskSpec {
  return task.kind === "train" ? { ...task, model: { ...task.model, seed } } : task;
}

/** The plan with or without noise, everything else as it is; an encoding made for the other kind is left out. */
function planAt(plan: Plan, epsilon: number | null, seed: string): Plan {
  const { encoding, privacy: planned, task } = plan;
  const given = planned === "none" ? {} : planned;
  const privacy = epsilon === null ? "none" : { ...given, epsilon };
  const isForNoise = encoding?.profile === "dp";
  const fits = encoding !== undefined && isForNoise === (epsilon !== null);
  return { task: seededTask(task, seed), privacy, ...(fits && { encoding }) };
}

function worthUnder(charter: Charter, { task, privacy, roster }: Manifest): Worth | null {
  if (!privacy || task.kind !== "train" || task.strategy.kind !== "dpSgd") return null;
  const { maxDropouts, maxColluders, unitsExpected, trainMultiplier, noisePlacement } = privacy;
  const { rounds, samplingProbability } = task.strategy;
  const memberCount = roster.length;
  const cohort = { memberCount, maxDropouts, maxColluders };
  return worthOf({
    noiseMultiplier: trainMultiplier,
    samplingProbability,
    unitsExpected,
    rounds,
    dimension: plannedDimension(charter, task),
    cohort:
      noisePlacement === "central"
        ? { memberCount, maxDropouts: 0, maxColluders: 0 }
        : noiseCohort(cohort, noisePlacement ?? "distributed"),
  });
}

/** The run to be played, by these members. */
export function runOf(
  { charter, manifest, runId }: Setting,
  members: readonly NamedMember[],
  seed: string,
): SimulatedRun {
  const drawsOf = (index: number, attempt: number, { release }: ReleaseShape): Draws => {
    if (release.kind === "noised") {
      const rng = reproducibleRng(`${seed}/${attempt}/${index}`);
      return { work: rng, rounding: rng };
    }
    // As the gate draws, so that a real run of this manifest without noise gives the same model.
    const memberId = members[index]?.memberId ?? "";
    return {
      work: repeatableRng(manifest, runId, memberId, attempt, "work"),
      rounding: repeatableRng(manifest, runId, memberId, attempt, "rounding"),
    };
  };
  const playing = members.map(({ data }) => ({ data, memory: newMemory() }));
  const context = contextOf(charter, manifest);
  return { context, manifest, runId, members: playing, seed, drawsOf };
}

export function survivorsMinOf({ charter, manifest, runId }: Setting): number {
  return sumParams(manifest, charter, runId).survivorsMin;
}
