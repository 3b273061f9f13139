/** The inputs and the first layer of a TensorFlow.js topology. Pure. */
import type { Architecture } from "../engine/architecture.ts";
import { add, type Draft, dense, embedding, input, merge } from "./tfjs-draft.ts";

/**
 * The input of numbers and indicators; where some centre is far, followed by a linear layer that
 * subtracts it: x − c + c·m, which is exactly 0 where x is unknown (x = 0, m = 1).
 */
export function numberInputs(
  draft: Draft,
  architecture: Architecture,
  centres: Float32Array,
): string[] {
  const { numberCount, indicators } = architecture;
  const width = numberCount + indicators.length;
  if (width === 0) return [];
  const numbers = input(draft, "numbers", width, "float32");
  if (centres.every((centre) => centre === 0)) return [numbers];
  const kernel = new Float32Array(width * width);
  const bias = new Float32Array(width);
  for (let i = 0; i < width; i++) kernel[i * width + i] = 1;
  for (let j = 0; j < numberCount; j++) bias[j] = -(centres[j] ?? 0);
  for (const [m, j] of indicators.entries()) {
    kernel[(numberCount + m) * width + j] = centres[j] ?? 0;
  }
  return [dense(draft, "centre", numbers, width, "linear", kernel, bias)];
}

export interface FirstLayer {
  /** Numbers and indicators as the kernel takes them; empty where there are none. */
  readonly numbers: readonly string[];
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  readonly activation: string;
}

/** Dense inputs through the kernel, plus a table row per one-hot category, then the activation. */
export function firstLayer(
  draft: Draft,
  { categoryCount, embeddings, sparse, layers }: Architecture,
  params: Float32Array,
  { numbers, kernel, bias, activation }: FirstLayer,
): string {
  const { inputWidth, outputWidth } = layers[0] ?? { inputWidth: 0, outputWidth: 1 };
  const parts = [...numbers];
  for (let c = 0; c < categoryCount; c++) input(draft, `category${c}`, 1, "int32");
  for (const table of embeddings) parts.push(embedding(draft, table, params));
  const addends: string[] = [];
  if (inputWidth > 0) {
    const joined = parts.length > 1 ? merge(draft, "Concatenate", "inputs", parts) : parts;
    const from = typeof joined === "string" ? joined : (joined[0] ?? "");
    addends.push(dense(draft, "layer0", from, outputWidth, "linear", kernel, bias));
  }
  for (const [index, table] of sparse.entries()) {
    // Without a dense layer to carry it, the bias joins every row of the first table.
    const extra = inputWidth === 0 && index === 0 ? bias : null;
    addends.push(embedding(draft, table, params, extra));
  }
  const sum = addends.length > 1 ? merge(draft, "Add", "layer0_sum", addends) : (addends[0] ?? "");
  return add(draft, "Activation", "layer0_activation", { activation }, [sum]);
}
