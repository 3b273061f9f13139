/**
 * How many customers the members share, two by two, and what these come to, from one secure sum of all their noised
 * sketches. Nobody sees a sketch without noise, and a member that has too few customers contributes nothing but noise. Pure.
 */
import { assert } from "../../../shared/base/assert.ts";
import type { Rng } from "../../../shared/base/env.ts";
import { badInput } from "../../../shared/base/errors.ts";
import { identifierHasher } from "../../../shared/charter/identifier-hash.ts";
import type { OverlapTask } from "../../../shared/charter/overlap-spec.ts";
import type { PartitionedData } from "../../data.ts";
import { gramOf } from "../../overlap/gram.ts";
import { type SketchedCounts, type Sketches, sketchInPlace } from "../../overlap/member-sketch.ts";
import { isLargeEnough } from "../../overlap/minimum.ts";
import { askedColumn, identifiedRows, identifierRule } from "../identified.ts";
import type { MemberMemory } from "../member-memory.ts";
import { oneSumTask } from "../one-sum.ts";
import { checkAllRows } from "../row-limit.ts";
import { overlapAnswer } from "./answer.ts";
import { OVERLAP_SCALE, overlapPlan, sketchedOf } from "./shape.ts";
import { askedValues, type OverlapContext, valuesOf } from "./values.ts";

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
      const { slots, sketchCount, release } = overlapPlan(context);
      return { dimension: slots * sketchCount, release };
    },
    contribute,
    answer(context, aggregate) {
      const { noiseStdDev, sketchCount } = overlapPlan(context);
      const sketches = aggregate.map((steps) => steps / OVERLAP_SCALE);
      return overlapAnswer(context, gramOf(sketches, sketchCount, noiseStdDev));
    },
    columnUse({ spec, schema }) {
      const summed = spec.values === undefined ? [] : [spec.values];
      const read = [...(schema.unit ? [schema.unit.column] : []), ...summed];
      return { read, summed, grouped: [], joined: [spec.column] };
    },
    partNames(context) {
      const { slots, values } = overlapPlan(context);
      const own = (what: string, k: number) => [`${what} of member ${k + 1}`, slots] as const;
      const counts = Array.from({ length: context.memberCount }, (_, k) => own("sketch", k));
      const sums = values?.members.map((k) => own(`sketch of ${values.reader.name}`, k)) ?? [];
      return [...counts, ...sums];
    },
  }),
  ownNotes,
  /** Whose section is missing would be taken for one without customers. */
  needsEveryMember: () => true,
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
  const { slots, sketchCount, values } = overlapPlan(context);
  const index = memory?.index ?? -1;
  assert(index >= 0 && index < memberCount, "a sketch needs its member's place in the roster");
  assert(noise !== null, "a plan has noise");
  const contribution = new Float64Array(slots * sketchCount);
  const section = (k: number): Float64Array => contribution.subarray(k * slots, (k + 1) * slots);
  const place = values?.members.indexOf(index) ?? -1;
  const own = {
    counts: section(index),
    values: place >= 0 ? section(memberCount + place) : null,
  };
  const { identifiers } = sketched(context, data, own);
  const minimum = {
    ...sketchedOf(spec),
    sizeMin: spec.sizeMin,
    noiseMultiplier: noise.trainMultiplier,
  };
  if (!isLargeEnough(identifiers, minimum, rng)) contribution.fill(0);
  return contribution;
}

function ownNotes(context: OverlapContext, data: PartitionedData): readonly string[] {
  const { column, sizeMin } = context.spec;
  const asked = askedValues(context);
  const sketches = {
    counts: new Float64Array(1),
    values: asked && new Float64Array(1),
  };
  const { identifiers, missingRows, invalidRows, cutUnits } = sketched(context, data, sketches);
  const notes = [
    `column ${column}: ${identifiers} different identifiers take part; ${missingRows} rows have none, ${invalidRows} rows none that is valid`,
  ];
  if (asked)
    notes.push(
      `column ${asked.reader.name}: the rows of each are added up, and of these sums noised ones are told over customers that another member has too; ${cutUnits} customers come to more than ${asked.most} and count as that`,
    );
  if (identifiers < 2 * sizeMin)
    notes.push(`that is few: below about ${sizeMin} this member takes part as if it had none`);
  return notes;
}

/** @param sketches Changed, in steps. */
function sketched(
  context: OverlapContext,
  data: PartitionedData,
  sketches: Sketches,
): SketchedCounts {
  const { type } = askedColumn(context);
  const asked = sketches.values && askedValues(context);
  const values = asked && valuesOf(asked, data);
  const sides = identifiedRows(context, data).map((side, k) => {
    const own = values?.[k];
    return own ? { ...side, values: own } : side;
  });
  return sketchInPlace(sketches, sides, {
    rule: identifierRule(context),
    hasher: identifierHasher({ salt: saltOf(context), purpose: PURPOSE, type }),
    perUnitMax: context.spec.identifiersPerUnitMax,
    steps: OVERLAP_SCALE,
  });
}

function saltOf({ spec }: OverlapContext): string {
  if (spec.salt !== undefined) return spec.salt;
  throw badInput("overlap.salt", "the manifest has no salt for the sketches: make it anew");
}
