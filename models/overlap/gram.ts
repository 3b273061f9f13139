/**
 * The members' opened sketches, reduced to their dot products, and what can be read off them: any sum of overlaps and
 * sizes with weights, and how sure it is. Pure.
 */
import { assert } from "../../shared/base/assert.ts";

/** Dot products of K noised sketches of m slots: of members' identifiers, and perhaps of their values. */
export interface Gram {
  readonly sketchCount: number;
  readonly slots: number;
  /** Of the noise in each slot, as it was opened: all members' together. */
  readonly noiseStdDev: number;
  /** Shape [K × K], symmetric. On the diagonal squared norms, noise included. */
  readonly products: Float64Array;
}

/**
 * A sum of sizes (on the diagonal) and overlaps, Σ w_ij t_ij over all i and j. Shape [K × K], symmetric. Where one of the
 * two sketches is of values, t_ij is their sum over those in both; where both are, that of their products.
 */
export type Weights = Float64Array;

/** A sum as it is estimated. */
export interface Measured {
  /** Unbiased; it may be negative. */
  readonly value: number;
  readonly standardError: number;
}

/**
 * @param sketches One after the other. Shape [K × m].
 * @param noiseStdDev Of the noise in each slot.
 */
export function gramOf(sketches: Float64Array, sketchCount: number, noiseStdDev: number): Gram {
  const slots = sketches.length / sketchCount;
  assert(Number.isInteger(slots) && slots >= 1, "sketches have one length");
  const products = new Float64Array(sketchCount ** 2);
  for (let i = 0; i < sketchCount; i++)
    for (let j = 0; j <= i; j++) {
      const product = dot(sketches, i * slots, j * slots, slots);
      products[i * sketchCount + j] = product;
      products[j * sketchCount + i] = product;
    }
  return { sketchCount, slots, noiseStdDev, products };
}

/** Of the first sketches only. */
export function firstOf(gram: Gram, count: number): Gram {
  const { sketchCount, products } = gram;
  assert(count <= sketchCount, "there are so many sketches");
  const own = Float64Array.from(
    { length: count ** 2 },
    (_, at) => products[Math.floor(at / count) * sketchCount + (at % count)] ?? 0,
  );
  return { ...gram, sketchCount: count, products: own };
}

function dot(values: Float64Array, from: number, to: number, count: number): number {
  let sum = 0;
  for (let s = 0; s < count; s++) sum += (values[from + s] ?? 0) * (values[to + s] ?? 0);
  return sum;
}

/**
 * A slot of the K sketches has covariance V, v_ij = t_ij/m and on the diagonal n_i/m + σ². A dot product of sketches
 * estimates mV, and Σ w_ij g_ij has the variance 2m·tr(WVWV), as for normal slots. For identifiers x that are in members
 * a_x (0 or 1 each, or the value) it is less by (2/m)·Σ_x (a_xᵀWa_x)², about one n-th of it. G/m stands in for V.
 */
export function measured(gram: Gram, weights: Weights): Measured {
  const value = sumOf(gram, weights);
  return { value, standardError: Math.sqrt(Math.max(0, covariance(gram, weights, weights))) };
}

function sumOf(gram: Gram, weights: Weights): number {
  const { sketchCount: count, slots, noiseStdDev, products } = gram;
  assert(weights.length === products.length, "a weight for every two sketches");
  let value = 0;
  for (let at = 0; at < products.length; at++) {
    const isSize = at % (count + 1) === 0;
    const noise = isSize ? slots * noiseStdDev ** 2 : 0;
    value += (weights[at] ?? 0) * ((products[at] ?? 0) - noise);
  }
  return value;
}

/** Of the errors of two sums: (2/m)·tr(UGWG). @see measured */
export function covariance({ sketchCount, slots, products }: Gram, u: Weights, w: Weights): number {
  const left = product(u, products, sketchCount);
  const right = u === w ? left : product(w, products, sketchCount);
  return (2 / slots) * traceOfProduct(left, right, sketchCount);
}

function product(a: Float64Array, b: Float64Array, count: number): Float64Array {
  const result = new Float64Array(count ** 2);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < count; k++) {
      const left = a[i * count + k] ?? 0;
      if (left === 0) continue;
      for (let j = 0; j < count; j++)
        result[i * count + j] = (result[i * count + j] ?? 0) + left * (b[k * count + j] ?? 0);
    }
  return result;
}

function traceOfProduct(a: Float64Array, b: Float64Array, count: number): number {
  let trace = 0;
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) trace += (a[i * count + j] ?? 0) * (b[j * count + i] ?? 0);
  return trace;
}

/** Weights of the overlap of two sketches, or of one's size where both are the same. */
export function pairWeights(count: number, i: number, j: number): Weights {
  const weights = new Float64Array(count ** 2);
  weights[i * count + j] = i === j ? 1 : 0.5;
  weights[j * count + i] = i === j ? 1 : 0.5;
  return weights;
}

/** Of the one sum less the other. */
export function lessWeights(from: Weights, less: Weights): Weights {
  return from.map((weight, at) => weight - (less[at] ?? 0));
}
