/** Local training: minibatch SGD or Adam over one table, for a member's update and for own or pooled models. Pure. */
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData } from "../data.ts";
import { newOptimizerState, type OptimizerConfig, stepInPlace } from "../optimizer.ts";
import type { Scaling, TrainerBackend } from "./backend.ts";

export interface LocalTraining {
  readonly epochs: number;
  /** Rows of one step. */
  readonly batchSize: number;
  readonly optimizer: OptimizerConfig;
}

export interface LocalResult {
  /** Shape [paramCount]. */
  readonly params: Float32Array;
  /** Mean loss per row over the last epoch, each row's taken before its step. Nats; 0 without rows. */
  readonly meanLoss: number;
}

/**
 * Trains from `params`, which stay unchanged. Every epoch takes every row once, in an order drawn
 * from `rng`.
 */
export function trainLocally(
  backend: TrainerBackend,
  params: Float32Array,
  scaling: Scaling,
  data: EncodedData,
  training: LocalTraining,
  rng: Rng,
): LocalResult {
  const working = Float64Array.from(params);
  const order = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const source = new UniformSource(rng);
  let state = newOptimizerState(training.optimizer.kind, params.length);
  let meanLoss = 0;
  for (let epoch = 0; epoch < training.epochs; epoch++) {
    source.shuffleInPlace(order);
    let loss = 0;
    for (let from = 0; from < order.length; from += training.batchSize) {
      const rows = order.subarray(from, Math.min(order.length, from + training.batchSize));
      const batch = backend.meanGradient(working, scaling, data, rows);
      loss += batch.loss * rows.length;
      state = stepInPlace(training.optimizer, state, working, batch.gradient);
    }
    meanLoss = order.length === 0 ? 0 : loss / order.length;
  }
  return { params: Float32Array.from(working), meanLoss };
}
