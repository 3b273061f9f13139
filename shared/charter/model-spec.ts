/** Which model a training run trains, as data: a net, an autoencoder or a whole topology. Pure. Another kind is another shape. */
import { z } from "zod";
import type { Json } from "../base/canonical.ts";
import { CloisterError } from "../base/errors.ts";
import { readTopology } from "./topology/topology.ts";

/** Seeds the initial weights. */
const Seed = z.string().max(100).default("cloister");

const Hidden = z.array(z.int().min(1).max(4096)).max(8);
const Activation = z.enum(["relu", "tanh"]);

/** A feed-forward net; `hidden: []` is logistic regression. */
export const NetSpec = z.strictObject({
  hidden: Hidden,
  activation: Activation.default("relu"),
  seed: Seed,
});

/**
 * A net that learns to give its own input back, without labels. A row that it gives back badly is unusual: its score is
 * an anomaly score, not a probability.
 */
const AutoencoderSpec = z.strictObject({
  autoencoder: z.strictObject({
    /** Widths between the inputs and their reconstruction; the smallest is what a row has to pass through. */
    hidden: Hidden.min(1),
    activation: Activation.default("tanh"),
  }),
  seed: Seed,
});

/** Any feed-forward topology, as TensorFlow.js writes it. Its weights are not part of it. */
export const TopologySpec = z
  .strictObject({
    topology: z.custom<Json>((value) => z.json().safeParse(value).success, {
      error: "is not JSON",
      abort: true,
    }),
    seed: Seed,
  })
  .superRefine(({ topology }, context) => {
    try {
      readTopology(topology);
    } catch (error) {
      if (!(error instanceof CloisterError)) throw error;
      context.addIssue({ code: "custom", path: ["topology"], message: error.message });
    }
  });

/** By the field that each has and no other. */
const SHAPES = { hidden: NetSpec, autoencoder: AutoencoderSpec, topology: TopologySpec };
const FIELDS = Object.keys(SHAPES) as readonly (keyof typeof SHAPES)[];

/** One of the shapes. What is wrong is said of the shape whose field is given, not of all of them. */
export const ModelSpec = z.unknown().transform((value, context): ModelSpec => {
  const given = typeof value === "object" && value !== null ? value : {};
  const [field, ...others] = FIELDS.filter((name) => Object.hasOwn(given, name));
  if (field === undefined || others.length > 0) {
    context.addIssue({ code: "custom", message: `give one of ${FIELDS.join(", ")}` });
    return z.NEVER;
  }
  const parsed = SHAPES[field].safeParse(value);
  if (parsed.success) return parsed.data;
  context.issues.push(...(parsed.error.issues as z.core.$ZodRawIssue[]));
  return z.NEVER;
});

export type NetSpec = z.infer<typeof NetSpec>;
export type AutoencoderSpec = z.infer<typeof AutoencoderSpec>;
export type TopologySpec = z.infer<typeof TopologySpec>;
export type ModelSpec = NetSpec | AutoencoderSpec | TopologySpec;

export function isAutoencoder(spec: ModelSpec): spec is AutoencoderSpec {
  return "autoencoder" in spec;
}

export function isTopology(spec: ModelSpec): spec is TopologySpec {
  return "topology" in spec;
}

/** The layers between a model's inputs and its output. */
export function hiddenOf(spec: NetSpec | AutoencoderSpec): Pick<NetSpec, "hidden" | "activation"> {
  return isAutoencoder(spec) ? spec.autoencoder : spec;
}
