/** A run that nothing refuses, and ways to change what is known of it. Pure. */
import { taskFactsOf } from "../../../../models/tasks/task-facts.ts";
import type { Charter } from "../../../../shared/charter/charter.ts";
import type { Manifest } from "../../../../shared/charter/manifest.ts";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import { decide } from "../../../../shared/charter/policy/decide.ts";
import type { AgentFacts, PolicyFacts } from "../../../../shared/charter/policy/facts.ts";
import { LocalPolicy } from "../../../../shared/charter/policy/local-policy.ts";
import { memberIds, smallCharter } from "../../../support/charters.ts";
import { agentOf, approvalsOf, signedManifest } from "../../../support/manifests.ts";

/** A Wednesday, 12:00 UTC. */
export const NOON_MS = Date.parse("2026-11-25T12:00:00Z");

export const CHARTER = smallCharter(memberIds(3));

export interface Case {
  /** Signed anew by everybody. */
  readonly charter?: Partial<Charter>;
  /** As it is signed and approved. */
  readonly manifest?: Partial<Manifest>;
  readonly policy?: object;
  readonly agent?: Partial<AgentFacts>;
  /** Afterwards: nobody signs this. */
  readonly facts?: Partial<PolicyFacts>;
}

export function factsOf({
  charter: terms,
  manifest: plan,
  policy,
  agent,
  facts,
}: Case): PolicyFacts {
  const charter = { ...CHARTER, ...terms };
  const manifest = signedManifest(charter, { createdAtMs: NOON_MS - 3_600_000, ...plan });
  return {
    charter,
    manifest,
    runId: runIdOf(manifest),
    task: taskFactsOf(charter, manifest),
    nowMs: NOON_MS,
    decisions: approvalsOf(manifest),
    agent: {
      ...agentOf("bank-1", manifest),
      policy: LocalPolicy.parse({ version: 1, ...policy }),
      ...agent,
    },
    dataset: { rows: 40, units: 30 },
    ledger: { partitions: [{ partition: "train", fits: true }] },
    ...facts,
  };
}

export const codesOf = (change: Case): string[] => decide(factsOf(change)).map(({ code }) => code);
