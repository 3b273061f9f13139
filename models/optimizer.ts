/** Optimisers: SGD, momentum, Adam. Pure but for the buffers that `…InPlace` overwrites; state is plain data. */
import { assert } from "../shared/base/assert.ts";

export type OptimizerConfig =
  | { readonly kind: "sgd"; readonly learningRate: number }
  | { readonly kind: "momentum"; readonly learningRate: number; readonly momentum: number }
  | { readonly kind: "adam"; readonly learningRate: number };

/** Serialisable: a counter and two flat arrays, empty where the kind needs none. */
export interface OptimizerState {
  readonly step: number;
  /** Velocity (momentum) or first moment (Adam). Shape [d] or [0]. */
  readonly first: Float64Array;
  /** Second moment (Adam). Shape [d] or [0]. */
  readonly second: Float64Array;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export function newOptimizerState(
  kind: OptimizerConfig["kind"],
  dimension: number,
): OptimizerState {
  return {
    step: 0,
    first: new Float64Array(kind === "sgd" ? 0 : dimension),
    second: new Float64Array(kind === "adam" ? dimension : 0),
  };
}

/**
 * One step against `gradient`. Overwrites `params` and the arrays of `state`; returns the next state.
 *
 * @param params Shape [d].
 * @param gradient Shape [d]. A coordinate that is not finite counts as zero.
 * @see Polyak 1964 (heavy ball: v ← μv + g, p ← p − ηv); Kingma and Ba 2015, Algorithm 1 (Adam).
 */
export function stepInPlace(
  config: OptimizerConfig,
  state: OptimizerState,
  params: Float32Array | Float64Array,
  gradient: Float64Array,
): OptimizerState {
  assert(params.length === gradient.length, "gradient and parameters differ in length");
  const step = state.step + 1;
  if (config.kind === "sgd") {
    for (let i = 0; i < params.length; i++) {
      params[i] = (params[i] ?? 0) - config.learningRate * finite(gradient[i] ?? 0);
    }
  } else if (config.kind === "momentum") momentumStep(config, state, params, gradient);
  else adamStep(config.learningRate, step, state, params, gradient);
  return { ...state, step };
}

/** As `stepInPlace`, leaving every argument unchanged. */
export function optimizerStep(
  config: OptimizerConfig,
  state: OptimizerState,
  params: Float32Array,
  gradient: Float64Array,
): { readonly params: Float32Array; readonly state: OptimizerState } {
  const next = params.slice();
  const copy = { step: state.step, first: state.first.slice(), second: state.second.slice() };
  return { state: stepInPlace(config, copy, next, gradient), params: next };
}

function finite(x: number): number {
  return Number.isFinite(x) ? x : 0;
}

function momentumStep(
  { learningRate, momentum }: { readonly learningRate: number; readonly momentum: number },
  { first }: OptimizerState,
  params: Float32Array | Float64Array,
  gradient: Float64Array,
): void {
  assert(first.length === params.length, "optimiser state and parameters differ in length");
  for (let i = 0; i < params.length; i++) {
    const velocity = momentum * (first[i] ?? 0) + finite(gradient[i] ?? 0);
    first[i] = velocity;
    params[i] = (params[i] ?? 0) - learningRate * velocity;
  }
}

function adamStep(
  learningRate: number,
  step: number,
  { first, second }: OptimizerState,
  params: Float32Array | Float64Array,
  gradient: Float64Array,
): void {
  assert(first.length === params.length, "optimiser state and parameters differ in length");
  assert(second.length === params.length, "optimiser state and parameters differ in length");
  const correction1 = 1 - BETA1 ** step;
  const correction2 = 1 - BETA2 ** step;
  for (let i = 0; i < params.length; i++) {
    const g = finite(gradient[i] ?? 0);
    const m = BETA1 * (first[i] ?? 0) + (1 - BETA1) * g;
    const v = BETA2 * (second[i] ?? 0) + (1 - BETA2) * g * g;
    first[i] = m;
    second[i] = v;
    const denominator = Math.sqrt(v / correction2) + EPSILON;
    params[i] = (params[i] ?? 0) - (learningRate * (m / correction1)) / denominator;
  }
}
