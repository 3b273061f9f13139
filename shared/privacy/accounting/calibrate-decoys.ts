/** How many coins binomial noise needs: the fewest that keep a guarantee under the ledger's rule. Pure. */
import { badInput } from "../../base/errors.ts";
import { type RenyiBudget, rdpLimit, tailShare } from "./budget.ts";
import { BINOMIAL_TRIALS_MAX, type BinomialDpEvent } from "./events.ts";
import { rdpBinomial } from "./rdp-binomial.ts";

/** One release whose numbers have so many coins each added; its tail is `tailShare` of the budget's δ. */
export function decoyEvent(trials: number, sensitivity: number, delta: number): BinomialDpEvent {
  return { kind: "binomial", trials, sensitivity, delta: tailShare(delta) };
}

/**
 * The fewest coins, an even number, at which one release is within (ε, δ) at the order.
 *
 * @param sensitivity ℓ1, as in the event.
 * @throws {CloisterError} `privacy.target-unreachable` If 2^20 are too few.
 */
export function decoysFor(target: RenyiBudget, sensitivity: number): number {
  const limit = rdpLimit(target);
  const fits = (pairs: number): boolean =>
    rdpBinomial(decoyEvent(2 * pairs, sensitivity, target.delta), target.rdpOrder) <= limit;
  const most = BINOMIAL_TRIALS_MAX / 2;
  if (!fits(most)) {
    const message = `no number of decoys gives ε = ${target.epsilon} at δ = ${target.delta} and Rényi order ${target.rdpOrder}: raise ε`;
    throw badInput("privacy.target-unreachable", message);
  }
  let [bad, good] = [0, 1];
  while (!fits(good)) [bad, good] = [good, Math.min(most, 2 * good)];
  while (good - bad > 1) {
    const middle = Math.floor((bad + good) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return 2 * good;
}
