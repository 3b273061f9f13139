/** What the member itself, before it asks its gate, makes of a run that is offered or proposed to it. Pure. */
import { taskFactsOf } from "../models/tasks/task-facts.ts";
import { CloisterError } from "../shared/base/errors.ts";
import { type Decision, fromWire } from "../shared/charter/decision.ts";
import { type Manifest, parseManifest, runIdOf } from "../shared/charter/manifest.ts";
import { decide } from "../shared/charter/policy/decide.ts";
import type { AgentFacts, Reason } from "../shared/charter/policy/facts.ts";
import { LIMITS } from "../shared/protocol/limits.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import { agentFactsOf } from "./agent-facts.ts";
import type { FromGate, RunQuestion } from "./gate/messages.ts";
import type { MemberParams } from "./member-ports.ts";

type Considered =
  /** Nothing yet that refuses it: the gate, which knows the data and the ledger, is to be asked. */
  | { readonly type: "acceptable"; readonly question: RunQuestion }
  | { readonly type: "declined"; readonly reasons: readonly Reason[] };

/** @param decisions Null: the run is only proposed. */
export function considerRun(
  params: MemberParams,
  runId: string,
  text: string,
  decisions: readonly Decision[] | null,
): Considered {
  const manifest = parseManifest(text);
  if (!manifest || runIdOf(manifest) !== runId) {
    const message = "the manifest is not valid or not the one announced";
    return { type: "declined", reasons: [{ code: "badManifest", message }] };
  }
  const agent = agentFacts(params, runId);
  if (agent.type === "unknown") return { type: "declined", reasons: [agent.reason] };
  const { charter, clock } = params;
  const nowMs = clock.nowMs();
  const question = { manifest, runId, decisions, agent: agent.facts, nowMs };
  const task = taskFactsOf(charter, manifest);
  const reasons = decide({ ...question, charter, task, dataset: null, ledger: null });
  return reasons.length > 0 ? { type: "declined", reasons } : { type: "acceptable", question };
}

type Offered = Extract<CoordinatorMessage, { type: "runOffered" }>;
export type Assessed = Extract<FromGate, { type: "assessed" }>;

/** Declines a run, or has the gate take it up: then, and perhaps much later, `join` is called. */
export function answerOffer(
  params: MemberParams,
  { runId, manifest: text, decisions: said }: Offered,
  join: (manifest: Manifest, reply: Assessed) => void,
): void {
  const decline = (given: readonly Reason[]): void => {
    params.send({ type: "runDeclined", runId, reasons: toldReasons(given) });
    params.report({ type: "declined", runId, reasons: [...given] });
  };
  const decisions = said.map((one) => fromWire(runId, one.memberId, one));
  const considered = considerRun(params, runId, text, decisions);
  if (considered.type === "declined") return decline(considered.reasons);
  const { question } = considered;
  params.gate({ type: "assess", ...question }, (reply) => {
    if (reply.type !== "assessed") return decline([gateFailed(reply)]);
    if (reply.reasons.length > 0) return decline(reply.reasons);
    // The gate may have been at work for long, and a person may have vetoed the run, or changed the rules, meanwhile.
    const still = considerRun(params, runId, text, decisions);
    if (still.type === "declined") return decline(still.reasons);
    join(question.manifest, reply);
  });
}

type Known =
  | { readonly type: "known"; readonly facts: AgentFacts }
  | { readonly type: "unknown"; readonly reason: Reason };

/** Own rules that cannot be read allow nothing; why is for this member's screen only. */
function agentFacts(params: MemberParams, runId: string): Known {
  try {
    return { type: "known", facts: agentFactsOf(params, runId) };
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    const message = "this member's own rules cannot be read";
    return { type: "unknown", reason: { code: "local.unreadable", message } };
  }
}

/** A member's own rules are nobody's business: others hear that they refuse, and not which. As many as a message takes. */
export function toldReasons(reasons: readonly Reason[]): Reason[] {
  const told = reasons.filter(({ code }) => !code.startsWith("local."));
  const isLocal = told.length < reasons.length;
  const local = isLocal ? [{ code: "local", message: "this member's own rules refuse it" }] : [];
  return [...local, ...told].slice(0, LIMITS.reasonsMax).map(shortened);
}

/** As long as a message, and the vault, take it. */
export function shortened({ code, message }: Reason): Reason {
  return { code, message: message.slice(0, LIMITS.reasonCharactersMax) };
}

/** The gate's own words may name a path: they stay here, and what others are told is the code. */
export function gateFailed(reply: FromGate): Reason {
  const code = reply.type === "failed" ? reply.code : "gate.unexpected";
  return { code, message: `the gate cannot take up this run (${code})` };
}
