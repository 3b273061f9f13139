/** Local training: minibatch SGD or Adam over one table, for a member's update and for own or pooled models. Pure. */
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData } from "../data.ts";
import { newOptimizerState, type OptimizerConfig, stepInPlace } from "../optimizer.ts";
import type { RowLoss, Scaling, TrainerBackend } from "./backend.ts";

export interface LocalTraining {
  readonly epochs: number;
  /** Rows of one step. */
  readonly batchSize: number;
  readonly optimizer: OptimizerConfig;
  /** Left out: what the model minimises by itself. */
  readonly loss?: RowLoss;
  /** Left out: the gradient is taken as it is. */
  readonly pull?: Pull;
}

/** What is added to every step's gradient, over the first parameters that members share. */
export interface Pull {
  /** μ of μ · (w − w₀), the gradient of a proximal term around the start; 0: none. */
  readonly proximal: number;
  /** A constant, such as the difference of two control variates. Shape [shared parameters]. */
  readonly drift: Float64Array;
}

export interface LocalResult {
  /** Shape [paramCount]. */
  readonly params: Float32Array;
  /** Mean loss per row over the last epoch, each row's taken before its step. Nats; 0 without rows. */
  readonly meanLoss: number;
  readonly stepCount: number;
}

/**
 * Trains from `params`, which stay unchanged. Every epoch takes every row once, in an order drawn
 * from `rng`, as is what dropout takes.
 */
export function trainLocally(
  backend: TrainerBackend,
  params: Float32Array,
  scaling: Scaling,
  data: EncodedData,
  { epochs, batchSize, optimizer, loss: rowLoss, pull }: LocalTraining,
  rng: Rng,
): LocalResult {
  const working = Float64Array.from(params);
  const order = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const source = new UniformSource(rng);
  let state = newOptimizerState(optimizer.kind, params.length);
  let meanLoss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    source.shuffleInPlace(order);
    let loss = 0;
    for (let from = 0; from < order.length; from += batchSize) {
      const rows = order.subarray(from, Math.min(order.length, from + batchSize));
      const draw = backend.drawsInTraining ? source.uint32() : undefined;
      const batch = backend.meanGradient(working, scaling, data, rows, rowLoss, draw);
      loss += batch.loss * rows.length;
      if (pull) addPullInPlace(batch.gradient, pull, working, params);
      state = stepInPlace(optimizer, state, working, batch.gradient);
    }
    meanLoss = order.length === 0 ? 0 : loss / order.length;
  }
  return { params: Float32Array.from(working), meanLoss, stepCount: state.step };
}

function addPullInPlace(
  gradient: Float64Array,
  { proximal, drift }: Pull,
  working: Float64Array,
  start: Float32Array,
): void {
  for (let i = 0; i < drift.length; i++) {
    const away = (working[i] ?? 0) - (start[i] ?? 0);
    gradient[i] = (gradient[i] ?? 0) + (drift[i] ?? 0) + proximal * away;
  }
}
