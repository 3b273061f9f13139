/**
 * Dropout's draws: a function of a row's seed, the node and the place, and so independent of every other row. Pure.
 * Unpredictable only as the seed is; it protects nobody, and the bound of a unit's gradient holds for every draw.
 */

/** The seed of the `place`-th row of what `word` was drawn for. */
export function rowSeed(word: number, place: number): number {
  return mixed(word + Math.imul(place + 1, 0x9e37_79b9));
}

/**
 * Multiplies each value by 0 with probability `rate`, else by 1 / (1 − rate), and notes the factors.
 *
 * @param node Distinguishes the dropout layers of one row.
 * @see Srivastava et al., Dropout, JMLR 2014, §10: scaled in training, so that nothing is left to do in scoring.
 */
export function dropInPlace(
  values: Float64Array,
  factors: Float64Array,
  start: number,
  width: number,
  rate: number,
  seed: number,
  node: number,
): void {
  const kept = 1 / (1 - rate);
  const threshold = rate * 0x1_0000_0000;
  let state = rowSeed(seed, node);
  for (let j = start; j < start + width; j++) {
    state = (state + 0x9e37_79b9) | 0;
    const factor = mixed(state) < threshold ? 0 : kept;
    factors[j] = factor;
    // Not a product: a value that is not a number and is dropped is gone.
    values[j] = factor === 0 ? 0 : (values[j] ?? 0) * factor;
  }
}

/** SplitMix32's output function. Uniform on 0 … 2^32 − 1 for uniform arguments. */
function mixed(word: number): number {
  let z = word | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
