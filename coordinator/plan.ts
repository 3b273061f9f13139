/** A plan becomes a manifest: the roster is fixed and the noise is calibrated for the budget asked. Pure. */

import { checkEncoding } from "../models/tasks/encoding.ts";
import { type Partition, plannedReleases } from "../models/tasks/privacy-events.ts";
import { taskFor } from "../models/tasks/registry.ts";
import { taskFactsOf } from "../models/tasks/task-facts.ts";
import { checkNoised } from "../models/tasks/train-shape.ts";
import { toHex } from "../shared/base/bytes.ts";
import { DAY_MS } from "../shared/base/calendar.ts";
import { counted } from "../shared/base/counted.ts";
import { type Rng, randomBytes } from "../shared/base/env.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { type Charter, charterHash } from "../shared/charter/charter.ts";
import {
  type Manifest,
  type ManifestPrivacy,
  type Plan,
  runIdOf,
} from "../shared/charter/manifest.ts";
import type { MatchTask } from "../shared/charter/match-spec.ts";
import { decide } from "../shared/charter/policy/decide.ts";
import { isModelTask, type TaskSpec } from "../shared/charter/task-spec.ts";
import type { RenyiBudget } from "../shared/privacy/accounting/budget.ts";
import { calibrateNoiseMultiplier } from "../shared/privacy/accounting/calibrate.ts";
import { decoysFor } from "../shared/privacy/accounting/calibrate-decoys.ts";
import { defaultCohort } from "../shared/privacy/mechanism/noise-share.ts";
import type { EnrolledMember } from "./store.ts";

const VALID_DAYS = 7;
/** Training rounds for which the budget is kept back, as a share. */
const RETRIES_SHARE = 0.03;

export interface ManifestInputs {
  readonly plan: Plan;
  readonly charter: Charter;
  readonly members: readonly EnrolledMember[];
  /** By key. Left out: nobody asks how old keys are. */
  readonly keysSinceMs?: ReadonlyMap<string, number>;
  /** Hexadecimal. */
  readonly coordinatorKey: string;
  readonly nowMs: number;
  readonly rng: Rng;
}

/**
 * The manifest of a plan that no rule refuses, as far as the coordinator can know: agents ask again.
 *
 * @throws {CloisterError} As `buildManifest`; and `plan.refused`, with every reason at once.
 */
export function agreedManifest(inputs: ManifestInputs): Manifest {
  const { charter, nowMs, keysSinceMs } = inputs;
  const manifest = buildManifest(inputs);
  const runId = runIdOf(manifest);
  const task = taskFactsOf(charter, manifest);
  const unknown = { decisions: null, agent: null, dataset: null, ledger: null };
  const reasons = decide({ charter, manifest, runId, task, nowMs, keysSinceMs, ...unknown });
  if (reasons.length === 0) return manifest;
  const why = reasons.map(({ code, message }) => `${message} (${code})`).join("; ");
  throw new CloisterError("plan.refused", `every agent would refuse: ${why}`, EXIT.refused);
}

/** @throws {CloisterError} If the plan cannot be carried out under the charter; says what to change. */
export function buildManifest({
  plan: proposed,
  charter,
  members,
  coordinatorKey,
  nowMs,
  rng,
}: ManifestInputs): Manifest {
  const plan = { ...proposed, task: salted(proposed.task, rng) };
  if (!charter.tasks.includes(plan.task.kind)) {
    throw badInput(
      "plan.task",
      `the charter of room "${charter.room}" does not allow the task ${plan.task.kind}`,
    );
  }
  if (members.length < charter.minimums.members) {
    throw badInput(
      "plan.members",
      `${counted(members.length, "member is", "members are")} enrolled, the charter asks for ${charter.minimums.members}; invite the others first (cloister room show)`,
    );
  }
  const manifest: Manifest = {
    version: 1,
    room: charter.room,
    charterHash: charterHash(charter),
    coordinatorKey,
    roster: members.map((member) => ({ ...member })),
    task: plan.task,
    privacy: privacyOf(
      plan,
      charter,
      members.map(({ memberId }) => memberId),
    ),
    ...(plan.encoding && { encoding: plan.encoding }),
    ...(plan.purpose !== undefined && { purpose: plan.purpose }),
    ...(plan.receivers && { receivers: plan.receivers }),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + Math.ceil((plan.validDays ?? VALID_DAYS) * DAY_MS),
    nonce: toHex(randomBytes(rng, 16)),
  };
  checkEncoding(charter, manifest);
  return manifest;
}

/** Sketches of one run are like those of no other. */
function salted(task: TaskSpec, rng: Rng): TaskSpec {
  if (task.kind !== "overlap" || task.salt !== undefined) return task;
  return { ...task, salt: toHex(randomBytes(rng, 16)) };
}

function privacyOf(
  plan: Plan,
  charter: Charter,
  memberIds: readonly string[],
): ManifestPrivacy | null {
  const memberCount = memberIds.length;
  const { budget, unnoisedRuns, unitsExpected } = charter.privacy;
  if (plan.privacy === "none" || plan.task.kind === "probe") {
    if (unnoisedRuns === "refused" && plan.task.kind !== "probe") {
      throw badInput(
        "plan.privacy",
        "the charter refuses runs without noise; set privacy.epsilon in the plan",
      );
    }
    return null;
  }
  if (plan.task.kind === "train") checkNoised({ spec: plan.task, schema: charter.schema });
  if (!budget || unitsExpected === null)
    throw badInput("plan.privacy", "the charter gives no privacy budget; plan with privacy: none");
  const { epsilon, noisePlacement } = plan.privacy;
  if (noisePlacement === "central" && charter.privacy.centralNoise !== "allowed") {
    throw badInput(
      "plan.central-noise",
      "the charter does not trust the coordinator with exact sums; use noisePlacement: distributed, " +
        "or let every member sign a charter with privacy.centralNoise: allowed",
    );
  }
  if (epsilon > budget.epsilon) {
    throw badInput(
      "plan.epsilon",
      `privacy.epsilon ${epsilon} exceeds the charter's budget of ${budget.epsilon}`,
    );
  }
  const { delta } = budget;
  if (plan.task.kind === "match")
    return decoysOf(plan.task, { ...budget, epsilon }, unitsExpected, memberCount, noisePlacement);
  const usual = defaultCohort(memberCount);
  const maxDropouts = taskFor(plan.task).needsEveryMember?.(plan.task) ? 0 : usual.maxDropouts;
  const cohort = { ...usual, maxDropouts, ...definedOnly(plan.privacy) };
  const common = { epsilon, delta, order: budget.rdpOrder };
  const multipliers = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected };
  const { schema, rowsMax } = charter;
  const context = {
    spec: plan.task,
    schema,
    rowsMax,
    memberCount,
    memberIds,
    noise: multipliers,
  };
  const planned = plannedReleases(plan.task, context);
  const calibrated = (partition: Partition, reserve: number): number => {
    const releases = planned.find((one) => one.partition === partition);
    if (!releases) return 1; // Nothing is released of it.
    const { event, count } = releases;
    const samplingProbability = event.kind === "poissonSampled" ? event.samplingProbability : 1;
    const roundCount = count + Math.ceil(reserve * count);
    return calibrateNoiseMultiplier({ ...common, samplingProbability, roundCount }).noiseMultiplier;
  };
  return {
    epsilon,
    delta,
    // A round that breaks off after the masked vectors left is paid for, and asked again: keep a reserve. A question
    // of one round keeps none: it would double the noise of every answer.
    trainMultiplier: calibrated("train", isModelTask(plan.task) ? RETRIES_SHARE : 0),
    holdoutMultiplier: calibrated("holdout", 0),
    unitsExpected,
    maxDropouts: cohort.maxDropouts,
    maxColluders: cohort.maxColluders,
    ...(noisePlacement && noisePlacement !== "distributed" && { noisePlacement }),
  };
}

/** The noise of a matching: members' own, and safe with all others colluding. Everyone has to stay. */
function decoysOf(
  { identifiersPerUnitMax = 1 }: MatchTask,
  target: RenyiBudget,
  unitsExpected: number,
  memberCount: number,
  noisePlacement = "distributed",
): ManifestPrivacy {
  if (noisePlacement !== "distributed") {
    const message = "the noise of a match is decoys, of every member; leave out noisePlacement";
    throw badInput("match.noise-placement", message);
  }
  return {
    epsilon: target.epsilon,
    delta: target.delta,
    trainMultiplier: 1,
    holdoutMultiplier: 1,
    unitsExpected,
    maxDropouts: 0,
    maxColluders: memberCount - 1,
    decoys: decoysFor(target, identifiersPerUnitMax),
  };
}

function definedOnly(privacy: {
  maxDropouts?: number | undefined;
  maxColluders?: number | undefined;
}): { maxDropouts?: number; maxColluders?: number } {
  const { maxDropouts, maxColluders } = privacy;
  return {
    ...(maxDropouts === undefined ? {} : { maxDropouts }),
    ...(maxColluders === undefined ? {} : { maxColluders }),
  };
}
