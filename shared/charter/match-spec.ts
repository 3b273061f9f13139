/** How many customers members share, to the unit, as data: by which column, and how long every set is. Pure. */
import { z } from "zod";
import { MATCH_LIMITS } from "../matching/params.ts";
import { identifierFields, SIZE_MIN } from "./overlap-spec.ts";

/** Decoys in one member's set at most. */
export { decoysMax } from "../matching/decoys.ts";
/** Members that a matching takes. */
export const MATCH_MEMBERS_MAX = MATCH_LIMITS.membersMax;
/** Points of all members' sets: what a coordinator counts in memory. */
export const MATCH_POINTS_MAX = 10_000_000;

export const MatchTask = z
  .strictObject({
    kind: z.literal("match"),
    /** One of the schema's `identifiers`. */
    column: z.string().min(1).max(200),
    /**
     * Public: every member's set is filled up to it with dummies, and under noise grows by its decoys besides. One with
     * more identifiers takes no part.
     */
    setSize: z.int().min(SIZE_MIN).max(MATCH_POINTS_MAX),
    /** Without noise: a member with fewer identifiers takes part with dummies alone, and nobody is told. */
    sizeMin: z.int().min(SIZE_MIN).default(SIZE_MIN),
    /** With noise: of a unit with more identifiers only so many take part, and the noise grows with it. Left out: 1. */
    identifiersPerUnitMax: z.int().min(1).max(16).optional(),
    ...identifierFields,
  })
  .refine(({ setSize, sizeMin }) => sizeMin <= setSize, {
    path: ["sizeMin"],
    message: "must not be above setSize",
  });

export type MatchTask = z.infer<typeof MatchTask>;
