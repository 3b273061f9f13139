/** What members' ledgers and gates would still allow as a run goes on. Pure. */
import { answersMax, partitionOf } from "../../agent/gate/plan.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { privacyEvent } from "../../models/tasks/privacy-events.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { mayRelease } from "../../shared/privacy/accounting/budget.ts";
import type { Conditions } from "./federation.ts";

interface Price {
  readonly partition: string;
  /** Divergence of one answer at the budget's order; 0: it carries no guarantee and costs nothing. */
  readonly rdp: number;
  readonly limit: number;
  readonly answersMax: number;
}

/**
 * Each answer is charged to the member that gives it, whatever becomes of the attempt; none beyond the charter's budget,
 * untouched at first, or beyond the plan's own number of answers is given.
 */
export function answerBook(charter: Charter, manifest: Manifest): Conditions["answers"] {
  const answered = new Map<string, number>();
  const spent = new Map<string, number>();
  const prices = new Map<string, Price>();
  return (member, kind) => {
    const price = prices.get(kind) ?? priceOf(charter, manifest, kind);
    prices.set(kind, price);
    const [count, account] = [`${member}/${kind}`, `${member}/${price.partition}`];
    const answers = (answered.get(count) ?? 0) + 1;
    const rdp = (spent.get(account) ?? 0) + price.rdp;
    if (answers > price.answersMax || (price.rdp > 0 && rdp > price.limit)) return false;
    answered.set(count, answers);
    spent.set(account, rdp);
    return true;
  };
}

function priceOf(charter: Charter, manifest: Manifest, kind: string): Price {
  const shape = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), kind);
  const event = privacyEvent(shape);
  const { budget } = charter.privacy;
  const { rdp, limit } =
    event && budget ? mayRelease({ rdp: 0, tail: 0 }, event, budget) : { rdp: 0, limit: 0 };
  const partition = partitionOf(charter, manifest, kind);
  return { partition, rdp, limit, answersMax: answersMax(charter, manifest, kind) };
}
