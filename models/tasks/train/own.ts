/** The whole model that one member has where the last layers are personal. Pure; it is for the member's own disk. */
import { architectureOf } from "../../engine/architecture.ts";
import type { Model } from "../../model.ts";
import { carriedInto, type MemberMemory, newMemory } from "../member-memory.ts";
import type { Ask } from "../task.ts";
import { readInput } from "./input.ts";
import { checkKind, sharedCount, type TrainContext } from "./shape.ts";
import { wholeParams } from "./update.ts";

/**
 * What everybody shares as this ask has it, and the member's own layers as its last training left them. Null where
 * nothing is personal, or the ask carries no model.
 */
export function ownModel(context: TrainContext, ask: Ask, memory: MemberMemory): Model | null {
  const { spec, schema } = context;
  if (spec.strategy.kind === "dpSgd" || spec.strategy.personalLayers === undefined) return null;
  const kind = checkKind(context, ask.kind);
  if (kind !== "update" && kind !== "evaluate") return null;
  const { architecture, scaling, params } = readInput(context, kind, ask.input);
  const trained = kind === "update" ? memory.last?.after : carriedInto(memory, ask.input);
  const own = trained ?? { control: null, personal: null };
  const whole = wholeParams(context, architecture, params, own);
  return { schema, spec: spec.model, scaling: scaling.slice(), params: whole.slice() };
}

/** A member that has restarted goes on with the personal layers of its own model; its control variate is gone. */
export function recall(context: TrainContext, { params }: Model): MemberMemory {
  const shared = sharedCount(context, architectureOf(context.schema, context.spec.model));
  const after = { control: null, personal: params.slice(shared) };
  return { ...newMemory(), last: { input: new Float32Array(0), before: after, after } };
}
