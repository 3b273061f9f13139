/** An opened ring sum → the aggregate in the contribution's own units. Pure. */

import { unreachable } from "../../shared/base/assert.ts";
import { rotationSigns } from "../../shared/charter/rotation.ts";
import { dequantizeSum } from "../../shared/privacy/encoding/quantize.ts";
import { fromRing } from "../../shared/privacy/encoding/ring.ts";
import { rotateBack } from "../../shared/privacy/encoding/rotation.ts";
import { fromGrid } from "../../shared/privacy/mechanism/grid.ts";
import { fromSmoothGrid } from "../../shared/privacy/mechanism/smooth-grid.ts";
import type { Aggregate, ReleaseShape } from "./task.ts";
import { type WireFormat, type WireManifest, wireFormat } from "./wire.ts";

/**
 * @param manifest Its roster fixes the scale, whoever survived.
 * @param place The attempt that the sum is of: it seeds the rotation.
 */
export function decodeSum(
  sum: Uint32Array,
  shape: ReleaseShape,
  manifest: WireManifest,
  { runId, attempt }: { readonly runId: string; readonly attempt: number },
): Aggregate {
  const format = wireFormat(shape, manifest);
  const values = valuesOf(sum, format);
  return format.rotated ? rotateBack(values, rotationSigns(runId, attempt)) : values;
}

function valuesOf(sum: Uint32Array, { coding, ringBits }: WireFormat): Float64Array {
  switch (coding.kind) {
    case "levels":
      return dequantizeSum(sum, coding.quantizer);
    case "grid":
    case "centralGrid":
      return fromGrid(fromRing(sum, ringBits), coding.span);
    case "smooth":
      return fromSmoothGrid(fromRing(sum, ringBits), coding.sensitivity, coding.grid);
    default:
      return unreachable(coding);
  }
}
