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
import { gridMagnitudeMax } from "../../shared/privacy/mechanism/grid.ts";
import {
  type Cohort,
  centralNoiseStdDev,
  gridNoiseShare,
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
  /** Rounded to the 32-bit grid, noise added by the members. */
  | {
      readonly kind: "grid";
      readonly sensitivity: number;
      readonly shareStdDev: number;
      readonly magnitudeMax: number;
    }
  /** Rounded to the 32-bit grid; the coordinator adds all noise to the opened sum. */
  | {
      readonly kind: "centralGrid";
      readonly sensitivity: number;
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
  { sensitivity, noiseMultiplier, samplingProbability }: NoisedRelease,
  { roster, privacy, encoding }: WireManifest,
): WireFormat {
  assert(privacy !== null, "a noised release needs the run's privacy settings");
  const memberCount = roster.length;
  const { noisePlacement = "distributed", maxDropouts, maxColluders } = privacy;
  if (noisePlacement === "central") {
    if (encoding !== undefined) throw membersDrawNothing(encoding.profile);
    const coding = centralCoding(sensitivity, noiseMultiplier, dimension, memberCount);
    return { dimension, ringBits: 32, rotated: false, coding };
  }
  const cohort = noiseCohort({ memberCount, maxDropouts, maxColluders }, noisePlacement);
  if (encoding === undefined) {
    const coding = gridCoding(sensitivity, noiseMultiplier, dimension, cohort);
    return { dimension, ringBits: 32, rotated: false, coding };
  }
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

function gridCoding(
  sensitivity: number,
  noiseMultiplier: number,
  dimension: number,
  cohort: Cohort,
): Coding {
  const { memberCount } = cohort;
  const { shareStdDev } = gridNoiseShare(noiseMultiplier, dimension, cohort);
  const magnitudeMax = gridMagnitudeMax({ memberCount, shareStdDev, dimension });
  return { kind: "grid", sensitivity, shareStdDev, magnitudeMax };
}

function centralCoding(
  sensitivity: number,
  noiseMultiplier: number,
  dimension: number,
  memberCount: number,
): Coding {
  const centralStdDev = centralNoiseStdDev(noiseMultiplier, dimension);
  // The sum's noise is what K such shares would add up to.
  const shareStdDev = centralStdDev / Math.sqrt(memberCount);
  const magnitudeMax = gridMagnitudeMax({ memberCount, shareStdDev, dimension });
  return { kind: "centralGrid", sensitivity, centralStdDev, magnitudeMax };
}

function membersDrawNothing(profile: string): Error {
  return badInput(
    "encoding.central-noise",
    `the encoding ${profile} does not go with noisePlacement: central, where members draw no noise: ` +
      "leave the encoding out",
  );
}
