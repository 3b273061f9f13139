/** A net from its first layer's sums on: the logit, and its gradient with respect to them. Pure; owns its buffers. */
import type { Architecture } from "../engine/architecture.ts";

export interface NetTail {
  /** @param sums The first layer's pre-activations. Shape [width]. */
  logit(sums: Float64Array): number;
  /** Of the logit that was computed last. A new array of the sums' shape. */
  gradientOfLast(): Float64Array;
  /**
   * How far the sums that were given last may go against `move` and along it, in multiples of it, before
   * some unit switches on or off. Null where the net is not known to be piecewise linear.
   */
  readonly reachOfLast: ((move: Float64Array) => Reach) | null;
}

export interface Reach {
  readonly back: number;
  readonly ahead: number;
}

export function netTail({ layers, activation }: Architecture, params: Float32Array): NetTail {
  const values = Float64Array.from(params);
  /** Pre-activations of every layer. */
  const sums = layers.map(({ outputWidth }) => new Float64Array(outputWidth));
  const activate = (x: number): number => (activation === "tanh" ? Math.tanh(x) : Math.max(0, x));
  const slope = (x: number): number => {
    if (activation === "tanh") return 1 - Math.tanh(x) ** 2;
    return x > 0 ? 1 : 0;
  };
  const isPiecewise = activation === "relu" || layers.length === 1;
  const reachOfLast = (move: Float64Array): Reach => {
    const reach = { back: Number.POSITIVE_INFINITY, ahead: Number.POSITIVE_INFINITY };
    let rates = move;
    for (let l = 1; l < layers.length; l++) {
      const { kernelOffset, outputWidth } = layers[l] ?? { kernelOffset: 0, outputWidth: 0 };
      const next = new Float64Array(outputWidth);
      for (let i = 0; i < rates.length; i++) {
        const [sum, rate] = [sums[l - 1]?.[i] ?? 0, rates[i] ?? 0];
        const bend = -sum / rate;
        if (bend > 0) reach.ahead = Math.min(reach.ahead, bend);
        if (bend < 0) reach.back = Math.min(reach.back, -bend);
        if (sum <= 0) continue;
        const row = kernelOffset + i * outputWidth;
        for (let o = 0; o < outputWidth; o++)
          next[o] = (next[o] ?? 0) + rate * (values[row + o] ?? 0);
      }
      rates = next;
    }
    return reach;
  };
  return {
    logit(first) {
      sums[0]?.set(first);
      for (let l = 1; l < layers.length; l++) {
        const layer = layers[l];
        const [input, output] = [sums[l - 1], sums[l]];
        if (layer === undefined || input === undefined || output === undefined) continue;
        const { kernelOffset, biasOffset, outputWidth } = layer;
        output.set(values.subarray(biasOffset, biasOffset + outputWidth));
        for (let i = 0; i < input.length; i++) {
          const x = activate(input[i] ?? 0);
          if (x === 0) continue;
          const row = kernelOffset + i * outputWidth;
          for (let o = 0; o < outputWidth; o++)
            output[o] = (output[o] ?? 0) + x * (values[row + o] ?? 0);
        }
      }
      return sums.at(-1)?.[0] ?? Number.NaN;
    },
    gradientOfLast() {
      let delta = Float64Array.of(1);
      for (let l = layers.length - 1; l > 0; l--) {
        const { kernelOffset, outputWidth } = layers[l] ?? { kernelOffset: 0, outputWidth: 0 };
        const after = delta;
        delta = Float64Array.from(sums[l - 1] ?? [], (x, i) => {
          const factor = slope(x);
          if (factor === 0) return 0;
          let sum = 0;
          for (let o = 0; o < outputWidth; o++)
            sum += (after[o] ?? 0) * (values[kernelOffset + i * outputWidth + o] ?? 0);
          return factor * sum;
        });
      }
      return delta;
    },
    reachOfLast: isPiecewise ? reachOfLast : null,
  };
}
