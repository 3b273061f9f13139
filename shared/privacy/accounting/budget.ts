/**
 * The ledger's rule: may this release happen? Pure: it reads what was spent and what is asked, and
 * answers; recording, before anything leaves, is the ledger's work. Nothing is ever paid back.
 */
import { assert } from "../../base/assert.ts";
import type { DpEvent } from "./events.ts";
import { epsilonAtOrder } from "./rdp.ts";
import { addEventInPlace, rdpSpent, type Spending } from "./spending.ts";

/** A data set's budget. The order is fixed with the budget: that is what makes the rule valid. */
export interface RenyiBudget {
  readonly epsilon: number;
  readonly delta: number;
  /** α*: the one Rényi order at which spending is added up. */
  readonly rdpOrder: number;
}

/** An answer with its numbers. All are Rényi divergences at the budget's order. */
export interface Ruling {
  readonly allowed: boolean;
  /** What this release costs; what the ledger records with it. */
  readonly rdp: number;
  readonly spentBefore: number;
  readonly spentAfter: number;
  readonly limit: number;
}

/**
 * B: the Rényi divergence at α* that (ε, δ) allows: ε − ln(1 − 1/α*) + ln(δα*)/(α* − 1). Zero or
 * less if the order is too low for the budget; then nothing may be released.
 *
 * @see Canonne, Kamath and Steinke 2020, proposition 12, solved for the divergence.
 */
export function rdpLimit(budget: RenyiBudget): number {
  const { epsilon, delta, rdpOrder } = budget;
  assert(epsilon > 0 && Number.isFinite(epsilon), "ε of a budget is positive and finite");
  assert(delta > 0 && delta < 1, "δ of a budget is in (0, 1)");
  assert(rdpOrder > 1 && Number.isFinite(rdpOrder), "a Rényi order is above 1 and finite");
  return epsilon - Math.log1p(-1 / rdpOrder) + Math.log(delta * rdpOrder) / (rdpOrder - 1);
}

/**
 * The whole order from 2 to 1024 at which (ε, δ) buys the most unsampled Gaussian noise, that is,
 * the largest B(α)/α: a sound choice of α* when little is known about the runs to come.
 */
export function recommendedOrder(epsilon: number, delta: number): number {
  let best = 2;
  const worth = (rdpOrder: number): number => rdpLimit({ epsilon, delta, rdpOrder }) / rdpOrder;
  for (let order = 3; order <= 1024; order++) if (worth(order) > worth(best)) best = order;
  return best;
}

/**
 * A Rényi filter: allow while the sum of costs at α* is at most B. Valid also when each release's
 * parameters were chosen after seeing the results of those before.
 *
 * @param spentRdp Sum of the costs of everything recorded so far, at the budget's order.
 * @see Feldman and Zrnic, Individual Privacy Accounting via a Rényi Filter, NeurIPS 2021, §4 (the
 *   filter with one bound for all units).
 */
export function mayRelease(spentRdp: number, event: DpEvent, budget: RenyiBudget): Ruling {
  assert(spentRdp >= 0, "what is spent is not negative");
  const limit = rdpLimit(budget);
  const asked: Spending = new Map();
  addEventInPlace([asked], event);
  const rdp = rdpSpent(asked, budget.rdpOrder);
  const spentAfter = spentRdp + rdp;
  // Written so that NaN refuses.
  return { allowed: spentAfter <= limit, rdp, spentBefore: spentRdp, spentAfter, limit };
}

/** ε at the budget's δ and order of what is spent: 0 before the first release, then at most ε. */
export function epsilonSpent(spentRdp: number, budget: RenyiBudget): number {
  assert(spentRdp >= 0, "what is spent is not negative");
  return spentRdp === 0 ? 0 : epsilonAtOrder(spentRdp, budget.delta, budget.rdpOrder);
}

/** Which part of the budget is gone, 0 … 1: what a person is shown, for it grows evenly. */
export function shareSpent(spentRdp: number, budget: RenyiBudget): number {
  const limit = rdpLimit(budget);
  return limit > 0 ? Math.min(1, spentRdp / limit) : 1;
}
