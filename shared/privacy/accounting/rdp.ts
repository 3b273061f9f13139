/**
 * The Rényi accountant: events in, (ε, δ) out. Pure. Divergences at a fixed order add up, also when
 * each release's parameters are chosen after seeing the results of those before.
 */
import { assert } from "../../base/assert.ts";
import { notCounted, type PrivacyAccountant, type Repeated, singleEvents } from "./accountant.ts";
import type { DpEvent, SingleDpEvent } from "./events.ts";
import { rdpBinomial } from "./rdp-binomial.ts";
import { rdpSampledGaussian } from "./rdp-gaussian.ts";
import { rdpDiscreteGaussian, rdpDiscreteLaplace, rdpLaplace } from "./rdp-noise.ts";

export { rdpSampledGaussian } from "./rdp-gaussian.ts";

/** 1.1, 1.2 … 10.9, 11 … 63, 128, 256, 512, 1024: the orders at which curves are kept. */
export const RDP_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (11 + i) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  ...[128, 256, 512, 1024],
];

/**
 * The accountant that keeps a curve of divergences over `orders`.
 *
 * @throws {CloisterError} `privacy.event-not-counted` For mixtures of Gaussians and truncated samples.
 */
export function rdpAccountant(orders: readonly number[] = RDP_ORDERS): PrivacyAccountant {
  return withCurve(new Float64Array(orders.length), 0, orders);
}

/** @param tail δ that is gone whatever the curve says: see `tailOfEvent`. */
function withCurve(
  curve: Float64Array,
  tail: number,
  orders: readonly number[],
): PrivacyAccountant {
  return {
    compose(event) {
      const added = curveOf(singleEvents(event), orders);
      return withCurve(
        curve.map((rdp, i) => rdp + (added[i] ?? 0)),
        tail + tailOfEvent(event),
        orders,
      );
    },
    getEpsilon(delta) {
      if (delta === 0) return pureEpsilon(curve);
      return tail < delta
        ? epsilonOfCurve(curve, delta - tail, orders).epsilon
        : Number.POSITIVE_INFINITY;
    },
    getDelta: (epsilon) => Math.min(1, tail + deltaOfCurve(curve, epsilon, orders)),
  };
}

/** Rényi divergences of finite order show no pure guarantee, except for nothing at all. */
function pureEpsilon(curve: Float64Array): number {
  return curve.every((rdp) => rdp === 0) ? 0 : Number.POSITIVE_INFINITY;
}

function curveOf(events: readonly Repeated[], orders: readonly number[]): Float64Array {
  return Float64Array.from(orders, (order) =>
    events.reduce((sum, { event, count }) => sum + count * rdpOfSingle(event, order), 0),
  );
}

/**
 * Rényi divergence of order α of one event, add-or-remove-one.
 *
 * @param order α > 1, any real number.
 * @throws {CloisterError} `privacy.event-not-counted` If there is no rule for the event's kind.
 */
export function rdpOfEvent(event: DpEvent, order: number): number {
  switch (event.kind) {
    case "selfComposed":
      return event.count * rdpOfSingle(event.event, order);
    case "composed":
      return event.events.reduce((sum, part) => sum + rdpOfEvent(part, order), 0);
    default:
      return rdpOfSingle(event, order);
  }
}

function rdpOfSingle(event: SingleDpEvent, order: number): number {
  switch (event.kind) {
    case "gaussian":
      return rdpSampledGaussian(1, event.noiseMultiplier, order);
    case "poissonSampled":
      return rdpSampledGaussian(event.samplingProbability, event.event.noiseMultiplier, order);
    case "laplace":
      return rdpLaplace(event.noiseMultiplier, order);
    case "discreteLaplace":
      return rdpDiscreteLaplace(event.noiseParameter, event.sensitivity, order);
    case "discreteGaussian":
      return rdpDiscreteGaussian(event.sigmaSquared, event.sensitivity, order);
    case "zcdp":
      return event.rho * order;
    case "binomial":
      return rdpBinomial(event, order);
    default:
      // Also what the types rule out: an event of a later version, read from a file.
      throw notCounted("Rényi", event.kind, "use the privacy loss distribution's");
  }
}

/**
 * δ that an event takes beside its divergence: the divergence is that of neighbours which are the true ones but for so
 * much of their mass. Like divergences these add up, adaptively too.
 *
 * @see Bun and Steinke, Concentrated Differential Privacy, TCC 2016, §8.
 */
export function tailOfEvent(event: DpEvent): number {
  switch (event.kind) {
    case "selfComposed":
      return event.count * tailOfEvent(event.event);
    case "composed":
      return event.events.reduce((sum, part) => sum + tailOfEvent(part), 0);
    default:
      return event.kind === "binomial" ? event.delta : 0;
  }
}

/** `rdpOfEvent` at each of `orders`. Shape [orders]. */
export function rdpCurve(event: DpEvent, orders: readonly number[] = RDP_ORDERS): Float64Array {
  return Float64Array.from(orders, (order) => rdpOfEvent(event, order));
}

/**
 * ε at δ from the divergence at one order: r + ln(1 − 1/α) − ln(δα)/(α − 1), not below 0.
 *
 * @see Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, NeurIPS 2020,
 *   proposition 12.
 */
export function epsilonAtOrder(rdp: number, delta: number, order: number): number {
  assertDelta(delta);
  return Math.max(0, rdp + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
}

/** A converted guarantee and the order that gave it. */
export interface OptimalEpsilon {
  readonly epsilon: number;
  readonly order: number;
}

/**
 * The smallest ε at δ over all orders of a curve. Zero where the divergence is so small that the
 * total variation distance, at most √(1 − e^(−KL)) (Bretagnolle and Huber), is below δ.
 *
 * @param curve Divergences. Shape [orders].
 */
export function epsilonOfCurve(
  curve: Float64Array,
  delta: number,
  orders: readonly number[] = RDP_ORDERS,
): OptimalEpsilon {
  assertDelta(delta);
  assert(curve.length === orders.length, "a curve has one divergence per order");
  let best: OptimalEpsilon = { epsilon: Number.POSITIVE_INFINITY, order: orders[0] ?? 0 };
  for (let i = 0; i < curve.length; i++) {
    const [rdp, order] = [curve[i] ?? Number.POSITIVE_INFINITY, orders[i] ?? 0];
    const negligible = delta * delta + Math.expm1(-rdp) > 0;
    const epsilon = negligible ? 0 : epsilonAtOrder(rdp, delta, order);
    if (epsilon < best.epsilon) best = { epsilon, order };
  }
  return best;
}

/** The smallest δ at ε over all orders of a curve: that proposition solved for δ; at most 1. */
export function deltaOfCurve(
  curve: Float64Array,
  epsilon: number,
  orders: readonly number[] = RDP_ORDERS,
): number {
  assert(epsilon >= 0, "ε is not negative");
  assert(curve.length === orders.length, "a curve has one divergence per order");
  let best = 1;
  for (let i = 0; i < curve.length; i++) {
    const [rdp, order] = [curve[i] ?? Number.POSITIVE_INFINITY, orders[i] ?? 0];
    const atOrder = Math.exp((order - 1) * (rdp - epsilon + Math.log1p(-1 / order))) / order;
    best = Math.min(best, atOrder, Math.sqrt(-Math.expm1(-rdp)));
  }
  return best;
}

function assertDelta(delta: number): void {
  assert(delta > 0 && delta < 1, "δ is in (0, 1)");
}
