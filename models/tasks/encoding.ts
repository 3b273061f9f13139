/** Whether a manifest's encoding can carry what its task sends, known before any work. Pure. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { quantizerScale } from "../../shared/privacy/encoding/quantize.ts";
import { contextOf } from "./context.ts";
import { taskFor } from "./registry.ts";
import { wireFormat } from "./wire.ts";

/**
 * @throws {CloisterError} If what the run sends cannot be sent, or does not fit its encoding; says
 *   what to change.
 */
export function checkEncoding(charter: Charter, manifest: Manifest): void {
  const task = taskFor(manifest.task);
  const context = contextOf(charter, manifest);
  for (const { kind } of task.plannedAsks(context)) {
    const { coding } = wireFormat(task.shapeOf(context, kind), manifest);
    if (coding.kind === "levels") quantizerScale(coding.quantizer);
  }
}
