/** Zero-concentrated privacy: divergence at most ρα at every order α. Pure. */
import { assert } from "../../base/assert.ts";
import { epsilonAtOrder, type OptimalEpsilon } from "./rdp.ts";

/**
 * The smallest ε at δ over all real orders. The derivative of ρα + ln(1 − 1/α) − ln(δα)/(α − 1) is
 * ρ + ln(δα)/(α − 1)², so the best order is the root of ρ(α − 1)² = −ln(δα), and the only one.
 *
 * @see Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, NeurIPS 2020,
 *   proposition 12; Bun and Steinke 2016 for ρ-zCDP.
 */
export function epsilonOfZcdp(rho: number, delta: number): OptimalEpsilon {
  assert(Number.isFinite(rho) && rho > 0, "ρ is positive and finite");
  assert(delta > 0 && delta < 1, "δ is in (0, 1)");
  let [low, high] = [1, 1 / delta];
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (rho * (middle - 1) ** 2 + Math.log(delta * middle) < 0) low = middle;
    else high = middle;
  }
  return { epsilon: epsilonAtOrder(rho * high, delta, high), order: high };
}
