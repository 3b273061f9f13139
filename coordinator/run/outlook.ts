/** What a question would cost, leave and be worth, and whether it was answered before: told before anybody is asked. Pure. */
import { contextOf } from "../../models/tasks/context.ts";
import { type QuestionOutlook, questionOutlook } from "../../models/tasks/question-outlook.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { RunSummary } from "./events.ts";
import { type BudgetShares, budgetShares, type LoggedRun } from "./spent.ts";

export interface Outlook {
  readonly room: string;
  readonly members: number;
  /** Secure sums that the run plans. */
  readonly rounds: number;
  /** Null: without noise. */
  readonly cost: Cost | null;
  readonly question: QuestionOutlook;
  /** The last run of the room that asked the same; null: none did. */
  readonly earlier: Earlier | null;
}

interface Cost {
  readonly epsilon: number;
  readonly delta: number;
  /** ε of the charter's whole budget. */
  readonly budgetEpsilon: number;
  readonly shares: BudgetShares;
}

interface Earlier {
  readonly runId: string;
  readonly endedAtMs: number;
}

type Run = LoggedRun & Pick<RunSummary, "runId" | "endedAtMs" | "deletedAtMs">;

/**
 * @param manifest As it would be proposed.
 * @param runs All of the room's.
 * @throws {CloisterError} `ask.no-question`
 */
export function outlookOf(charter: Charter, manifest: Manifest, runs: readonly Run[]): Outlook {
  const context = contextOf(charter, manifest);
  const question = questionOutlook(context);
  if (!question) {
    const message = `the plan is a ${manifest.task.kind}, and asks no question; propose it with "cloister run start"`;
    throw badInput("ask.no-question", message);
  }
  const asks = taskFor(manifest.task).plannedAsks(context);
  const { budget } = charter.privacy;
  const shares = budgetShares(charter, manifest, runs);
  const { privacy } = manifest;
  return {
    room: manifest.room,
    members: manifest.roster.length,
    rounds: asks.reduce((sum, { count }) => sum + count, 0),
    cost:
      privacy && budget && shares
        ? {
            epsilon: privacy.epsilon,
            delta: privacy.delta,
            budgetEpsilon: budget.epsilon,
            shares,
          }
        : null,
    question,
    earlier: earlierRun(manifest, runs),
  };
}

/**
 * Of the same members, under the same charter, with the same noise: what it would answer was answered. And for the same
 * purpose and receivers: what members approved for one is not an answer for another.
 */
function earlierRun(manifest: Manifest, runs: readonly Run[]): Earlier | null {
  const wanted = sameness(manifest);
  const found = runs.filter(
    (run) =>
      run.status === "completed" && run.deletedAtMs === null && sameness(run.manifest) === wanted,
  );
  const ended = found.flatMap(({ runId, endedAtMs }) =>
    endedAtMs === null ? [] : [{ runId, endedAtMs }],
  );
  return ended.sort((a, b) => b.endedAtMs - a.endedAtMs)[0] ?? null;
}

function sameness(manifest: Manifest): string {
  const { privacy, roster, charterHash, encoding, purpose, receivers } = manifest;
  const members = roster.map(({ memberId }) => memberId).sort();
  // Drawn for each run, whatever it asks.
  const task = { ...manifest.task, salt: null };
  const all = { task, privacy, members, charterHash, encoding, purpose, receivers };
  return canonicalJson(JSON.parse(JSON.stringify(all)) as Json);
}
