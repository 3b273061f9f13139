/** The model that an evaluation's members are asked with: its numbers, what vouches for them, and its scores. Pure. */
import type { EngineName } from "../../../shared/base/engine-name.ts";
import { badInput } from "../../../shared/base/errors.ts";
import { type EvaluatedModel, inputHashOf } from "../../../shared/charter/evaluate-spec.ts";
import { isAutoencoder } from "../../../shared/charter/model-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { EncodedData } from "../../data.ts";
import { architectureOf } from "../../engine/architecture.ts";
import type { TrainerBackend } from "../../engine/backend.ts";
import { bestBackend } from "../../engine/best.ts";
import type { Model } from "../../model.ts";
import type { TreeModel } from "../../trees/model.ts";
import { decodeInput, encodeInput } from "../boost/input.ts";
import { rowsUnder } from "../boost/rows.ts";
import { layoutOf } from "../boost/shape.ts";

/** [scaling | parameters], as training's own evaluations ask. */
export function netInput({ scaling, params }: Model): Float32Array {
  const input = new Float32Array(scaling.length + params.length);
  input.set(scaling);
  input.set(params, scaling.length);
  return input;
}

/** As boosting's own evaluations ask. */
export function treesInput({ base, edges, trees }: TreeModel): Float32Array {
  return encodeInput({ positiveWeight: 1, base, edges, trees, growing: null, slots: [] });
}

/** What of a run decides whose scores they are. */
interface ModelContext {
  readonly spec: { readonly model: EvaluatedModel };
  readonly schema: DataSchema;
}

/** @throws {CloisterError} `evaluate.other-model` If the input is not the model that the manifest vouches for. */
export function checkInput({ spec }: ModelContext, input: Float32Array): void {
  if (inputHashOf(input) === spec.model.inputHash) return;
  throw badInput(
    "evaluate.other-model",
    "the model that was sent is not the one that the members approved: its SHA-256 is another",
  );
}

/** @returns Log-odds of each row. @throws {CloisterError} If the input is no such model. */
export function modelScores(
  { spec, schema }: ModelContext,
  input: Float32Array,
  data: EncodedData,
): Float32Array {
  const { made } = spec.model;
  if (made.kind === "net") return netScores(netOf(schema, made.spec, input), data);
  const context = { spec: { model: made.spec }, schema };
  const { margins } = rowsUnder(
    data,
    layoutOf(context),
    made.spec.bins,
    decodeInput(context, input),
  );
  return Float32Array.from(margins);
}

function netOf(schema: DataSchema, spec: Model["spec"], input: Float32Array): Model {
  const { numberCount, paramCount } = architectureOf(schema, spec);
  const expected = 2 * numberCount + paramCount;
  if (input.length !== expected) {
    const detail = `${input.length} values instead of ${expected}`;
    throw badInput("task.input-wrong-length", `The ask's input has ${detail}.`);
  }
  const scaling = input.subarray(0, 2 * numberCount);
  return { schema, spec, scaling, params: input.subarray(2 * numberCount) };
}

/** Log-odds of each row, the same on every machine. */
export function netScores(
  { schema, spec, params, scaling }: Model,
  data: EncodedData,
): Float32Array {
  return backendOf(schema, spec).logits(params, scaling, data);
}

/** What scores a net here; null: trees, which need none. */
export function scoringEngine({ spec, schema }: ModelContext): EngineName | null {
  const { made } = spec.model;
  return made.kind === "net" ? backendOf(schema, made.spec).name : null;
}

function backendOf(schema: DataSchema, spec: Model["spec"]): TrainerBackend {
  return bestBackend(architectureOf(schema, spec), { acrossMachines: true });
}

/** An autoencoder's scores say how unusual a row is. */
export function areProbabilities({ spec }: ModelContext): boolean {
  const { made } = spec.model;
  return made.kind === "trees" || !isAutoencoder(made.spec);
}
