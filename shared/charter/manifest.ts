/** The manifest: one run as data. Its hash is the run's id, and binds every key of the run. Pure. */
import { z } from "zod";
import { fromHex } from "../base/bytes.ts";
import { canonicalJson } from "../base/canonical.ts";
import { hashJson } from "../crypto/hash.ts";
import { BINOMIAL_TRIALS_MAX } from "../privacy/accounting/events.ts";
import { LIMITS } from "../protocol/limits.ts";
import { MemberId } from "../protocol/messages.ts";
import { groupRules, type SumParams, survivorsRequired } from "../secagg/params.ts";
import { type Charter, PurposeTag } from "./charter.ts";
import { Receivers } from "./governance.ts";
import { PlannedTask, TaskSpec } from "./task-spec.ts";

export const HexKey = z.string().regex(/^[0-9a-f]{64}$/);
export const HexSignature = z.string().regex(/^[0-9a-f]{128}$/);

const NoisePlacement = z.enum(["distributed", "local", "central"]);

export const ManifestPrivacy = z.strictObject({
  epsilon: z.number().positive(),
  delta: z.number().gt(0).lt(0.01),
  /** Guaranteed noise of the opened training sums and of the evaluation sums, in units of their sensitivity. */
  trainMultiplier: z.number().positive(),
  holdoutMultiplier: z.number().positive(),
  unitsExpected: z.int().min(1),
  /** The noise is shared out so that it suffices with so many members gone and so many colluding. */
  maxDropouts: z.int().min(0),
  maxColluders: z.int().min(0),
  /** Who adds the noise. Left out: `distributed`. */
  noisePlacement: NoisePlacement.optional(),
  /** Of a matching, whose noise is another: decoys of one pool, see `shared/matching/decoys.ts`. */
  decoys: z.int().min(2).multipleOf(2).max(BINOMIAL_TRIALS_MAX).optional(),
});
export type ManifestPrivacy = z.infer<typeof ManifestPrivacy>;

/**
 * How gradients and updates are encoded. Left out: noised sums on the 32-bit grid, others as `compact`.
 * Exact counts and histograms are never touched by it.
 */
export const ManifestEncoding = z.discriminatedUnion("profile", [
  /** 32 bits, no rotation, no noise. */
  z.strictObject({ profile: z.literal("exact") }),
  /** 24 bits (32 where the task's bound is too loose for that), no rotation, no noise. */
  z.strictObject({ profile: z.literal("compact") }),
  /** Rotated, 16 bits, no noise. */
  z.strictObject({ profile: z.literal("wan") }),
  /** Rotated, with noise. */
  z.strictObject({
    profile: z.literal("dp"),
    ringBits: z.union([z.literal(16), z.literal(18), z.literal(20)]).default(18),
  }),
]);
export type ManifestEncoding = z.infer<typeof ManifestEncoding>;

export const Manifest = z.strictObject({
  version: z.literal(1),
  room: MemberId,
  charterHash: HexKey,
  coordinatorKey: HexKey,
  roster: z
    .array(
      z.strictObject({ memberId: MemberId, identityKey: HexKey, enrolmentSignature: HexSignature }),
    )
    .min(3)
    .max(LIMITS.membersMax),
  task: TaskSpec,
  /** Null: no noise; secure aggregation alone hides the members' contributions. */
  privacy: ManifestPrivacy.nullable(),
  encoding: ManifestEncoding.optional(),
  /** One of the charter's purposes, where it lists any. */
  purpose: PurposeTag.optional(),
  /** Whom results go to. Left out: whom the charter names. */
  receivers: Receivers.optional(),
  createdAtMs: z.int().min(0).max(LIMITS.dateMsMax),
  /** No agent takes up the run later than this. */
  expiresAtMs: z.int().min(0).max(LIMITS.dateMsMax),
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
});
export type Manifest = z.infer<typeof Manifest>;

export function runIdOf(manifest: Manifest): string {
  return hashJson(manifest);
}

/**
 * Only the canonical text: there is one for each run's id, and keys given twice, other forms of a number, escapes and
 * defaults left out are none of it.
 *
 * @returns Null if the text is not a manifest, or not as `manifestText` writes it.
 */
export function parseManifest(text: string): Manifest | null {
  try {
    const manifest = Manifest.parse(JSON.parse(text));
    return manifestText(manifest) === text ? manifest : null;
  } catch {
    return null;
  }
}

/** A task and the privacy that it should have. */
export const Plan = z.strictObject({
  room: MemberId.optional(),
  task: TaskSpec,
  privacy: z.union(
    [
      z.literal("none"),
      z.strictObject({
        epsilon: z.number().positive(),
        maxDropouts: z.int().min(0).optional(),
        maxColluders: z.int().min(0).optional(),
        noisePlacement: NoisePlacement.optional(),
      }),
    ],
    { error: "write none, or { epsilon: E }, the ε that the run may cost" },
  ),
  encoding: ManifestEncoding.optional(),
  purpose: PurposeTag.optional(),
  receivers: Receivers.optional(),
  /** Days for which members may approve the run and take it up. Left out: 7. */
  validDays: z.number().gt(0).max(365).optional(),
});
export type Plan = z.infer<typeof Plan>;

/** What `run start` takes: a plan that may name a model by its run. */
export const PlanRequest = z.strictObject({ ...Plan.shape, task: PlannedTask });
export type PlanRequest = z.infer<typeof PlanRequest>;

export function manifestText(manifest: Manifest): string {
  return canonicalJson(manifest);
}

/** A member's place in the roster; −1: it has none. */
export function seatOf({ roster }: Pick<Manifest, "roster">, memberId: string): number {
  return roster.findIndex((seat) => seat.memberId === memberId);
}

/** The rules of a run's secure sums, as every side derives them from the manifest and the charter. */
export function sumParams(manifest: Manifest, charter: Charter, runId: string): SumParams {
  const count = manifest.roster.length;
  const maxDropouts = manifest.privacy?.maxDropouts ?? count;
  return {
    ...groupRules(count),
    runId,
    roster: manifest.roster.map(({ memberId, identityKey }) => ({
      memberId,
      identityKey: fromHex(identityKey),
    })),
    coordinatorKey: fromHex(manifest.coordinatorKey),
    survivorsMin: survivorsRequired(count, maxDropouts, charter.minimums.members),
  };
}
