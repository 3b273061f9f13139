/**
 * The zCDP accountant: adds up ρ, where a release's Rényi divergence is at most ρα at every order α.
 * Pure. Exact for discrete Gaussian vectors; it knows no amplification by sampling.
 */
import { assert } from "../../base/assert.ts";
import { notCounted, type PrivacyAccountant, singleEvents } from "./accountant.ts";
import type { SingleDpEvent } from "./events.ts";
import { epsilonAtOrder, type OptimalEpsilon } from "./rdp.ts";

/** The accountant of concentrated privacy, after releases that cost `rho` together. */
export function zcdpAccountant(rho = 0): PrivacyAccountant {
  assert(rho >= 0, "ρ is not negative");
  return {
    compose(event) {
      const added = singleEvents(event).map((part) => part.count * rhoOfEvent(part.event));
      return zcdpAccountant(added.reduce((sum, one) => sum + one, rho));
    },
    getEpsilon(delta) {
      if (rho === 0) return 0;
      return delta === 0 ? Number.POSITIVE_INFINITY : epsilonOfZcdp(rho, delta).epsilon;
    },
    getDelta: (epsilon) => deltaOfZcdp(rho, epsilon),
  };
}

/**
 * ρ of one event. An ε-private one has ε²/2 (Bun and Steinke 2016, proposition 1.4).
 *
 * @throws {CloisterError} `privacy.event-not-counted` For sampled events and mixtures.
 */
export function rhoOfEvent(event: SingleDpEvent): number {
  switch (event.kind) {
    case "gaussian":
      return 1 / (2 * event.noiseMultiplier ** 2);
    case "poissonSampled":
      if (event.samplingProbability === 1) return rhoOfEvent(event.event);
      throw uncounted(event.kind);
    case "discreteGaussian":
      return event.sensitivity ** 2 / (2 * event.sigmaSquared);
    case "laplace":
      return 1 / (2 * event.noiseMultiplier ** 2);
    case "discreteLaplace":
      return (event.noiseParameter * event.sensitivity) ** 2 / 2;
    case "zcdp":
      return event.rho;
    default:
      throw uncounted(event.kind);
  }
}

function uncounted(kind: string): Error {
  return notCounted("zCDP", kind, "use the Rényi or the privacy loss distribution's");
}

/**
 * The smallest ε at δ over all real orders. The derivative of ρα + ln(1 − 1/α) − ln(δα)/(α − 1) is
 * ρ + ln(δα)/(α − 1)², so the best order is the root of ρ(α − 1)² = −ln(δα), and the only one.
 *
 * @param rho > 0.
 * @param delta In (0, 1).
 * @see Canonne, Kamath and Steinke 2020, proposition 12.
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

/** δ at ε: that proposition solved for δ, in logarithms; at most 1. */
function deltaOfZcdp(rho: number, epsilon: number): number {
  assert(epsilon >= 0, "ε is not negative");
  if (rho === 0) return 0;
  const logAt = (order: number): number =>
    (order - 1) * (rho * order - epsilon + Math.log1p(-1 / order)) - Math.log(order);
  return Math.min(1, Math.exp(leastOverOrders(logAt)));
}

/** Golden section over ln(α − 1); any order gives a valid bound, the best one the least. */
function leastOverOrders(bound: (order: number) => number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  const at = (log: number): number => bound(1 + Math.exp(log));
  let [low, high] = [Math.log(1e-6), Math.log(1e9)];
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [atLeft, atRight] = [at(left), at(right)];
  for (let i = 0; i < 100; i++) {
    if (atLeft < atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = at(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = at(right);
    }
  }
  return Math.min(atLeft, atRight);
}
