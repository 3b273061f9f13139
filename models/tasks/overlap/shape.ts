/** The vector of an overlap: a section for each sketch, of which every member fills only its own. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import type { OverlapTask } from "../../../shared/charter/overlap-spec.ts";
import { signedMax } from "../../../shared/privacy/encoding/ring.ts";
import { noiseReach } from "../../../shared/privacy/mechanism/grid.ts";
import { ALONE, integerNoiseShare } from "../../../shared/privacy/mechanism/noise-share.ts";
import { type Sketched, sketchSensitivity } from "../../overlap/minimum.ts";
import { overlapVariance, slotsFor } from "../../overlap/sketch-size.ts";
import type { NoisedRelease } from "../task.ts";
import {
  type AskedValues,
  askedValues,
  isHopeless,
  type OverlapContext,
  type ValuesPlan,
  valuesPlan,
} from "./values.ts";

/**
 * A sketch is sent this many times larger: members' noises are whole numbers of 4 steps or more each, and would drown
 * sketches of single ones.
 */
export const OVERLAP_SCALE = 32;
/** Widths of the ring, the first that leaves a slot room for so many standard deviations of what falls into it. */
const RING_BITS = [16, 24, 32] as const;
const ROOM_ERRORS = 12;
/** Numbers of a vector at most. */
const NUMBERS_MAX = 8_000_000;

export interface OverlapPlan {
  /** m: of each member's sketch. */
  readonly slots: number;
  readonly release: NoisedRelease;
  /** Of the noise in each slot of the opened sum if every member answers, in identifiers. */
  readonly noiseStdDev: number;
  /** Standard error of the overlap of two sets as large as expected, where it is small. */
  readonly standardError: number;
  /** Sections of the vector: every member's sketch of identifiers, then those of values. */
  readonly sketchCount: number;
  readonly values: ValuesPlan | null;
}

/** @throws {CloisterError} If the question cannot be asked so; says what to change. */
export function overlapPlan(context: OverlapContext): OverlapPlan {
  const { spec, noise } = context;
  if (noise === null) {
    const message = "sketches without noise would give sets away: plan with privacy.epsilon";
    throw badInput("overlap.noise-needed", message);
  }
  const values = askedValues(context);
  for (const ringBits of RING_BITS) {
    const release: NoisedRelease = {
      kind: "noised",
      sensitivity: OVERLAP_SCALE * sketchSensitivity(sketchedOf(spec)),
      samplingProbability: 1,
      noiseMultiplier: noise.trainMultiplier,
      partition: "all",
      integers: true,
      ringBits,
    };
    const plan = planWith(context, release, noise.inflation ?? 1, values);
    if (plan !== null) return plan;
  }
  const message = `sets of ${spec.sizeExpected} do not fit sketches of ${spec.slots ?? "few"} slots beside the noise: use more slots, or more ε`;
  throw badInput("overlap.no-room", message);
}

/** What of a unit is in the sketches that a member sends. */
export function sketchedOf({ identifiersPerUnitMax, values }: OverlapTask): Sketched {
  return { perUnitMax: identifiersPerUnitMax, sketchCount: values === undefined ? 1 : 2 };
}

/** Null: the ring has too little room. */
function planWith(
  { spec, memberCount }: OverlapContext,
  release: NoisedRelease,
  inflation: number,
  asked: AskedValues | null,
): OverlapPlan | null {
  const { shareStdDev, openedStdDev } = openedNoise(release, memberCount, inflation);
  const ringBits = release.ringBits ?? 32;
  const { sizeExpected, bytesMax } = spec;
  const noiseStdDev = openedStdDev / OVERLAP_SCALE;
  const sketchCount = memberCount + (asked?.members.length ?? 0);
  const bounds = { sizeExpected, noiseStdDev, sketchCount, bytesMax, slotBytes: ringBits / 8 };
  const slots = spec.slots ?? slotsFor(bounds);
  const dimension = slots * sketchCount;
  if (dimension > NUMBERS_MAX) {
    const message = `${sketchCount} sketches of ${slots} slots are more than ${NUMBERS_MAX} numbers: use fewer slots`;
    throw badInput("overlap.too-long", message);
  }
  const reach = noiseReach({ memberCount, shareStdDev, dimension });
  const room = (signedMax(ringBits) - reach) / memberCount / OVERLAP_SCALE;
  if (room < ROOM_ERRORS * Math.sqrt(sizeExpected / slots)) return null;
  const sizes = [sizeExpected, sizeExpected] as const;
  const standardError = Math.sqrt(overlapVariance({ slots, noiseStdDev, sizes, overlap: 0 }));
  if (isHopeless(standardError, sizeExpected)) {
    const message = `of sets of ${sizeExpected} an overlap would be known within ${Math.round(2 * standardError)} only: use more ε`;
    throw badInput("overlap.hopeless", message);
  }
  const values = asked && valuesPlan(spec, asked, { slots, noiseStdDev });
  return { slots, release, noiseStdDev, standardError, sketchCount, values };
}

/**
 * What members add, as `wire.ts` has it: shares are whole numbers, and their rounding up shows in the sizes. Of K
 * members K/inflation² are counted on; none adds any where the coordinator does, and only then is there no inflation.
 */
function openedNoise(
  { noiseMultiplier, sensitivity }: NoisedRelease,
  memberCount: number,
  inflation: number,
): { readonly shareStdDev: number; readonly openedStdDev: number } {
  if (inflation === 1) {
    const { shareStdDev } = integerNoiseShare(noiseMultiplier, sensitivity, ALONE);
    return { shareStdDev: shareStdDev / Math.sqrt(memberCount), openedStdDev: shareStdDev };
  }
  const honest = { ...ALONE, memberCount: Math.round(memberCount / inflation ** 2) };
  const { shareStdDev } = integerNoiseShare(noiseMultiplier, sensitivity, honest);
  return { shareStdDev, openedStdDev: shareStdDev * Math.sqrt(memberCount) };
}
