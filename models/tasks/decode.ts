/** An opened ring sum → the aggregate in the contribution's own units. Pure. */

import { fromGrid } from "../../shared/privacy/grid.ts";
import { dequantizeSum } from "../../shared/privacy/quantize.ts";
import { fromRing } from "../../shared/privacy/ring.ts";
import type { Aggregate, ReleaseShape } from "./task.ts";

/** @param memberCount Members of the roster: it fixes the scale, whoever survived. */
export function decodeSum(
  sum: Uint32Array,
  { release }: ReleaseShape,
  memberCount: number,
): Aggregate {
  if (release.kind === "noised") return fromGrid(fromRing(sum, 32), release.sensitivity);
  const { magnitudeMax, ringBits, exact } = release;
  return dequantizeSum(sum, { magnitudeMax, ringBits, memberCount, exact });
}
