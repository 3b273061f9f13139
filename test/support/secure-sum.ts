/** A secure sum without network or masks: encode at every member, add modulo 2^b, decode. */
import { encodeContribution } from "../../agent/gate/encode.ts";
import { decodeSum } from "../../models/tasks/decode.ts";
import type { ReleaseShape } from "../../models/tasks/task.ts";
import { type WireManifest, wireFormat } from "../../models/tasks/wire.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { addPackedInPlace, packRing, reduceInPlace } from "../../shared/secagg/ring.ts";

export const RUN_ID = "ab".repeat(32);

/** What the coordinator makes of the contributions; fewer than the roster's members may send one. */
export function secureSum(
  contributions: readonly Float64Array[],
  shape: ReleaseShape,
  manifest: WireManifest,
  attempt = 0,
): Float64Array {
  const { dimension, ringBits } = wireFormat(shape, manifest);
  const sum = new Uint32Array(dimension);
  for (const [index, contribution] of contributions.entries()) {
    const source = new UniformSource(reproducibleRng(`member ${index} attempt ${attempt}`));
    const params = { shape, manifest, runId: RUN_ID, attempt };
    const ring = encodeContribution(contribution, params, source);
    addPackedInPlace(sum, packRing(ring, ringBits), ringBits, 1);
  }
  reduceInPlace(sum, ringBits);
  return decodeSum(sum, shape, manifest, { runId: RUN_ID, attempt });
}
