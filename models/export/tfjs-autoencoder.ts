/**
 * An autoencoder as a TensorFlow.js topology, its error included: what `engine/autoencoder/error.ts` defines, made of
 * layers that every reader of the format has. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import type { Architecture, DenseLayer } from "../engine/architecture.ts";
import { TARGET_MAX } from "../engine/autoencoder/error.ts";
import type { CategoryPart, Reconstruction } from "../engine/autoencoder/parts.ts";
import type { Model } from "../model.ts";
import { add, type Draft, dense, lookup, merge } from "./tfjs-draft.ts";
import { firstLayer, numberInputs } from "./tfjs-inputs.ts";

/** Values to be added up with a weight each: together the error. */
interface Term {
  readonly from: string;
  /** One a column. */
  readonly weights: readonly number[];
}

/** What the error's terms are made from. */
interface Site {
  readonly draft: Draft;
  readonly architecture: Architecture;
  readonly params: Float32Array;
  /** Scaled numbers, then indicators. */
  readonly scaled: string;
  /** The last layer's input. */
  readonly code: string;
  readonly last: DenseLayer;
}

/** @returns The layer with e² / (1 + e²), shape [rows, 1]. */
export function autoencoderScore(
  draft: Draft,
  architecture: Architecture,
  { parts }: Reconstruction,
  { params, scaling }: Model,
): string {
  const { layers, activation, numberCount } = architecture;
  const centred = numberInputs(draft, architecture, scaling.subarray(0, numberCount));
  const numbers = centred.map((from) => scaledBy(draft, architecture, from, scaling));
  const inner = layers.slice(0, -1);
  const last = layers[layers.length - 1];
  const first = inner[0];
  assert(first !== undefined && last !== undefined, "an autoencoder has a hidden layer");
  const firstParams = { numbers, activation, ...weightsOf(params, first) };
  let code = firstLayer(draft, architecture, params, firstParams);
  for (const [index, layer] of inner.entries()) {
    if (index === 0) continue;
    const { kernel, bias } = weightsOf(params, layer);
    code = dense(draft, `layer${index}`, code, layer.outputWidth, activation, kernel, bias);
  }
  const site = { draft, architecture, params, scaled: numbers[0] ?? "", code, last };
  const terms = [
    ...(numberCount > 0 ? numberTerms(site) : []),
    ...(architecture.indicators.length > 0 ? indicatorTerms(site) : []),
    ...parts.flatMap((part) => (part.kind === "category" ? categoryTerms(site, part) : [])),
  ];
  const error = weightedSum(draft, terms, parts.length);
  const square = merge(draft, "Multiply", "error_square", [error, error]);
  return add(draft, "Activation", "score", { activation: "softsign" }, [square]);
}

/** Numbers times their inverse scales; indicators as they are. */
function scaledBy(
  draft: Draft,
  { numberCount, indicators }: Architecture,
  from: string,
  scaling: Float32Array,
): string {
  const width = numberCount + indicators.length;
  const scales = Float32Array.from({ length: width }, (_, i) =>
    i < numberCount ? (scaling[numberCount + i] ?? 1) : 1,
  );
  return linear(draft, "scaled", from, { height: width, width }, (i, o) =>
    i === o ? (scales[i] ?? 1) : 0,
  );
}

/** Huber's function of both sides of zero apart: one of the two is 0, and adds nothing. */
function numberTerms(site: Site): Term[] {
  const { draft, architecture, scaled } = site;
  const { numberCount: n, indicators } = architecture;
  const inputs = n + indicators.length;
  const sides = 2 * n;
  // The target is x − (x − 8)⁺ + (−x − 8)⁺.
  const cut = linear(
    draft,
    "cut",
    scaled,
    { height: inputs, width: sides, bias: -TARGET_MAX, activation: "relu" },
    (i, o) => (i >= n ? 0 : i === o ? 1 : i === o - n ? -1 : 0),
  );
  const joined = merge(draft, "Concatenate", "target_parts", [scaled, cut]);
  const minusTarget = linear(
    draft,
    "minus_target",
    joined,
    { height: inputs + sides, width: n },
    (i, o) => (i === o || i === inputs + n + o ? -1 : i === inputs + o ? 1 : 0),
  );
  const estimates = outputs(site, "estimates", 0, n);
  const off = merge(draft, "Add", "off", [estimates, minusTarget]);
  const away = linear(
    draft,
    "away",
    off,
    { height: n, width: sides, activation: "relu" },
    (i, o) => (i === o ? 1 : i === o - n ? -1 : 0),
  );
  const near = add(draft, "ReLU", "near", { max_value: 1 }, [away]);
  const far = linear(
    draft,
    "far",
    away,
    { height: sides, width: sides, bias: -1, activation: "relu" },
    (i, o) => (i === o ? 1 : 0),
  );
  const squares = merge(draft, "Multiply", "near_square", [near, near]);
  const known = (name: string, from: string): string => {
    if (indicators.length === 0) return from;
    const mask = linear(
      draft,
      `${name}_known`,
      scaled,
      { height: inputs, width: sides, bias: 1 },
      (i, o) => (i >= n && indicators[i - n] === o % n ? -1 : 0),
    );
    return merge(draft, "Multiply", name, [from, mask]);
  };
  return [
    { from: known("number_squares", squares), weights: alike(sides, 1) },
    { from: known("number_rest", far), weights: alike(sides, 2) },
  ];
}

/** Cross-entropy of log-odds z and indicator m, in bits: softplus(z) − z·m. */
function indicatorTerms(site: Site): Term[] {
  const { draft, architecture, scaled } = site;
  const { numberCount: n, indicators } = architecture;
  const width = indicators.length;
  const odds = outputs(site, "unknown_odds", n, width);
  const flags = linear(draft, "unknown", scaled, { height: n + width, width }, (i, o) =>
    i === n + o ? 1 : 0,
  );
  const soft = add(draft, "Activation", "soft_odds", { activation: "softplus" }, [odds]);
  const met = merge(draft, "Multiply", "odds_met", [odds, flags]);
  return [
    { from: soft, weights: alike(width, 1 / Math.LN2) },
    { from: met, weights: alike(width, -1 / Math.LN2) },
  ];
}

/**
 * Minus the logarithm of the row's own code's probability, in units of ln K. With outputs z = h·W + b it is
 * h·(w_k − w₀) + (b_k − b₀) + logsoftmax(z)₀ for code k: what is looked up is as large as the kernel, where one-hot
 * vectors would take K² weights.
 */
function categoryTerms(site: Site, { column, outputAt, width }: CategoryPart): Term[] {
  const { draft, params, code, last } = site;
  const { kernel, bias } = weightsOf(params, last);
  const inner = last.inputWidth;
  const weight = (i: number, k: number): number => kernel[i * last.outputWidth + outputAt + k] ?? 0;
  const rows = Float32Array.from({ length: width * inner }, (_, at) => {
    const [k, i] = [Math.floor(at / inner), at % inner];
    return weight(i, k) - weight(i, 0);
  });
  const biases = bias.slice(outputAt, outputAt + width).map((b) => b - (bias[outputAt] ?? 0));
  const ownKernel = lookup(draft, `own_kernel${column}`, column, inner, rows);
  const ownBias = lookup(draft, `own_bias${column}`, column, 1, biases);
  const products = merge(draft, "Multiply", `own_products${column}`, [code, ownKernel]);
  const logs = outputs(site, `code_logs${column}`, outputAt, width, "logSoftmax");
  const unit = -1 / Math.log(width);
  return [
    { from: products, weights: alike(inner, unit) },
    { from: ownBias, weights: [unit] },
    { from: logs, weights: [unit, ...alike(width - 1, 0)] },
  ];
}

function alike(count: number, weight: number): number[] {
  return Array<number>(count).fill(weight);
}

function weightedSum(draft: Draft, terms: readonly Term[], parts: number): string {
  const from = terms.map((term) => term.from);
  const joined = from.length > 1 ? merge(draft, "Concatenate", "errors", from) : (from[0] ?? "");
  const kernel = Float32Array.from(terms.flatMap(({ weights }) => weights.map((w) => w / parts)));
  return dense(draft, "error", joined, 1, "linear", kernel, new Float32Array(1));
}

/** Some of the last layer's outputs. */
function outputs(
  { draft, params, code, last }: Site,
  name: string,
  from: number,
  width: number,
  activation = "linear",
): string {
  const { kernel, bias } = weightsOf(params, last);
  const columns = new Float32Array(last.inputWidth * width);
  for (let i = 0; i < last.inputWidth; i++)
    columns.set(
      kernel.subarray(i * last.outputWidth + from, i * last.outputWidth + from + width),
      i * width,
    );
  return dense(draft, name, code, width, activation, columns, bias.slice(from, from + width));
}

function weightsOf(
  params: Float32Array,
  { inputWidth, outputWidth, kernelOffset, biasOffset }: DenseLayer,
): { readonly kernel: Float32Array; readonly bias: Float32Array } {
  return {
    kernel: params.subarray(kernelOffset, kernelOffset + inputWidth * outputWidth),
    bias: params.subarray(biasOffset, biasOffset + outputWidth),
  };
}

interface LinearShape {
  readonly height: number;
  readonly width: number;
  /** Of every output. Left out: 0. */
  readonly bias?: number;
  readonly activation?: string;
}

/** A dense layer whose kernel is a formula. */
function linear(
  draft: Draft,
  name: string,
  from: string,
  { height, width, bias = 0, activation = "linear" }: LinearShape,
  weight: (input: number, output: number) => number,
): string {
  const kernel = Float32Array.from({ length: height * width }, (_, k) =>
    weight(Math.floor(k / width), k % width),
  );
  const biases = new Float32Array(width).fill(bias);
  return dense(draft, name, from, width, activation, kernel, biases);
}
