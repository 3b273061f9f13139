/** Rules: did the members whom the charter asks sign this very run? Pure. */
import { type Decision, isSignedDecision, standingOf } from "../decision.ts";
import type { PolicyFacts, Reason } from "./facts.ts";
import { reasonList } from "./reason-list.ts";

export function approvalReasons(
  { charter, manifest, runId }: PolicyFacts,
  decisions: readonly Decision[],
): Reason[] {
  const { reasons, refuse } = reasonList();
  for (const decision of decisions) {
    if (!isSignedDecision(manifest, runId, decision))
      refuse("approvalInvalid", `what ${decision.memberId} is said to have signed does not hold`);
  }
  if (reasons.length > 0) return reasons;
  const standing = standingOf(charter, decisions);
  if (standing.type === "vetoed") refuse("vetoed", `${standing.by} vetoed the run`);
  if (standing.type !== "open") return reasons;
  const { approvals, required, missing } = standing;
  if (approvals < required)
    refuse("tooFewApprovals", `${approvals} of the ${required} members that must sign did`);
  for (const name of missing)
    refuse("approvalMissing", `${name} has not signed, without whom nothing runs`);
  return reasons;
}
