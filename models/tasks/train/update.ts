/** A member's half of a round of local training: FedAvg, FedProx, SCAFFOLD, personal layers. Pure; draws from `rng`. */

import type { Rng } from "../../../shared/base/env.ts";
import type { LocalStrategy } from "../../../shared/charter/strategy-spec.ts";
import type { EncodedData } from "../../data.ts";
import { initialParams, type Network } from "../../engine/architecture.ts";
import type { RowLoss, TrainerBackend } from "../../engine/backend.ts";
import { type LocalResult, type Pull, trainLocally } from "../../engine/local-training.ts";
import { allFinite } from "../../finite.ts";
import { type Carried, carriedInto, carryInPlace, type MemberMemory } from "../member-memory.ts";
import { learningRateAt, type TrainInput } from "./input.ts";
import { LOSS_MAX, localStrategy, type TrainContext, updateTail } from "./shape.ts";

/** One member's own side of a round. */
export interface LocalRound {
  readonly backend: TrainerBackend;
  readonly loss: RowLoss;
  readonly data: EncodedData;
  readonly memory: MemberMemory;
  /** The ask's input as it came. */
  readonly asked: Float32Array;
}

/** The whole model of a member: what all share, and its own last layers, at first as the run's seed has them. */
export function wholeParams(
  { spec }: TrainContext,
  architecture: Network,
  shared: Float32Array,
  { personal }: Carried,
): Float32Array {
  if (shared.length === architecture.paramCount) return shared;
  const params = initialParams(architecture, spec.model.seed);
  params.set(shared);
  if (personal) params.set(personal, shared.length);
  return params;
}

/**
 * [w·clipped update | w·clipped control update | w | w·loss], w = rows / rowsMax; the second only with scaffold.
 * All zero without rows or if training diverged.
 *
 * @see McMahan et al. 2017, algorithm 1 (FedAvg); Li et al. 2020 (arXiv 1812.06127), algorithm 2 (FedProx);
 *   Karimireddy et al. 2020 (arXiv 1910.06378), algorithm 1 with option II (SCAFFOLD); Arivazhagan et al. 2019
 *   (arXiv 1912.00818), §3 (personal layers).
 */
export function update(
  context: TrainContext,
  input: TrainInput,
  round: LocalRound,
  rng: Rng,
): Float64Array {
  const { params: shared, architecture } = input;
  const strategy = localStrategy(context);
  const tail = updateTail(strategy, shared.length);
  const result = new Float64Array(tail + 2);
  if (round.data.rowCount === 0) return result;
  const carried = carriedInto(round.memory, round.asked);
  const start = wholeParams(context, architecture, shared, carried);
  const trained = train(context, strategy, input, round, start, rng);
  const moved = Float64Array.from(shared, (x, i) => (trained.params[i] ?? 0) - x);
  if (!allFinite([trained.meanLoss]) || !allFinite(trained.params)) return result;
  result.set(clipped(moved, input.clipNorm));
  const next = { control: carried.control, personal: trained.params.slice(shared.length) };
  if (strategy.kind === "scaffold") {
    const rate = learningRateAt(context, input.round) * trained.stepCount;
    const change = clipped(
      controlUpdate(moved, rate, input.control, carried),
      strategy.controlClipNorm,
    );
    result.set(change, shared.length);
    next.control = input.control.map((c, i) => c + (change[i] ?? 0));
  }
  carryInPlace(round.memory, round.asked, next);
  const weight = round.data.rowCount / context.rowsMax;
  for (let i = 0; i < tail; i++) result[i] = (result[i] ?? 0) * weight;
  result[tail] = weight;
  result[tail + 1] = weight * Math.min(trained.meanLoss, LOSS_MAX);
  return result;
}

function train(
  context: TrainContext,
  strategy: LocalStrategy,
  input: TrainInput,
  { backend, loss, data, memory, asked }: LocalRound,
  start: Float32Array,
  rng: Rng,
): LocalResult {
  const { localEpochs: epochs, batchSize, localOptimizer: kind } = strategy;
  const optimizer = { kind, learningRate: learningRateAt(context, input.round) };
  const pull = pullOf(strategy, input, carriedInto(memory, asked));
  const training = { epochs, batchSize, optimizer, loss, ...(pull && { pull }) };
  return trainLocally(backend, start, input.scaling, data, training, rng);
}

function pullOf(
  strategy: LocalStrategy,
  { params, control }: TrainInput,
  own: Carried,
): Pull | null {
  switch (strategy.kind) {
    case "fedAvg":
      return null;
    case "fedProx":
      return { proximal: strategy.proximal, drift: new Float64Array(params.length) };
    case "scaffold":
      return {
        proximal: 0,
        drift: Float64Array.from(control, (c, i) => c - ownControl(own, c, i)),
      };
  }
}

/**
 * A member that remembers no control variate takes the coordinator's for its own: its steps are then not corrected.
 * Both are 0 when a run begins.
 */
function ownControl({ control }: Carried, everybodys: number, i: number): number {
  return control === null ? everybodys : (control[i] ?? 0);
}

/**
 * c_i⁺ − c, where c_i⁺ = c_i − c + (x − y) / (K η) (option II).
 *
 * Deviation: members send their new control variate's distance from the coordinator's, c_i⁺ − c, not from their own
 * last one. The coordinator's becomes the survivors' mean, weighted as their updates are, so that the corrections of a
 * round cancel. With everybody there it is the same number. A member that restarts, or whose answer is lost, would
 * otherwise leave what it sent before in the coordinator's for ever.
 */
function controlUpdate(
  moved: Float64Array,
  rate: number,
  control: Float32Array,
  own: Carried,
): Float64Array {
  return moved.map((delta, i) => {
    const c = control[i] ?? 0;
    return ownControl(own, c, i) - c - delta / rate - c;
  });
}

function clipped(vector: Float64Array, norm: number): Float64Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] ?? 0) ** 2;
  const factor = Math.min(1, norm / Math.sqrt(squares));
  return factor === 1 ? vector : vector.map((x) => x * factor);
}
