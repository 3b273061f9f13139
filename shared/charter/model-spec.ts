/** Which model a training run trains, as data: a short plan or a whole topology. Pure. Another kind is another member. */
import { z } from "zod";
import type { Json } from "../base/canonical.ts";
import { CloisterError } from "../base/errors.ts";
import { readTopology } from "./topology/topology.ts";

/** Seeds the initial weights. */
const Seed = z.string().max(100).default("cloister");

/** A feed-forward net; `hidden: []` is logistic regression. */
export const NetSpec = z.strictObject({
  hidden: z.array(z.int().min(1).max(4096)).max(8),
  activation: z.enum(["relu", "tanh"]).default("relu"),
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

/** The members in the union's order, by the field that each of them has and no other. */
const KINDS = ["hidden", "topology"] as const;

export const ModelSpec = z.union([NetSpec, TopologySpec], {
  error: ({ code, input, errors }) => {
    if (code !== "invalid_union") return undefined;
    const given = typeof input === "object" && input !== null ? input : {};
    const [kind, ...others] = KINDS.filter((field) => Object.hasOwn(given, field));
    if (kind === undefined || others.length > 0) return `give one of ${KINDS.join(", ")}`;
    const [issue] = errors[KINDS.indexOf(kind)] ?? [];
    return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`;
  },
});

export type NetSpec = z.infer<typeof NetSpec>;
export type TopologySpec = z.infer<typeof TopologySpec>;
export type ModelSpec = z.infer<typeof ModelSpec>;
