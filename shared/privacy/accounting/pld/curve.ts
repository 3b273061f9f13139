/** Reading ε and δ from a composed loss. Pure. */
import type { ComposedLoss } from "./composition.ts";

/** A point of the curve δ(ε), and which part of δ only covers rounding errors. */
export interface CurvePoint {
  readonly epsilon: number;
  readonly delta: number;
  /** −d ln δ/dε. */
  readonly slope: number;
  readonly noiseShare: number;
  /** Whether ε is below the window: then the point is only a bound if the window was not tilted. */
  readonly belowWindow: boolean;
}

/** Sums over all losses above the grid point `at`. */
interface Descent {
  readonly at: number;
  /** δ(at) without infinite losses: Σ p·(1 − e^(at − l)). */
  readonly delta: number;
  /** Σ p·e^(at − l). */
  readonly discounted: number;
  readonly noiseShare: number;
  readonly atBottom: boolean;
}

/** The smallest ε ≥ 0 at which δ(ε) is at most `delta`. */
export function epsilonOnCurve(loss: ComposedLoss, delta: number): CurvePoint {
  const finite = delta - loss.infinity;
  if (finite <= 0) return beyond(delta);
  const {
    at,
    delta: reached,
    discounted,
    noiseShare,
    atBottom,
  } = descent(loss, (point, sum) => sum >= finite || point <= 0);
  // Between grid points, δ falls by the discounted sum times e^(ε − at) − 1.
  const epsilon = Math.max(0, at + Math.log1p(Math.max(-1, (reached - finite) / discounted)));
  const slope = (discounted * Math.exp(epsilon - at)) / delta;
  return { epsilon, delta, slope, noiseShare, belowWindow: atBottom && epsilon < at };
}

function beyond(delta: number): CurvePoint {
  return { epsilon: Number.POSITIVE_INFINITY, delta, slope: 0, noiseShare: 0, belowWindow: false };
}

/** δ at ε. */
export function deltaOnCurve(loss: ComposedLoss, epsilon: number): CurvePoint {
  const { at, delta, discounted, noiseShare, atBottom } = descent(
    loss,
    (point) => point <= epsilon,
  );
  const finite = delta - Math.expm1(epsilon - at) * discounted;
  const total = Math.min(1, Math.max(0, finite) + loss.infinity);
  return {
    epsilon,
    delta: total,
    slope: (discounted * Math.exp(epsilon - at)) / total,
    noiseShare,
    belowWindow: atBottom && epsilon < at,
  };
}

/**
 * Goes down the grid from the top until `enough`. No step subtracts: with G the discounted sum at the
 * grid point above, δ grows by (1 − e^(−h))·(G + p), and G becomes e^(−h)·(G + p).
 */
function descent(
  { plan, tilted, logScale, noise, infinity }: ComposedLoss,
  enough: (at: number, delta: number) => boolean,
): Descent {
  const { step, tilt, first, length } = plan;
  const [decay, growth] = [Math.exp(-step), -Math.expm1(-step)];
  let [at, delta, discounted, noiseDelta, noiseDiscounted] = [(first + length) * step, 0, 0, 0, 0];
  let k = length;
  while (k > 0 && !enough(at, delta)) {
    k--;
    const scale = Math.exp(logScale - tilt * (first + k + 1) * step);
    const p = k + 1 < length ? scale * (tilted[k + 1] ?? 0) : 0;
    delta += growth * (discounted + p);
    discounted = decay * (discounted + p);
    noiseDelta += growth * (noiseDiscounted + scale * noise);
    noiseDiscounted = decay * (noiseDiscounted + scale * noise);
    at = (first + k) * step;
  }
  const noiseShare = delta > 0 ? noiseDelta / (delta + infinity) : 0;
  return { at, delta, discounted, noiseShare, atBottom: k === 0 };
}
