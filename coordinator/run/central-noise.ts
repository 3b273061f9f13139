/**
 * The noise of a run whose members trust the coordinator with exact sums (`noisePlacement: central`):
 * added to an opened sum before anything else sees it. Pure: randomness is an argument.
 */
import type { ReleaseShape } from "../../models/tasks/task.ts";
import { type WireManifest, wireFormat } from "../../models/tasks/wire.ts";
import type { UniformSource } from "../../shared/base/uniform.ts";
import { addDiscreteGaussianInPlace } from "../../shared/privacy/noise/gaussian.ts";
import { reduceInPlace } from "../../shared/secagg/ring.ts";

/** Whether the release's noise is the coordinator's to add. */
export function isCentral(shape: ReleaseShape, manifest: WireManifest): boolean {
  return wireFormat(shape, manifest).coding.kind === "centralGrid";
}

/** @param sum The opened sum, modulo 2^b. Shape [dimension]. Overwritten where the noise is central. */
export function addCentralNoiseInPlace(
  sum: Uint32Array,
  shape: ReleaseShape,
  manifest: WireManifest,
  source: UniformSource,
): void {
  const { coding, ringBits } = wireFormat(shape, manifest);
  if (coding.kind !== "centralGrid") return;
  const signed = new Int32Array(sum.buffer, sum.byteOffset, sum.length);
  addDiscreteGaussianInPlace(signed, coding.centralStdDev, source);
  reduceInPlace(sum, ringBits);
}
