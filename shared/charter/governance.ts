/** Who may decide what in a room, and within which bounds: the parts of a charter that are not about the data. Pure. */
import { z } from "zod";
import { DAY_MS, daysSince1970 } from "../base/calendar.ts";
import { LIMITS } from "../protocol/limits.ts";
import { MemberId } from "../protocol/messages.ts";

/** Of an exact answer's cell, where the charter's `minimums.cell` says nothing: a member's units. */
export const CELL_MIN = 5;

/** Who must have reviewed a completed run's model before anybody is handed it; whose veto counts is as for manifests. */
const ReleaseRule = z.strictObject({
  /** So many members. */
  approvals: z.int().min(1).max(LIMITS.membersMax),
  /** Members without whose approval nothing is released. */
  mustApprove: z.array(MemberId).default([]),
});

/** Who must sign a manifest before any agent works on it. */
export const Governance = z.strictObject({
  /** So many members. Left out: more than half. */
  approvals: z.int().min(1).max(LIMITS.membersMax).optional(),
  /** Members without whose approval nothing runs. */
  mustApprove: z.array(MemberId).default([]),
  /** Whose veto ends a proposal. */
  vetoes: z.union([z.literal("any"), z.array(MemberId)]).default("any"),
  /** No agent works with keys that its people have not compared with the other members'; probes only. Left out: pinned keys do. */
  confirmedRoster: z.literal("required").optional(),
  /** Days after which a member's key is good for no further run, and has to be rotated. Left out: never. */
  keyDays: z.int().min(1).max(3650).optional(),
  /** Left out: a completed run's model is released as it is. */
  release: ReleaseRule.optional(),
});
export type Governance = z.infer<typeof Governance>;

/** Bounds of what a run may ask for, whatever its task. */
export const RunLimits = z.strictObject({
  /** Secure sums of the whole run, evaluation included. */
  sumsMax: z.int().min(1).optional(),
  /** ε of one run. */
  epsilonMax: z.number().positive().optional(),
  /** Length of the longest vector that a member sends. */
  dimensionMax: z.int().min(1).max(LIMITS.dimensionMax).optional(),
  /** Score bins of an evaluation. */
  binsMax: z.int().min(2).optional(),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** A member, or a role of people at the coordinator. */
const Receiver = MemberId;

/** Who may be handed what comes out. Left out of a manifest: whom the charter names. */
export const Receivers = z.strictObject({
  models: z.array(Receiver).min(1),
  metrics: z.array(Receiver).min(1),
});
export type Receivers = z.infer<typeof Receivers>;

const TimeOfDay = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "must be a time of day such as 08:30, in quotation marks");
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** When runs may begin; UTC. `from` after `to`: over midnight, counted to the day on which it began. */
export const Hours = z
  .strictObject({ from: TimeOfDay, to: TimeOfDay, days: z.array(z.enum(DAYS)).min(1).optional() })
  .refine(({ from, to }) => from !== to, "from and to are the same time");
export type Hours = z.infer<typeof Hours>;

export function isWithinHours({ from, to, days }: Hours, atMs: number): boolean {
  const dayNumber = Math.floor(atMs / DAY_MS);
  const time = Math.floor((atMs - dayNumber * DAY_MS) / 60_000);
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  const isOverMidnight = begin > end;
  const isEarlyPart = isOverMidnight && time < end;
  // 1970 began on a Thursday.
  const weekday = (4 + dayNumber - (isEarlyPart ? 1 : 0)) % 7;
  if (days && !days.some((day) => DAYS.indexOf(day) === weekday)) return false;
  return isOverMidnight ? time >= begin || time < end : time >= begin && time < end;
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return 60 * (hours ?? 0) + (minutes ?? 0);
}

/** What a column may be used for, besides what the schema says of its type. */
export const ColumnRule = z.strictObject({
  /** May a model read it? */
  feature: z.boolean().default(true),
  /** May a sum be broken down by it? */
  group: z.boolean().default(false),
  /** May customers be matched by it? */
  join: z.boolean().default(false),
  /** May a sum of its values be opened, such as its mean? */
  sums: z.enum(["allowed", "never"]).default("allowed"),
});
export type ColumnRule = z.infer<typeof ColumnRule>;

export const ExpiryDate = z
  .string()
  .regex(
    /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
    "must be a date such as 2027-12-31; in YAML in quotation marks",
  );

/** The first moment after the date, UTC. */
export function endOfDateMs(date: string): number {
  const [year, month, day] = date.split("-").map(Number);
  return DAY_MS * (1 + daysSince1970(year ?? 0, month ?? 0, day ?? 0));
}

/** Approvals that a manifest needs in a room of so many members. */
export function approvalsRequired({
  governance,
  members,
}: {
  governance?: Governance | undefined;
  members: readonly string[];
}): number {
  return governance?.approvals ?? Math.floor(members.length / 2) + 1;
}

export function hasVeto(governance: Governance | undefined, memberId: string): boolean {
  const vetoes = governance?.vetoes ?? "any";
  return vetoes === "any" || vetoes.includes(memberId);
}

/** From when on a key is good for no further run; null: it never expires. @param sinceMs When it became its member's. */
export function keyEndMs(governance: Governance | undefined, sinceMs: number): number | null {
  return governance?.keyDays === undefined ? null : sinceMs + governance.keyDays * DAY_MS;
}
