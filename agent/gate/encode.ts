/**
 * Clip → quantise → noise: a contribution becomes ring elements, ready to be masked. The clipping of
 * units was done where their gradients were; here every coordinate meets its grid once. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import type { UniformSource } from "../../shared/base/uniform.ts";
import type { ManifestPrivacy } from "../../shared/charter/manifest.ts";
import type { DpEvent } from "../../shared/privacy/events.ts";
import { addDiscreteGaussianInPlace } from "../../shared/privacy/gaussian.ts";
import { assertNoWrap, effectiveNoiseMultiplier, shareSigma, toGrid } from "../../shared/privacy/grid.ts";
import { quantize } from "../../shared/privacy/quantize.ts";
import type { NoisedRelease, ReleaseShape } from "../../models/tasks/task.ts";

export interface EncodeParams {
  readonly shape: ReleaseShape;
  readonly privacy: ManifestPrivacy | null;
  readonly memberCount: number;
  /** Bound on one member's units in one release. */
  readonly unitsMax: number;
}

/**
 * @param contribution Shape [dimension].
 * @returns Ring elements, shape [dimension]: noised where the release is.
 * @throws {InvariantError} If the contribution has the wrong length.
 */
export function encodeContribution(contribution: Float64Array, params: EncodeParams, source: UniformSource): Uint32Array {
  const { shape, memberCount } = params;
  assert(contribution.length === shape.dimension, "contribution has the wrong length");
  if (shape.release.kind === "bounded") {
    const { magnitudeMax, ringBits, exact } = shape.release;
    return quantize(contribution, { magnitudeMax, ringBits, memberCount, exact }, source);
  }
  const sigma = noiseShare(shape.release, shape.dimension, params);
  assertNoWrap({ unitsMax: params.unitsMax, memberCount, sigma });
  const vector = toGrid(contribution, shape.release.sensitivity);
  addDiscreteGaussianInPlace(vector, sigma, source);
  return vector;
}

function noiseShare(release: NoisedRelease, dimension: number, params: EncodeParams): number {
  const { privacy, memberCount } = params;
  assert(privacy !== null, "a noised release needs the run's privacy settings");
  const { maxDropouts, maxColluders } = privacy;
  return shareSigma({ noiseMultiplier: release.noiseMultiplier, dimension, memberCount, maxDropouts, maxColluders });
}

/**
 * What the ledger is charged for one release: the guaranteed noise, whatever happens afterwards.
 * Null: no privacy guarantee is claimed, and none is spent.
 */
export function privacyEvent(shape: ReleaseShape): DpEvent | null {
  const { release } = shape;
  if (release.kind === "bounded") return null;
  // The share is rounded up to whole grid steps, so the planned multiplier is a lower bound of the real one.
  const event: DpEvent = { kind: "gaussian", noiseMultiplier: chargedMultiplier(release.noiseMultiplier, shape.dimension) };
  const { samplingProbability } = release;
  return samplingProbability === 1 ? event : { kind: "poissonSampled", samplingProbability, event };
}

function chargedMultiplier(noiseMultiplier: number, dimension: number): number {
  return effectiveNoiseMultiplier(noiseMultiplier, dimension);
}
