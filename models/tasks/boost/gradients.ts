/** Gradients of a member's rows under the logistic loss: whole numbers where sums are exact. Pure. */
import type { Rng } from "../../../shared/base/env.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import type { BoostTask } from "../../../shared/charter/boost-spec.ts";
import { selectUnits } from "../../engine/units.ts";
import type { RowGradients } from "../../trees/histogram.ts";
import type { ReadInput } from "./input.ts";
import type { Rows } from "./rows.ts";
import { NOISED_HESSIAN_WEIGHT } from "./shape.ts";

/** A row's loss is cut off here. Nats. */
export const LOSS_MAX = 16;

/** Weights of negative and positive rows, the larger one 1. */
function weights({ positiveWeight }: ReadInput): readonly [negative: number, positive: number] {
  return [Math.min(1, 1 / positiveWeight), Math.min(1, positiveWeight)];
}

/** In units of the fixed point: weighted gradients, Hessians times 4, and Σ loss / LOSS_MAX. */
export interface ExactGradients extends RowGradients {
  readonly loss: number;
}

/** Every level of a tree asks for the same ones. By rows' margins, which are replaced by the next tree. */
const REMEMBERED = new WeakMap<
  Rows["margins"],
  { readonly key: string; readonly exact: ExactGradients }
>();

/** @param scale Units per 1. */
export function exactGradients(input: ReadInput, rows: Rows, scale: number): ExactGradients {
  const key = `${input.positiveWeight} ${scale}`;
  const known = REMEMBERED.get(rows.margins);
  if (known?.key === key) return known.exact;
  const exact = computed(input, rows, scale);
  REMEMBERED.set(rows.margins, { key, exact });
  return exact;
}

function computed(input: ReadInput, { data, margins }: Rows, scale: number): ExactGradients {
  const [negative, positive] = weights(input);
  const gradients = new Float64Array(data.rowCount);
  const hessians = new Float64Array(data.rowCount);
  let loss = 0;
  for (let row = 0; row < data.rowCount; row++) {
    const probability = 1 / (1 + Math.exp(-(margins[row] ?? 0)));
    const label = data.labels[row] ?? 0;
    const unit = scale * (label === 1 ? positive : negative);
    gradients[row] = Math.round(unit * (probability - label));
    hessians[row] = Math.round(unit * 4 * probability * (1 - probability));
    const nats = -Math.log(label === 1 ? probability : 1 - probability);
    loss += Math.round((scale * Math.min(nats, LOSS_MAX)) / LOSS_MAX);
  }
  return { gradients, hessians, loss };
}

/** Of a Poisson sample of units; a unit's rows share a weight of 1. */
export function sampledGradients(
  { probability: q, rowsPerUnitMax }: BoostTask["sampling"],
  input: ReadInput,
  { data, margins }: Rows,
  rng: Rng,
): { readonly rows: Uint32Array; readonly gradients: RowGradients } {
  const units = selectUnits(data, q, rowsPerUnitMax, new UniformSource(rng));
  const [negative, positive] = weights(input);
  const gradients = new Float64Array(data.rowCount);
  const hessians = new Float64Array(data.rowCount);
  for (let u = 0; u + 1 < units.starts.length; u++) {
    const start = units.starts[u] ?? 0;
    const end = units.starts[u + 1] ?? 0;
    for (let i = start; i < end; i++) {
      const row = units.rows[i] ?? 0;
      const probability = 1 / (1 + Math.exp(-(margins[row] ?? 0)));
      const label = data.labels[row] ?? 0;
      const weight = (label === 1 ? positive : negative) / (end - start);
      gradients[row] = weight * (probability - label);
      hessians[row] = weight * NOISED_HESSIAN_WEIGHT * probability * (1 - probability);
    }
  }
  return { rows: units.rows, gradients: { gradients, hessians } };
}
