/**
 * Clip → quantise → noise: a contribution becomes ring elements, ready to be masked. The clipping of
 * units was done where their gradients were; here every coordinate meets its grid once. Pure.
 */

import type { ReleaseShape } from "../../models/tasks/task.ts";
import { assert } from "../../shared/base/assert.ts";
import type { UniformSource } from "../../shared/base/uniform.ts";
import type { ManifestPrivacy } from "../../shared/charter/manifest.ts";
import type { SingleDpEvent } from "../../shared/privacy/events.ts";
import { addDiscreteGaussianInPlace } from "../../shared/privacy/gaussian.ts";
import { gridMagnitudeMax, toGrid } from "../../shared/privacy/grid.ts";
import { gridNoiseShare } from "../../shared/privacy/noise-share.ts";
import { quantize } from "../../shared/privacy/quantize.ts";
import { toRing } from "../../shared/privacy/ring.ts";

export interface EncodeParams {
  readonly shape: ReleaseShape;
  readonly privacy: ManifestPrivacy | null;
  readonly memberCount: number;
}

/**
 * @param contribution Shape [dimension].
 * @returns Ring elements, shape [dimension]: noised where the release is.
 * @throws {InvariantError} If the contribution has the wrong length.
 */
export function encodeContribution(
  contribution: Float64Array,
  params: EncodeParams,
  source: UniformSource,
): Uint32Array {
  const { shape, memberCount } = params;
  assert(contribution.length === shape.dimension, "contribution has the wrong length");
  if (shape.release.kind === "bounded") {
    const { magnitudeMax, ringBits, exact } = shape.release;
    return quantize(contribution, { magnitudeMax, ringBits, memberCount, exact }, source);
  }
  const { sensitivity, noiseMultiplier } = shape.release;
  assert(params.privacy !== null, "a noised release needs the run's privacy settings");
  const cohort = { ...params.privacy, memberCount };
  const { shareStdDev } = gridNoiseShare(noiseMultiplier, shape.dimension, cohort);
  const magnitudeMax = gridMagnitudeMax({ memberCount, shareStdDev, dimension: shape.dimension });
  const steps = toGrid(contribution, sensitivity, magnitudeMax);
  addDiscreteGaussianInPlace(steps, shareStdDev, source);
  return toRing(steps, 32);
}

/**
 * What the ledger is charged for one release: the guaranteed noise, whatever happens afterwards.
 * Null: no privacy guarantee is claimed, and none is spent.
 */
export function privacyEvent(shape: ReleaseShape): SingleDpEvent | null {
  const { release } = shape;
  if (release.kind === "bounded") return null;
  // Shares are rounded up to whole grid steps: the opened sum has at least this much noise.
  const { samplingProbability, noiseMultiplier } = release;
  const event: Extract<SingleDpEvent, { kind: "gaussian" }> = { kind: "gaussian", noiseMultiplier };
  return samplingProbability === 1 ? event : { kind: "poissonSampled", samplingProbability, event };
}
