/** What the coordinator does with the members' mean update: server momentum, FedAdam, FedYogi, FedAdagrad. Pure. */
import { assert } from "../shared/base/assert.ts";
import type { ServerSpec } from "../shared/charter/strategy-spec.ts";
import type { OptimizerState } from "./optimizer.ts";

/** @param server Undefined: the mean update is added as it is, and nothing is remembered. */
export function newServerState(server: ServerSpec | undefined, dimension: number): OptimizerState {
  const first = new Float64Array(server ? dimension : 0);
  if (!server || server.kind === "momentum") return { step: 0, first, second: new Float64Array(0) };
  return { step: 0, first, second: new Float64Array(dimension).fill(server.tau ** 2) };
}

/**
 * One step along a mean update. Changes none of its arguments.
 *
 * Momentum: v ← μv + Δ, x ← x + ηv. The adaptive ones: m ← β₁m + (1 − β₁)Δ, x ← x + η m / (√v + τ), without
 * bias correction, with v ← v + Δ² (Adagrad), v − (1 − β₂)Δ² sign(v − Δ²) (Yogi) or β₂v + (1 − β₂)Δ² (Adam),
 * and v = τ² at first.
 *
 * @param params Shape [d]. @param update Δ, shape [d].
 * @see Hsu, Qi and Brown 2019 (arXiv 1909.06335), §3.2 (FedAvgM); Reddi et al., Adaptive Federated
 *   Optimization, ICLR 2021, algorithm 2.
 */
export function serverStep(
  server: ServerSpec | undefined,
  state: OptimizerState,
  params: Float32Array,
  update: Float64Array,
): { readonly params: Float32Array; readonly state: OptimizerState } {
  assert(params.length === update.length, "update and parameters differ in length");
  const step = state.step + 1;
  if (!server) {
    const moved = params.map((x, i) => x + (update[i] ?? 0));
    return { params: moved, state: { ...state, step } };
  }
  assert(state.first.length === params.length, "server state and parameters differ in length");
  const { learningRate } = server;
  if (server.kind === "momentum") {
    const first = state.first.map((v, i) => server.momentum * v + (update[i] ?? 0));
    const moved = params.map((x, i) => x + learningRate * (first[i] ?? 0));
    return { params: moved, state: { ...state, step, first } };
  }
  const { beta1, tau } = server;
  const first = state.first.map((m, i) => beta1 * m + (1 - beta1) * (update[i] ?? 0));
  const second = state.second.map((v, i) => secondMoment(server, v, (update[i] ?? 0) ** 2));
  const moved = params.map(
    (x, i) => x + (learningRate * (first[i] ?? 0)) / (Math.sqrt(second[i] ?? 0) + tau),
  );
  return { params: moved, state: { step, first, second } };
}

function secondMoment(
  server: Exclude<ServerSpec, { kind: "momentum" }>,
  v: number,
  square: number,
): number {
  switch (server.kind) {
    case "adagrad":
      return v + square;
    case "yogi":
      return v - (1 - server.beta2) * square * Math.sign(v - square);
    case "adam":
      return server.beta2 * v + (1 - server.beta2) * square;
  }
}
