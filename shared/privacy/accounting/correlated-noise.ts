/**
 * Noise that is not independent from step to step: prefix sums over a binary tree, and by the square
 * root of the prefix-sum matrix. Pure. What a plan of another system is held against.
 */
import { assert } from "../../base/assert.ts";

/**
 * Divergence at order α of tree aggregation, each record in one step of one tree at most: a record
 * is in ⌈log2(T + 1)⌉ nodes, each with fresh Gaussian noise. Several trees over the same records add.
 *
 * @param noiseMultiplier Standard deviation of a node's noise over the clip norm.
 * @see Kairouz, McMahan et al., Practical and Private (Deep) Learning without Sampling or Shuffling,
 *   ICML 2021, appendix D (arXiv 2103.00039).
 */
export function rdpTreeAggregation(
  noiseMultiplier: number,
  stepsPerTree: number,
  trees: number,
  order: number,
): number {
  assert(Number.isFinite(noiseMultiplier) && noiseMultiplier > 0, "the noise is positive");
  assert(Number.isInteger(stepsPerTree) && stepsPerTree >= 1, "a tree has at least one step");
  assert(Number.isInteger(trees) && trees >= 1, "there is at least one tree");
  const depth = 1 + Math.floor(Math.log2(stepsPerTree));
  return (trees * depth * order) / (2 * noiseMultiplier ** 2);
}

/** The factorisation of the prefix-sum matrix into two equal Toeplitz factors. */
export interface PrefixSquareRoot {
  /** c_k = C(2k, k)/4^k, the factor's diagonals. Shape [steps], or the first ones if limited. */
  readonly coefficients: readonly number[];
  /** Norm of the factor's largest column: what one record moves, in clip norms. */
  readonly sensitivity: number;
  /** Largest standard deviation of a prefix sum, with noise of one clip norm per unit sensitivity. */
  readonly maxError: number;
}

/**
 * The square root of the lower triangular matrix of ones.
 *
 * @param shown How many coefficients to return at most.
 * @see Fichtenberger, Henzinger and Upadhyay, Constant Matters: Fine-grained Complexity of
 *   Differentially Private Continual Observation, ICML 2023.
 */
export function prefixSquareRoot(steps: number, shown: number): PrefixSquareRoot {
  assert(Number.isInteger(steps) && steps >= 1, "there is at least one step");
  const coefficients: number[] = [];
  let squares = 0;
  for (let k = 0, c = 1; k < steps; k++, c *= (2 * k - 1) / (2 * k)) {
    if (k < shown) coefficients.push(c);
    squares += c * c;
  }
  // The other factor's largest row has the same norm.
  return { coefficients, sensitivity: Math.sqrt(squares), maxError: squares };
}
