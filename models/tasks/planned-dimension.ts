/** How long the released vector of a training plan is, before there is a manifest. Pure. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { architectureOf } from "../engine/architecture.ts";

/** d: the model's parameters, and the loss beside them. */
export function plannedDimension({ schema }: Charter, { model }: TrainTask): number {
  return architectureOf(schema, model).paramCount + 1;
}
