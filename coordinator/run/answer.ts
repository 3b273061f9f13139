/** What a run that asked a question came to. Pure. */
import type { Answer } from "../../models/answers/answer.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { RunSummary } from "./events.ts";

/**
 * @param state The task's last; null: there is none.
 * @throws {CloisterError} If the run asked none, or has no answer yet.
 */
export function answerOf(
  charter: Charter,
  { runId, manifest, status }: Pick<RunSummary, "runId" | "manifest" | "status">,
  state: Uint8Array | null,
): Answer {
  const task = taskFor(manifest.task);
  const short = runId.slice(0, 12);
  if (!task.answer) {
    const message = `run ${short} asked no question: it is a ${manifest.task.kind}`;
    throw badInput("answer.none", message);
  }
  const context = contextOf(charter, manifest);
  const answer = state && task.answer(context, task.decodeState(context, state));
  if (answer) return answer;
  const message = `run ${short} is ${status} and has no answer${status === "running" ? " yet" : ""}`;
  throw badInput("answer.none", message);
}
