/** The activations that a topology may use, by the names TensorFlow.js has for them. Pure. */

export type ActivationName =
  | "relu"
  | "tanh"
  | "sigmoid"
  | "elu"
  | "selu"
  | "softplus"
  | "softsign"
  | "swish"
  | "leakyRelu";

/** A function of one number. `alpha` is the slope of leakyRelu below 0, and elu's limit, 1; else 0. */
export interface Activation {
  readonly name: ActivationName;
  readonly alpha: number;
}

/** Names as they stand in a layer's `activation`. `linear` is none at all. */
export const ACTIVATION_NAMES = [
  "linear",
  "relu",
  "tanh",
  "sigmoid",
  "elu",
  "selu",
  "softplus",
  "softsign",
  "swish",
] as const;

/** Null where nothing is computed. */
export function activationOf(name: (typeof ACTIVATION_NAMES)[number]): Activation | null {
  return name === "linear" ? null : { name, alpha: name === "elu" ? 1 : 0 };
}
