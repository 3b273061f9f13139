/**
 * Rotate → quantise → noise: a contribution becomes ring elements, ready to be masked. The clipping
 * of units was done where their gradients were; here every coordinate meets its grid once. Pure.
 */

import type { ReleaseShape } from "../../models/tasks/task.ts";
import { type WireFormat, type WireManifest, wireFormat } from "../../models/tasks/wire.ts";
import { assert, unreachable } from "../../shared/base/assert.ts";
import type { UniformSource } from "../../shared/base/uniform.ts";
import { rotationSigns } from "../../shared/charter/rotation.ts";
import { quantize } from "../../shared/privacy/encoding/quantize.ts";
import { toRing } from "../../shared/privacy/encoding/ring.ts";
import { rotate } from "../../shared/privacy/encoding/rotation.ts";
import { toGrid, toNoisedGrid } from "../../shared/privacy/mechanism/grid.ts";
import { toSmoothGrid } from "../../shared/privacy/mechanism/smooth-grid.ts";

export interface EncodeParams {
  readonly shape: ReleaseShape;
  readonly manifest: WireManifest;
  /** The attempt that the vector is for: they seed the rotation. */
  readonly runId: string;
  readonly attempt: number;
}

/**
 * @param contribution Shape [shape.dimension].
 * @returns Ring elements, shape [wireFormat(…).dimension]: noised where the release is.
 * @throws {InvariantError} If the contribution has the wrong length.
 * @throws {CloisterError} @see wireFormat
 */
export function encodeContribution(
  contribution: Float64Array,
  { shape, manifest, runId, attempt }: EncodeParams,
  source: UniformSource,
): Uint32Array {
  assert(contribution.length === shape.dimension, "contribution has the wrong length");
  const format = wireFormat(shape, manifest);
  const values = format.rotated
    ? rotate(contribution, rotationSigns(runId, attempt))
    : contribution;
  return ringElements(values, format, source);
}

function ringElements(
  values: Float64Array,
  { coding, ringBits }: WireFormat,
  source: UniformSource,
): Uint32Array {
  switch (coding.kind) {
    case "levels":
      return quantize(values, coding.quantizer, source);
    case "grid": {
      const { span, magnitudeMax, shareStdDev } = coding;
      return toRing(toNoisedGrid(values, span, magnitudeMax, shareStdDev, source), ringBits);
    }
    case "centralGrid":
      return toRing(toGrid(values, coding.span, coding.magnitudeMax), ringBits);
    case "smooth":
      return toRing(toSmoothGrid(values, coding.sensitivity, coding.grid, source), ringBits);
    default:
      return unreachable(coding);
  }
}
