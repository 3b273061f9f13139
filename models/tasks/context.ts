/** Charter and manifest → what a task may depend on. The same on both sides. Pure. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import type { TaskContext } from "./task.ts";

export function contextOf(charter: Charter, manifest: Manifest): TaskContext<TaskSpec> {
  const { privacy } = manifest;
  return {
    spec: manifest.task,
    schema: charter.schema,
    noise: privacy && {
      trainMultiplier: privacy.trainMultiplier,
      holdoutMultiplier: privacy.holdoutMultiplier,
      unitsExpected: privacy.unitsExpected,
    },
    rowsMax: charter.rowsMax,
    memberCount: manifest.roster.length,
  };
}
