/**
 * How a release travels: `ReleaseShape` says what is released, the manifest's encoding says how.
 * Both sides derive the same from manifest and shape, and nothing of it from the coordinator's
 * word. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { unnoisedEncoding } from "../../shared/privacy/encoding/profiles.ts";
import type { Quantizer } from "../../shared/privacy/encoding/quantize.ts";
import {
  GRID_STEPS,
  gridMagnitudeMax,
  integerMagnitudeMax,
} from "../../shared/privacy/mechanism/grid.ts";
import {
  ALONE,
  type Cohort,
  gridNoiseShare,
  integerNoiseShare,
  noiseCohort,
} from "../../shared/privacy/mechanism/noise-share.ts";
import { type SmoothGrid, smoothGrid } from "../../shared/privacy/mechanism/smooth-grid.ts";
import type { BoundedRelease, NoisedRelease, ReleaseShape } from "./task.ts";

/** What of a manifest decides the encoding. */
export type WireManifest = Pick<Manifest, "roster" | "privacy" | "encoding">;

/** Public parameters of one vector on the wire. */
export interface WireFormat {
  /** Coordinates of the vector on the wire; what `AttemptParams` and the masks are told. */
  readonly dimension: number;
  readonly ringBits: RingBits;
  /** Whether the vector is rotated before it is coded. */
  readonly rotated: boolean;
  readonly coding: Coding;
}

export type Coding =
  /** Without noise: rounded at random to levels. */
  | { readonly kind: "levels"; readonly quantizer: Quantizer }
  /** Rounded to the grid of the ring, noise added by the members. */
  | {
      readonly kind: "grid";
      /** What `GRID_STEPS` steps are worth: one unit's bound, or, where the vector has integers, as many. */
      readonly span: number;
      readonly shareStdDev: number;
      readonly magnitudeMax: number;
    }
  /** Rounded to the 32-bit grid; the coordinator adds all noise to the opened sum. */
  | {
      readonly kind: "centralGrid";
      readonly span: number;
      readonly centralStdDev: number;
      readonly magnitudeMax: number;
    }
  /** Noise drawn around the value. */
  | { readonly kind: "smooth"; readonly sensitivity: number; readonly grid: SmoothGrid };

/**
 * The wire format of a release. The manifest's encoding applies to model vectors (`isModelVector`)
 * only; counts, histograms and moments always travel as their shape says.
 *
 * @throws {CloisterError} If the manifest's encoding cannot carry the release; says what to change.
 */
export function wireFormat(shape: ReleaseShape, manifest: WireManifest): WireFormat {
  const encoding = shape.isModelVector ? manifest.encoding : undefined;
  const applied = { ...manifest, encoding };
  return shape.release.kind === "bounded"
    ? boundedFormat(shape.dimension, shape.release, applied)
    : noisedFormat(shape.dimension, shape.release, applied);
}

function boundedFormat(
  dimension: number,
  release: BoundedRelease,
  { roster, encoding }: WireManifest,
): WireFormat {
  const profile = encoding?.profile ?? "compact";
  if (profile === "dp") {
    throw badInput(
      "encoding.no-noise",
      "the encoding dp is for runs with noise: use compact or wan",
    );
  }
  const vector = { ...release, dimension, l2NormMax: release.l2NormMax };
  const { rotated, quantizer } = unnoisedEncoding(profile, vector, roster.length);
  const coding = { kind: "levels", quantizer } as const;
  return { dimension, ringBits: quantizer.ringBits, rotated, coding };
}

function noisedFormat(
  dimension: number,
  release: NoisedRelease,
  { roster, privacy, encoding }: WireManifest,
): WireFormat {
  assert(privacy !== null, "a noised release needs the run's privacy settings");
  const { noiseMultiplier, samplingProbability, sensitivity } = release;
  const memberCount = roster.length;
  const { noisePlacement = "distributed", maxDropouts, maxColluders } = privacy;
  if (noisePlacement === "central") {
    if (encoding !== undefined) throw membersDrawNothing(encoding.profile);
    return onGrid(dimension, release, { memberCount, adding: "central" });
  }
  const cohort = noiseCohort({ memberCount, maxDropouts, maxColluders }, noisePlacement);
  if (encoding === undefined) return onGrid(dimension, release, { memberCount, adding: cohort });
  if (encoding.profile !== "dp") {
    throw badInput(
      "encoding.noised",
      `the encoding ${encoding.profile} is for runs without noise: use dp, or leave the encoding out`,
    );
  }
  const { ringBits } = encoding;
  const unitsPerRound = samplingProbability * privacy.unitsExpected;
  const grid = smoothGrid({ noiseMultiplier, dimension, cohort, ringBits, unitsPerRound });
  return { dimension, ringBits, rotated: true, coding: { kind: "smooth", sensitivity, grid } };
}

/** @param adding Whose noise it is: shares of a cohort, or the coordinator's. */
function onGrid(
  dimension: number,
  release: NoisedRelease,
  { memberCount, adding }: { readonly memberCount: number; readonly adding: Cohort | "central" },
): WireFormat {
  const { sensitivity, noiseMultiplier } = release;
  const cohort = adding === "central" ? ALONE : adding;
  const { shareStdDev } = release.integers
    ? integerNoiseShare(noiseMultiplier, sensitivity, cohort)
    : gridNoiseShare(noiseMultiplier, dimension, cohort);
  const ringBits = release.integers ? (release.ringBits ?? 32) : 32;
  // The sum's central noise is what K such shares would add up to.
  const reach = adding === "central" ? shareStdDev / Math.sqrt(memberCount) : shareStdDev;
  const bounds = { memberCount, shareStdDev: reach, dimension };
  const magnitudeMax = release.integers
    ? integerMagnitudeMax(bounds, ringBits, sensitivity)
    : gridMagnitudeMax(bounds);
  const span = release.integers ? GRID_STEPS : sensitivity;
  const coding: Coding =
    adding === "central"
      ? { kind: "centralGrid", span, centralStdDev: shareStdDev, magnitudeMax }
      : { kind: "grid", span, shareStdDev, magnitudeMax };
  return { dimension, ringBits, rotated: false, coding };
}

function membersDrawNothing(profile: string): Error {
  return badInput(
    "encoding.central-noise",
    `the encoding ${profile} does not go with noisePlacement: central, where members draw no noise: ` +
      "leave the encoding out",
  );
}
