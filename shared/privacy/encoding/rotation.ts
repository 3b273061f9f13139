/**
 * The randomised Hadamard rotation: spreads a vector's energy evenly over its coordinates, so that
 * few bits a coordinate suffice. Pure. The signs are public: a rotation hides nothing and protects
 * nobody.
 */
import { assert } from "../../base/assert.ts";
import type { Rng } from "../../base/env.ts";
import { type WalshHadamard, walshHadamardInPlace } from "./walsh-hadamard.ts";

/**
 * Order of the Hadamard matrix used for d coordinates: p, the largest power of two that is at most
 * d.
 */
export function rotationOrder(dimension: number): number {
  assert(Number.isInteger(dimension) && dimension >= 1, "a vector has at least one coordinate");
  const order = 2 ** Math.floor(Math.log2(dimension));
  assert(order <= dimension && dimension < 2 * order, "p is the largest power of two up to d");
  return order;
}

/**
 * y = Rx, R orthogonal and the same for all who hold the same signs: H·D/√p on coordinates 0 … p −
 * 1 and then, unless p = d, once more with fresh signs on the last p coordinates. D is diagonal of
 * random signs.
 *
 * Deviation: the usual rotation pads x with zeros up to a power of two, which can double what is
 * sent. Two windows that overlap reach every d without a single extra coordinate: p > d/2, so they
 * cover all. Disjoint windows would not do: one of m coordinates may hold all the energy and stays
 * as high as c/√m, whereas here no coordinate has more than c/√p (`flatness.ts`). For the same
 * reason large vectors are not cut into tiles: it would raise the bound for every coordinate, and
 * costs only a factor log₂ p of additions to avoid.
 *
 * Rounding errors: each of at most 2·log₂ p + 2 passes has a relative ℓ2 error of at most 2⁻⁵³:
 * below 10⁻¹⁴ of ‖x‖ in all.
 *
 * @param values x. Shape [d].
 * @param signs Public bits; the same at every member and, for `rotateBack`, at the coordinator.
 * @returns y. Shape [d]; ‖y‖ = ‖x‖.
 * @see Suresh, Yu, Kumar and McMahan, Distributed Mean Estimation with Limited Communication, ICML
 *   2017, §3.
 */
export function rotate(
  values: Float64Array,
  signs: Rng,
  transform: WalshHadamard = walshHadamardInPlace,
): Float64Array {
  const rotated = values.slice();
  for (const { start, end, flips } of windows(values.length, signs)) {
    const window = rotated.subarray(start, end);
    flipInPlace(window, flips);
    transform(window);
  }
  return rotated;
}

/** x = Rᵀy, with the signs that `rotate` had. Shape [d] both. */
export function rotateBack(
  rotated: Float64Array,
  signs: Rng,
  transform: WalshHadamard = walshHadamardInPlace,
): Float64Array {
  const values = rotated.slice();
  for (const { start, end, flips } of windows(rotated.length, signs).reverse()) {
    const window = values.subarray(start, end);
    transform(window);
    flipInPlace(window, flips);
  }
  return values;
}

interface Window {
  readonly start: number;
  readonly end: number;
  /** One bit a coordinate, the lowest of a byte first. */
  readonly flips: Uint8Array;
}

function windows(dimension: number, signs: Rng): Window[] {
  const order = rotationOrder(dimension);
  const starts = order === dimension ? [0] : [0, dimension - order];
  return starts.map((start) => {
    const flips = new Uint8Array(Math.ceil(order / 8));
    signs.fill(flips);
    return { start, end: start + order, flips };
  });
}

/** D: the sign of an entry is changed where its bit is set. */
function flipInPlace(values: Float64Array, flips: Uint8Array): void {
  for (let i = 0; i < values.length; i++) {
    const bit = ((flips[i >>> 3] ?? 0) >>> (i & 7)) & 1;
    values[i] = (values[i] ?? 0) * (1 - 2 * bit);
  }
}
