/**
 * Proposed runs, as a member's agent handles them: it refuses what it could take no part in, approves what the member's
 * own rules let it approve unseen, and keeps the rest for a person. Whatever is said is signed. Pure.
 */
import { taskFactsOf } from "../models/tasks/task-facts.ts";
import { type Decision, signDecision, toWire } from "../shared/charter/decision.ts";
import { approvesUnseen } from "../shared/charter/policy/approves-unseen.ts";
import type { Reason } from "../shared/charter/policy/facts.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { RunQuestion } from "./gate/messages.ts";
import type { MemberParams } from "./member-ports.ts";
import { considerRun, gateFailed, shortened, toldReasons } from "./offer.ts";

const NO_ROOM: Reason = {
  code: "tooManyProposals",
  message: "more runs were proposed here than anybody decides on; wait until some have expired",
};

type Proposed = Extract<CoordinatorMessage, { type: "runProposed" }>;

export function considerProposal(params: MemberParams, { runId, manifest: text }: Proposed): void {
  const considered = considerRun(params, runId, text, null);
  if (considered.type === "declined") return refuse(params, runId, text, considered.reasons);
  const { question } = considered;
  params.gate({ type: "judge", ...question }, (reply) => {
    if (reply.type !== "judged") return refuse(params, runId, text, [gateFailed(reply)]);
    const reasons = reply.rulings.flatMap((ruling) => ruling.reasons);
    if (reasons.length > 0) return refuse(params, runId, text, reasons);
    if (keep(params, runId, text, [])) settle(params, question);
    else refuse(params, runId, text, [NO_ROOM]);
  });
}

/** Says again what was said before; else approves, or waits for a person. */
function settle(params: MemberParams, { runId, manifest, agent }: RunQuestion): void {
  const { charter, vault, report } = params;
  const said = vault.decisionOf(runId);
  if (said) return tell(params, said);
  if (!approvesUnseen(agent.policy, manifest, taskFactsOf(charter, manifest)))
    return report({ type: "proposed", runId, task: manifest.task.kind });
  const approval = signed(params, runId, "approved", []);
  vault.saveDecision(approval);
  // A person may have vetoed it in between, in another process.
  const stands = vault.decisionOf(runId) ?? approval;
  if (stands.decision === "approved") report({ type: "approved", runId });
  tell(params, stands);
}

/** The agent's own refusal is no decision of its member: asked again, it looks again. */
function refuse(
  params: MemberParams,
  runId: string,
  text: string,
  reasons: readonly Reason[],
): void {
  // What is no manifest of this run is nothing that a person could decide on.
  if (!reasons.some(({ code }) => code === "badManifest")) keep(params, runId, text, reasons);
  params.report({ type: "refused", runId, reasons });
  const said = params.vault.decisionOf(runId);
  tell(params, said ?? signed(params, runId, "refused", toldReasons(reasons)));
}

/** What a person decided, or this agent said before. */
export function tell({ send }: MemberParams, decision: Decision): void {
  send({ type: "runDecided", runId: decision.runId, ...toWire(decision) });
}

/** False: there are too many already, and nobody here is going to read it. */
function keep(
  { vault, clock }: MemberParams,
  runId: string,
  manifest: string,
  reasons: readonly Reason[],
): boolean {
  const receivedAtMs = clock.nowMs();
  return vault.saveProposal({ runId, manifest, receivedAtMs, reasons: reasons.map(shortened) });
}

function signed(
  { memberId, identity, clock }: MemberParams,
  runId: string,
  decision: Decision["decision"],
  reasons: readonly Reason[],
): Decision {
  const said = { runId, memberId, decision, reasons: [...reasons], atMs: clock.nowMs() };
  return signDecision(said, identity);
}
