/** How long the released vector of a training plan under noise is, before there is a manifest. Pure. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { shapeOf, trainingAsk } from "./train/shape.ts";

/** d: as the run would release it. The noise's size does not matter for that. */
export function plannedDimension(
  { schema, rowsMax, members, privacy }: Charter,
  spec: TrainTask,
): number {
  const unitsExpected = privacy.unitsExpected ?? 1;
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected };
  const context = { spec, schema, rowsMax, memberCount: members.length, noise };
  return shapeOf(context, trainingAsk(spec)).dimension;
}
