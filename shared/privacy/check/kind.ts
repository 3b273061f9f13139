/** What kinds of vectors have in common: checked inputs, in the words that vectors use. Pure. */
import { z } from "zod";
import { badInput } from "../../base/errors.ts";
import { faultOf } from "../../base/fault.ts";
import { RDP_ORDERS } from "../accounting/rdp.ts";
import type { Kind } from "./check.ts";
import type { Computed } from "./tolerance.ts";

/** A kind from the schema of its inputs and what is computed from them. Other inputs are ignored. */
export function kind<Inputs>(
  schema: z.ZodType<Inputs>,
  compute: (inputs: Inputs) => Computed,
): Kind {
  return (inputs) => {
    const parsed = schema.safeParse(inputs);
    if (parsed.success) return compute(parsed.data);
    const { path, reason } = faultOf(parsed.error, inputs);
    const place = path === "" ? "inputs" : `inputs.${path}`;
    throw badInput("privacy.vector-invalid", `${place}: ${reason}; correct the vector`);
  };
}

export const Positive = z.number().positive();
export const Count = z.int().min(1);
/** Inside (0, 1). */
export const Fraction = z.number().gt(0).lt(1);
export const SamplingProbability = z.number().gt(0).max(1);

/** Only what is computed for this relation may carry its name. */
export const AddOrRemoveOne = z.literal("ADD_OR_REMOVE_ONE").optional();
export const ReplaceOne = z.literal("REPLACE_ONE").optional();

const Order = z.number().gt(1).max(65_536);
const NamedOrders = z.literal("google_default").transform(() => [...RDP_ORDERS]);
/** `2..128,256`: whole ranges and single orders. */
const WrittenOrders = z
  .string()
  .regex(
    /^\d+(?:\.\d+)?(?:\.\.\d+)?(?:,\d+(?:\.\d+)?(?:\.\.\d+)?)*$/,
    'not orders as in "2..128,256"',
  )
  .transform((text) => text.split(",").flatMap(ordersOf))
  .pipe(z.array(Order).min(1).max(10_000));

/** Rényi orders: `google_default`, a list, or ranges. Left out: the default. */
export const Orders = z
  .union([NamedOrders, z.array(Order).min(1), WrittenOrders])
  .default([...RDP_ORDERS]);

/** The same where a theorem holds for whole orders only. */
export const WholeOrders = Orders.pipe(z.array(z.int("only whole orders are proved here").min(2)));

function ordersOf(part: string): number[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(part);
  if (!range) return [Number(part)];
  const [low, high] = [Number(range[1]), Math.min(Number(range[2]), 65_536)];
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i);
}
