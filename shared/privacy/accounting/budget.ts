/**
 * The ledger's rule: may this release happen? Pure: it reads what was spent and what is asked, and
 * answers; recording, before anything leaves, is the ledger's work. Nothing is ever paid back.
 */
import { assert } from "../../base/assert.ts";
import type { DpEvent } from "./events.ts";
import { epsilonAtOrder, tailOfEvent } from "./rdp.ts";
import { addEventInPlace, rdpSpent, type Spending } from "./spending.ts";

/** A data set's budget. The order is fixed with the budget: that is what makes the rule valid. */
export interface RenyiBudget {
  readonly epsilon: number;
  readonly delta: number;
  /** α*: the one Rényi order at which spending is added up. */
  readonly rdpOrder: number;
}

/** What was lost at one Rényi order: a divergence, and δ beside it (see `tailOfEvent`). */
export interface Loss {
  readonly rdp: number;
  readonly tail: number;
}

/**
 * The part of every budget's δ that is set aside for the tails of bounded noise, from the beginning: a release's part
 * is 2^−10 of it. So little that no other number shows it, and binomial noise needs a twelfth more coins for it, at
 * (1, 10⁻⁶), than if it had a thousandth of δ.
 */
const TAIL_SHARE = 2 ** -44;
const TAIL_RELEASES = 1024;

/** δ₀ of one release with bounded noise: a thousand of them use up what is set aside. */
export const tailShare = (delta: number): number => (delta * TAIL_SHARE) / TAIL_RELEASES;

/** An answer with its numbers: Rényi divergences at the budget's order, but for the last. */
export interface Ruling {
  readonly allowed: boolean;
  /** What this release costs; what the ledger records with it. */
  readonly rdp: number;
  readonly spentBefore: number;
  readonly spentAfter: number;
  readonly limit: number;
  /** δ that all tails take together, this release's too: see `tailOfEvent`. */
  readonly tailAfter: number;
}

/**
 * B: the Rényi divergence at α* that (ε, δ) allows: ε − ln(1 − 1/α*) + ln(δα*)/(α* − 1). Zero or
 * less if the order is too low for the budget; then nothing may be released.
 *
 * @see Canonne, Kamath and Steinke 2020, proposition 12, solved for the divergence.
 */
export function rdpLimit(budget: RenyiBudget): number {
  const { epsilon, rdpOrder } = budget;
  const delta = divergenceDelta(budget);
  assert(epsilon > 0 && Number.isFinite(epsilon), "ε of a budget is positive and finite");
  assert(delta > 0 && delta < 1, "δ of a budget is in (0, 1)");
  assert(rdpOrder > 1 && Number.isFinite(rdpOrder), "a Rényi order is above 1 and finite");
  return epsilon - Math.log1p(-1 / rdpOrder) + Math.log(delta * rdpOrder) / (rdpOrder - 1);
}

/** δ at which divergences become ε. */
const divergenceDelta = ({ delta }: RenyiBudget): number => delta * (1 - TAIL_SHARE);

/** Whether the tails of all releases are within what is set aside for them. */
export const isTailWithin = (tail: number, { delta }: RenyiBudget): boolean =>
  tail <= delta * TAIL_SHARE;

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
 * A Rényi filter: allow while the sum of costs at α* is at most B, and the sum of tails at most what is set aside.
 * Valid also when each release's parameters were chosen after seeing the results of those before: two fixed bounds
 * hold whatever happens, where trading one for the other on the way would not.
 *
 * @param spent Sum of the costs of everything recorded so far, at the budget's order.
 * @see Feldman and Zrnic, Individual Privacy Accounting via a Rényi Filter, NeurIPS 2021, §4 (the
 *   filter with one bound for all units).
 * @see Whitehouse, Ramdas, Rogers and Wu, Fully-Adaptive Composition in Differential Privacy, ICML 2023 (the same of
 *   approximate zCDP, with a bound for each of the two sums).
 */
export function mayRelease(spent: Loss, event: DpEvent, budget: RenyiBudget): Ruling {
  assert(spent.rdp >= 0 && spent.tail >= 0, "what is spent is not negative");
  const limit = rdpLimit(budget);
  const asked: Spending = new Map();
  addEventInPlace([asked], event);
  const rdp = rdpSpent(asked, budget.rdpOrder);
  const spentAfter = spent.rdp + rdp;
  const tailAfter = spent.tail + tailOfEvent(event);
  // Written so that NaN refuses.
  const allowed = spentAfter <= limit && isTailWithin(tailAfter, budget);
  return { allowed, rdp, spentBefore: spent.rdp, spentAfter, limit, tailAfter };
}

/** ε at the budget's δ and order of what is spent: 0 before the first release, then at most ε. */
export function epsilonSpent(spentRdp: number, budget: RenyiBudget): number {
  assert(spentRdp >= 0, "what is spent is not negative");
  return spentRdp === 0 ? 0 : epsilonAtOrder(spentRdp, divergenceDelta(budget), budget.rdpOrder);
}

/** Which part of the budget is gone, 0 … 1: what a person is shown, for it grows evenly. Of either bound, the nearer. */
export function shareSpent({ rdp, tail }: Loss, budget: RenyiBudget): number {
  const limit = rdpLimit(budget);
  if (limit <= 0) return 1;
  return Math.min(1, Math.max(rdp / limit, tail / (budget.delta * TAIL_SHARE)));
}
