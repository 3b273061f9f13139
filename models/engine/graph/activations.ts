/** Activations and their derivatives, value by value, in doubles. Pure. What is not a number stays so. */
import type { Activation } from "../../../shared/charter/topology/activations.ts";
import { sigmoid } from "../loss.ts";

/** @see Klambauer et al., Self-Normalizing Neural Networks, NeurIPS 2017, §2. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

export function activate({ name, alpha }: Activation, x: number): number {
  switch (name) {
    case "relu":
      return x < 0 ? 0 : x;
    case "leakyRelu":
      return x < 0 ? alpha * x : x;
    case "tanh":
      return Math.tanh(x);
    case "sigmoid":
      return sigmoid(x);
    case "elu":
      return x < 0 ? alpha * Math.expm1(x) : x;
    case "selu":
      return SELU_SCALE * (x < 0 ? SELU_ALPHA * Math.expm1(x) : x);
    case "softplus":
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case "softsign":
      return x / (1 + Math.abs(x));
    case "swish":
      return x * sigmoid(x);
  }
}

/** By x, given x and activate(x). At 0 a bend has the derivative of its left side. */
export function slope({ name, alpha }: Activation, x: number, y: number): number {
  switch (name) {
    case "relu":
      return x > 0 ? 1 : 0;
    case "leakyRelu":
      return x > 0 ? 1 : alpha;
    case "tanh":
      return 1 - y * y;
    case "sigmoid":
      return y * (1 - y);
    case "elu":
      return x > 0 ? 1 : y + alpha;
    case "selu":
      return x > 0 ? SELU_SCALE : y + SELU_SCALE * SELU_ALPHA;
    case "softplus":
      return sigmoid(x);
    case "softsign":
      return 1 / (1 + Math.abs(x)) ** 2;
    case "swish": {
      const s = sigmoid(x);
      return s * (1 + x * (1 - s));
    }
  }
}
