/** What follows from log-odds: probabilities, the loss and its derivative. AssemblyScript, not TypeScript; pure. */
import { expOfNegative, log1p } from "./curves.ts";

/**
 * Cross-entropy of log-odds z against labels y, weighted by w, and its derivative w (σ(z) − y), for `count` rows,
 * a multiple of 4. All arrays are of 32-bit floats, without gaps.
 */
export function crossEntropy(
  z: usize,
  y: usize,
  w: usize,
  delta: usize,
  loss: usize,
  count: i32,
): void {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const logit = v128.load(z + i);
    const label = v128.load(y + i);
    const weight = v128.load(w + i);
    const e = expOfNegative(f32x4.neg(f32x4.abs(logit)));
    const larger = f32x4.div(one, f32x4.add(one, e));
    const isNegative = f32x4.lt(logit, zero);
    const sigmoid = v128.bitselect(f32x4.mul(e, larger), larger, isNegative);
    v128.store(delta + i, f32x4.mul(weight, f32x4.sub(sigmoid, label)));
    const positive = f32x4.sub(f32x4.pmax(logit, zero), f32x4.mul(logit, label));
    v128.store(loss + i, f32x4.mul(weight, f32x4.add(positive, log1p(e))));
  }
}

/**
 * Focal loss w (1 − p)^γ (−ln p), p the probability of the row's own label (0 or 1), and its derivative by the log-odds;
 * arguments as `crossEntropy`.
 */
export function focal(
  z: usize,
  y: usize,
  w: usize,
  delta: usize,
  loss: usize,
  gamma: f32,
  count: i32,
): void {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  const power = f32x4.splat(gamma);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const label = v128.load(y + i);
    const weight = v128.load(w + i);
    const sign = f32x4.sub(f32x4.add(label, label), one);
    const margin = f32x4.mul(v128.load(z + i), sign);
    const e = expOfNegative(f32x4.neg(f32x4.abs(margin)));
    const larger = f32x4.div(one, f32x4.add(one, e));
    const smaller = f32x4.mul(e, larger);
    const isNegative = f32x4.lt(margin, zero);
    const own = v128.bitselect(smaller, larger, isNegative);
    const other = v128.bitselect(larger, smaller, isNegative);
    const tail = log1p(e);
    const surprise = f32x4.add(f32x4.pmax(f32x4.neg(margin), zero), tail);
    // −ln(1 − p), so that (1 − p)^γ is e to the power of −γ times it.
    const opposite = f32x4.add(f32x4.pmax(margin, zero), tail);
    const scale = f32x4.mul(weight, expOfNegative(f32x4.neg(f32x4.mul(power, opposite))));
    const slope = f32x4.add(f32x4.mul(f32x4.mul(power, own), surprise), other);
    v128.store(delta + i, f32x4.neg(f32x4.mul(sign, f32x4.mul(scale, slope))));
    v128.store(loss + i, f32x4.mul(scale, surprise));
  }
}

/** Probabilities of log-odds, in place; `count` is a multiple of 4. */
export function sigmoid(z: usize, count: i32): void {
  const one = f32x4.splat(1);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const logit = v128.load(z + i);
    const e = expOfNegative(f32x4.neg(f32x4.abs(logit)));
    const larger = f32x4.div(one, f32x4.add(one, e));
    const isNegative = f32x4.lt(logit, f32x4.splat(0));
    v128.store(z + i, v128.bitselect(f32x4.mul(e, larger), larger, isNegative));
  }
}
