/** Rules: a member's own, each of which can only refuse. Pure. */
import { isWithinHours } from "../governance.ts";
import type { AgentFacts, DatasetFacts, PolicyFacts, Reason } from "./facts.ts";
import type { LocalPolicy } from "./local-policy.ts";
import { reasonList } from "./reason-list.ts";

export function localReasons(
  { manifest, task, charter }: PolicyFacts,
  policy: LocalPolicy,
): Reason[] {
  const { reasons, refuse } = reasonList();
  const { privacy, purpose, roster } = manifest;
  const { kind } = manifest.task;
  if (policy.tasks && !policy.tasks.includes(kind))
    refuse("local.task", `this member takes no part in ${kind}`);
  if (policy.purposes && !(purpose !== undefined && policy.purposes.includes(purpose)))
    refuse("local.purpose", "this member takes no part in runs of this purpose");
  if (policy.epsilonMax !== undefined && (privacy?.epsilon ?? 0) > policy.epsilonMax)
    refuse("local.epsilon", "the run's ε is above this member's own limit");
  if (policy.sumsMax !== undefined && task.sums > policy.sumsMax)
    refuse("local.sums", "the run has more secure sums than this member allows");
  if (policy.membersMin !== undefined && roster.length < policy.membersMin)
    refuse("local.members", "the run has fewer members than this member asks");
  if (policy.unnoisedRuns === "refused" && kind !== "probe" && !privacy)
    refuse("local.noise", "this member takes no part in runs without noise");
  if (policy.centralNoise === "refused" && privacy?.noisePlacement === "central")
    refuse("local.centralNoise", "this member does not trust the coordinator with exact sums");
  for (const name of policy.columnsRefused ?? []) {
    if ([...task.columns.read, ...task.columns.joined].includes(name))
      refuse("local.column", `this member lets no run read column "${name}"`);
  }
  const receivers = manifest.receivers ?? charter.receivers;
  const handed = receivers ? [...receivers.models, ...receivers.metrics] : [];
  if (policy.receivers && !receivers)
    refuse("local.receivers", "the run does not say who receives what comes out");
  const strangers = handed.filter((name) => policy.receivers && !policy.receivers.includes(name));
  for (const name of new Set(strangers))
    refuse("local.receivers", `this member does not let ${name} have what comes out`);
  return reasons;
}

export function localDatasetReasons(
  { rows, units }: DatasetFacts,
  { policy }: AgentFacts,
): Reason[] {
  const { reasons, refuse } = reasonList();
  if (policy.rowsMin !== undefined && rows < policy.rowsMin)
    refuse("local.rows", "fewer rows than this member asks of itself");
  if (policy.unitsMin !== undefined && units < policy.unitsMin)
    refuse("local.units", "fewer privacy units than this member asks of itself");
  return reasons;
}

/** Only once there is a run: a proposal is what is decided on. */
export function ownWordReasons(
  { nowMs }: PolicyFacts,
  { policy, ownDecision }: AgentFacts,
): Reason[] {
  const { reasons, refuse } = reasonList();
  if (policy.hours && !isWithinHours(policy.hours, nowMs))
    refuse("local.hours", "this member lets runs begin at other hours");
  if (ownDecision === "vetoed") refuse("local.vetoed", "this member vetoed the run");
  if (policy.onlyApproved && ownDecision !== "approved")
    refuse("local.notApproved", "nobody at this member approved the run");
  return reasons;
}
