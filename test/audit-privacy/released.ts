/** What a coordinator reads off a training round: the opened sum, and the noise it should carry. Pure. */

import { gradientLayout } from "../../models/tasks/train/shape.ts";
import type { TrainState } from "../../models/tasks/train/state.ts";
import { trainTask } from "../../models/tasks/train/train.ts";
import { type WireFormat, wireFormat } from "../../models/tasks/wire.ts";
import { assert, unreachable } from "../../shared/base/assert.ts";
import { GRID_STEPS } from "../../shared/privacy/mechanism/grid.ts";
import type { AuditRoom } from "./room.ts";

/**
 * The opened sum of a round's gradients, in units of the round's clipping bound, as the optimiser's state has it: without
 * momentum its velocity is the last mean gradient, in doubles.
 *
 * @param clipNorm The bound that the round was asked with.
 * @returns Shape [paramCount].
 */
export function openedGradient(
  { context }: AuditRoom,
  { optimizer }: TrainState,
  clipNorm: number,
): Float64Array {
  const { strategy } = context.spec;
  assert(strategy.kind === "dpSgd" && strategy.momentum === 0, "audited runs have no momentum");
  const units = strategy.samplingProbability * (context.noise?.unitsExpected ?? 0);
  return optimizer.first.map((mean) => (mean * units) / Math.fround(clipNorm));
}

/**
 * σ of the noise in an opened gradient sum to which so many members added theirs, in units of the clipping bound.
 *
 * @param members Those whose noise is in the sum; of no matter where the coordinator adds it.
 */
export function claimedStdDev({ context, manifest }: AuditRoom, members: number): number {
  const shape = trainTask.shapeOf(context, "gradient");
  const { release } = shape;
  assert(release.kind === "noised", "an audited release is noised");
  const relative = stdDevIn(wireFormat(shape, manifest), members);
  return (relative * release.sensitivity) / gradientLayout(context).gradientNorm;
}

/** In units of the release's sensitivity. */
function stdDevIn({ coding }: WireFormat, members: number): number {
  switch (coding.kind) {
    case "grid":
      return (Math.sqrt(members) * coding.shareStdDev) / GRID_STEPS;
    case "centralGrid":
      return coding.centralStdDev / GRID_STEPS;
    case "smooth":
      return (Math.sqrt(members) * coding.grid.shareStdDev) / coding.grid.stepsPerSensitivity;
    case "levels":
      return 0;
    default:
      return unreachable(coding);
  }
}

/** zC: σ that the accounting counts on, in units of the clipping bound. */
export function accountedStdDev({ context }: AuditRoom): number {
  const { release } = trainTask.shapeOf(context, "gradient");
  assert(release.kind === "noised", "an audited release is noised");
  return (release.noiseMultiplier * release.sensitivity) / gradientLayout(context).gradientNorm;
}

/** Grid steps per clipping bound, where sums are on the 32-bit grid. */
export function stepsPerUnit({ context }: AuditRoom): number {
  const { release } = trainTask.shapeOf(context, "gradient");
  assert(release.kind === "noised", "an audited release is noised");
  return (GRID_STEPS * gradientLayout(context).gradientNorm) / release.sensitivity;
}
