/**
 * How many customers the members share, two by two, from one secure sum of all their noised sketches. Nobody sees a
 * sketch without noise, and a member that has too few customers contributes nothing but noise. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import { identifierHasher } from "../../shared/charter/identifier-hash.ts";
import type { OverlapTask } from "../../shared/charter/overlap-spec.ts";
import type { PartitionedData } from "../data.ts";
import { gramOf } from "../overlap/gram.ts";
import { type SketchedCounts, sketchInPlace } from "../overlap/member-sketch.ts";
import { isLargeEnough } from "../overlap/minimum.ts";
import { askedColumn, identifiedRows, identifierRule } from "./identified.ts";
import type { MemberMemory } from "./member-memory.ts";
import { oneSumTask } from "./one-sum.ts";
import { overlapAnswer } from "./overlap-answer.ts";
import { OVERLAP_SCALE, type OverlapContext, overlapPlan } from "./overlap-shape.ts";
import { checkAllRows } from "./row-limit.ts";

/** What the hashes are for: others' are not alike. */
const PURPOSE = "overlap";

export const overlapTask = {
  ...oneSumTask<OverlapTask>({
    ask: "sketches",
    partition: "all",
    check(context) {
      identifierRule(context);
      saltOf(context);
      overlapPlan(context);
    },
    shapeOf(context) {
      const { slots, release } = overlapPlan(context);
      return { dimension: slots * context.memberCount, release };
    },
    contribute,
    answer(context, aggregate) {
      const { noiseStdDev } = overlapPlan(context);
      const sketches = aggregate.map((steps) => steps / OVERLAP_SCALE);
      return overlapAnswer(context, gramOf(sketches, context.memberCount, noiseStdDev));
    },
    columnUse: ({ spec, schema }) => ({
      read: schema.unit ? [schema.unit.column] : [],
      summed: [],
      grouped: [],
      joined: [spec.column],
    }),
    partNames(context) {
      const { slots } = overlapPlan(context);
      return Array.from(
        { length: context.memberCount },
        (_, k) => [`sketch of member ${k + 1}`, slots] as const,
      );
    },
  }),
  ownNotes,
  /** Whose section is missing would be taken for one without customers. */
  needsEveryMember: true,
} as const;

/**
 * @param rng Decides with which noise the size is compared to the least one.
 * @throws {CloisterError} If there are more rows than the charter allows.
 */
function contribute(
  context: OverlapContext,
  data: PartitionedData,
  rng: Rng,
  memory: MemberMemory | undefined,
): Float64Array {
  checkAllRows(context.rowsMax, data);
  const { spec, memberCount, noise } = context;
  const { slots } = overlapPlan(context);
  const index = memory?.index ?? -1;
  assert(index >= 0 && index < memberCount, "a sketch needs its member's place in the roster");
  assert(noise !== null, "a plan has noise");
  const contribution = new Float64Array(slots * memberCount);
  const own = contribution.subarray(index * slots, (index + 1) * slots);
  const { identifiers } = sketched(context, data, own);
  const minimum = {
    sizeMin: spec.sizeMin,
    perUnitMax: spec.identifiersPerUnitMax,
    noiseMultiplier: noise.trainMultiplier,
  };
  if (!isLargeEnough(identifiers, minimum, rng)) own.fill(0);
  for (let s = 0; s < own.length; s++) own[s] = OVERLAP_SCALE * (own[s] ?? 0);
  return contribution;
}

function ownNotes(context: OverlapContext, data: PartitionedData): readonly string[] {
  const { column, sizeMin } = context.spec;
  const { identifiers, missingRows, invalidRows } = sketched(context, data, new Float64Array(1));
  const counts = `column ${column}: ${identifiers} different identifiers take part; ${missingRows} rows have none, ${invalidRows} rows none that is valid`;
  const few = `that is few: below about ${sizeMin} this member takes part as if it had none`;
  return identifiers < 2 * sizeMin ? [counts, few] : [counts];
}

/** @param sketch Changed. */
function sketched(
  context: OverlapContext,
  data: PartitionedData,
  sketch: Float64Array,
): SketchedCounts {
  const { type } = askedColumn(context);
  return sketchInPlace(sketch, identifiedRows(context, data), {
    rule: identifierRule(context),
    hasher: identifierHasher({ salt: saltOf(context), purpose: PURPOSE, type }),
    perUnitMax: context.spec.identifiersPerUnitMax,
  });
}

function saltOf({ spec }: OverlapContext): string {
  if (spec.salt !== undefined) return spec.salt;
  throw badInput("overlap.salt", "the manifest has no salt for the sketches: make it anew");
}
