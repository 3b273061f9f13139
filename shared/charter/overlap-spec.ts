/** How many customers members share, as data: by which column, and how long the sketches are. Pure. */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";
import { MemberId } from "../protocol/messages.ts";

/** Sets of fewer identifiers take part as if they were empty; no run may ask for less. */
export const SIZE_MIN = 1000;
/** Below, intervals do not hold; above, a slot's place is not exact. */
export const SLOTS_MIN = 256;
export const SLOTS_MAX = 2 ** 21;

const Digits = z.string().regex(/^\d{1,4}$/, "must be digits, in quotation marks");

/** What telephone numbers without a country code mean. */
const PhoneRules = z.strictObject({
  countryCode: Digits,
  /** Dialled before a national number, and no part of it. May be empty. */
  trunkPrefix: z.union([z.literal(""), Digits]).default("0"),
  /** Dialled before a country code. */
  internationalPrefix: Digits.default("00"),
  /** How digits without any prefix are read. */
  bare: z.enum(["national", "international"]).default("national"),
});

/** How cells of a column of identifiers are read. */
export const identifierFields = {
  /** For a column of telephone numbers. */
  phone: PhoneRules.optional(),
  /** For a column of texts. */
  letterCase: z.enum(["fold", "exact"]).default("fold"),
};

export const OverlapTask = z.strictObject({
  kind: z.literal("overlap"),
  /** One of the schema's `identifiers`. */
  column: z.string().min(1).max(200),
  /** Hexadecimal, 16 to 64 bytes. Left out of a plan: drawn when the manifest is made. */
  salt: z
    .string()
    .regex(/^(?:[0-9a-f]{2}){16,64}$/, "must be 32 to 128 hexadecimal digits")
    .optional(),
  /** Public estimate of how many identifiers a member has. */
  sizeExpected: z.int().min(1).max(1_000_000_000),
  /** Length of a member's sketch. Left out: the best one within `bytesMax`. */
  slots: z.int().min(SLOTS_MIN).max(SLOTS_MAX).optional(),
  /** What a member may send. */
  bytesMax: z.int().min(10_000).max(100_000_000).default(300_000),
  /** Of a unit with more identifiers only so many take part; the noise grows with it. */
  identifiersPerUnitMax: z.int().min(1).max(64).default(1),
  /** A member with fewer identifiers takes part as if it had none, and nobody is told. */
  sizeMin: z.int().min(SIZE_MIN).default(SIZE_MIN),
  /** Does the answer say how many identifiers each member has? */
  sizes: z.enum(["told", "untold"]).default("untold"),
  /** A column of numbers: what do the customers come to that another member has too? */
  values: z.string().min(1).max(200).optional(),
  /** Whose customers. Left out: every member's. */
  valuesFrom: z.array(MemberId).min(1).max(LIMITS.membersMax).optional(),
  /** What one customer comes to at most, up or down, in the column's unit. Left out: what one row may. */
  valueMax: z.number().positive().optional(),
  /** Public estimate of what a customer comes to on average: says what noise leaves of a sum. */
  valueExpected: z.number().positive().optional(),
  ...identifierFields,
});

export type OverlapTask = z.infer<typeof OverlapTask>;
