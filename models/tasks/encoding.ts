/** Whether a manifest's encoding can carry what its task sends, known before any work. Pure. */
import { unreachable } from "../../shared/base/assert.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { quantizerScale } from "../../shared/privacy/encoding/quantize.ts";
import { contextOf } from "./context.ts";
import { taskFor } from "./registry.ts";
import { wireFormat } from "./wire.ts";

/**
 * @throws {CloisterError} If the model vectors of the run do not fit its encoding; says what to
 *   change.
 */
export function checkEncoding(charter: Charter, manifest: Manifest): void {
  const { task } = manifest;
  const shape = taskFor(task).shapeOf(contextOf(charter, manifest), modelAskKind(task));
  const { coding } = wireFormat(shape, manifest);
  if (coding.kind === "levels") quantizerScale(coding.quantizer);
}

/** The ask whose vector is a model's. */
function modelAskKind(task: TaskSpec): string {
  switch (task.kind) {
    case "train":
      return task.strategy.kind === "dpSgd" ? "gradient" : "update";
    case "probe":
      return "zeros";
    default:
      return unreachable(task);
  }
}
