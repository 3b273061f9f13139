/**
 * The charter: what the members of a room have agreed on. Every member signs its hash on enrolment.
 * Pure: parsing of the file is elsewhere.
 */
import { z } from "zod";
import { badInput } from "../base/errors.ts";
import { faultOf } from "../base/fault.ts";
import { hashJson } from "../crypto/hash.ts";
import { rdpLimit, recommendedOrder } from "../privacy/accounting/budget.ts";
import { LIMITS } from "../protocol/limits.ts";
import { MemberId } from "../protocol/messages.ts";
import { ColumnRule, ExpiryDate, Governance, Hours, Receivers, RunLimits } from "./governance.ts";
import { DataSchema } from "./schema.ts";
import { TASK_KINDS } from "./task-kinds.ts";

export const PurposeTag = MemberId;
const LegalBasis = z.strictObject({
  text: z.string().min(1).max(2000),
  tags: z.array(PurposeTag).default([]),
});

export const Charter = z
  .strictObject({
    version: z.literal(1),
    /** The room's name. */
    room: MemberId,
    purpose: z.string().min(1).max(2000),
    /** Tags, one of which every manifest names. Left out: manifests name none. */
    purposes: z.array(PurposeTag).min(1).optional(),
    legalBasis: LegalBasis.optional(),
    members: z.array(MemberId).min(3, "a room needs at least 3 members").max(LIMITS.membersMax),
    schema: DataSchema,
    /** Share of the units that every member keeps out of training, to measure the model on. */
    holdoutFraction: z.number().min(0.01).max(0.9).default(0.2),
    tasks: z.array(z.enum(TASK_KINDS)).min(1),
    limits: RunLimits.optional(),
    /** By column of the schema. Left out: every feature is one, and nothing else. */
    columns: z.record(z.string(), ColumnRule).optional(),
    governance: Governance.optional(),
    receivers: Receivers.optional(),
    hours: Hours.optional(),
    /** The last day on which a run may begin, UTC. */
    expiresOn: ExpiryDate.optional(),
    /** Days after a run's end for which the coordinator keeps its rounds and model. Left out: for good. */
    retentionDays: z.int().min(1).max(3650).optional(),
    minimums: z.strictObject({
      /** No sum over fewer members is ever opened (secure aggregation may ask for more). */
      members: z.int().min(3),
      /** A member with fewer rows takes no part. */
      rows: z.int().min(1),
      /** A member with fewer privacy units takes no part. */
      units: z.int().min(1).optional(),
      /** Without noise, a member holds back each cell of an answer with fewer of its rows. Left out: 5. */
      cell: z.int().min(1).optional(),
    }),
    /** No member takes part with more than this share of `privacy.unitsExpected`: a sum would be mostly its own. */
    dominanceMax: z.number().gt(0).max(1).optional(),
    /** Public bound on one member's rows; it scales the sums so that they cannot overflow. */
    rowsMax: z.int().min(1).max(10_000_000).default(1_000_000),
    privacy: z.strictObject({
      /** Each member's budget per privacy unit, for the life of its data set; null: runs may not add noise. */
      budget: z
        .strictObject({
          epsilon: z.number().positive().max(100),
          delta: z.number().gt(0).lt(0.01),
          /**
           * The Rényi order at which the ledger adds up; fixed in advance, which makes adaptive use lawful. A file
           * may leave it out: what ε and δ recommend is as much fixed in advance, and is what members sign.
           */
          rdpOrder: z.number().gt(1).max(1024).optional(),
        })
        .transform(({ epsilon, delta, rdpOrder = recommendedOrder(epsilon, delta) }) => ({
          epsilon,
          delta,
          rdpOrder,
        }))
        .nullable(),
      /** May a run send sums that are hidden by secure aggregation but carry no noise? */
      unnoisedRuns: z.enum(["allowed", "refused"]),
      /** May the coordinator see exact sums and add the noise itself? Left out: no. */
      centralNoise: z.enum(["allowed", "refused"]).optional(),
      /** Public estimate of all members' training units together; needed where there is a budget. */
      unitsExpected: z.int().min(1).nullable().default(null),
    }),
  })
  .superRefine((charter, context) => {
    for (const fault of governanceFaults(charter)) context.addIssue(fault);
    if (new Set(charter.members).size !== charter.members.length)
      context.addIssue("members: a member is listed twice");
    if (charter.privacy.budget && charter.privacy.unitsExpected === null) {
      context.addIssue(
        "privacy.unitsExpected: needed where there is a budget (a public estimate will do)",
      );
    }
    const { budget, unitsExpected } = charter.privacy;
    if (budget && unitsExpected !== null && budget.delta >= 1 / unitsExpected) {
      context.addIssue(
        `privacy.budget.delta: ${budget.delta} is 1 / unitsExpected or more, which would allow one unit of ` +
          `${unitsExpected} to be given away whole; use ${Number((0.1 / unitsExpected).toPrecision(2))} or less`,
      );
    }
    // A refinement also sees what the fields' own rules refused.
    const isBudget =
      budget !== null && budget.epsilon > 0 && budget.delta > 0 && budget.rdpOrder > 1;
    if (isBudget && rdpLimit(budget) <= 0) {
      context.addIssue(
        `privacy.budget.rdpOrder: order ${budget.rdpOrder} allows nothing at all for ε = ${budget.epsilon} at ` +
          `δ = ${budget.delta}; ${recommendedOrder(budget.epsilon, budget.delta)} would serve`,
      );
    }
  });
export type Charter = z.infer<typeof Charter>;

/** Rules that contradict one another or name what is not there. */
function governanceFaults({
  members,
  governance,
  columns,
  schema,
  dominanceMax,
  privacy,
}: {
  readonly members: readonly string[];
  readonly governance?: Governance | undefined;
  readonly columns?: Readonly<Record<string, ColumnRule>> | undefined;
  readonly schema: DataSchema;
  readonly dominanceMax?: number | undefined;
  readonly privacy: { readonly unitsExpected: number | null };
}): string[] {
  const faults: string[] = [];
  const { approvals = 1, mustApprove = [], vetoes = "any", release } = governance ?? {};
  for (const [field, count] of [
    ["approvals", approvals],
    ["release.approvals", release?.approvals ?? 1],
  ] as const)
    if (count > members.length)
      faults.push(`governance.${field}: ${count} of ${members.length} members cannot sign`);
  const reviewing = release?.mustApprove ?? [];
  const named = [...mustApprove, ...reviewing, ...(vetoes === "any" ? [] : vetoes)];
  for (const name of named)
    if (!members.includes(name)) faults.push(`governance: ${name} is not a member`);
  const features = schema.features.map(({ name }) => name);
  const others = [...(schema.others ?? []), ...(schema.identifiers ?? [])].map(({ name }) => name);
  const known = [...features, ...others, schema.label.column, schema.unit?.column];
  for (const [name, rule] of Object.entries(columns ?? {})) {
    if (!known.includes(name)) faults.push(`columns: the schema has no column "${name}"`);
    if (!rule.feature && features.includes(name))
      faults.push(
        `columns: "${name}" may not be a feature, and schema.features lists it; remove one`,
      );
  }
  if (dominanceMax !== undefined && privacy.unitsExpected === null)
    faults.push("dominanceMax: a share of privacy.unitsExpected, which is not given");
  return faults;
}

export function charterHash(charter: Charter): string {
  return hashJson(charter);
}

/**
 * Checks untrusted data against a schema.
 *
 * @param what The file or message, for the error.
 * @throws {CloisterError} One line that names the first offending field.
 */
export function parseOrRefuse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, reason } = faultOf(parsed.error, value);
  const place = path === "" ? "" : ` at "${path}"`;
  throw badInput("input.invalid", `${what}${place}: ${reason}`);
}
