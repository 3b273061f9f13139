/**
 * What is kept of a released round so that any member can take it apart again: who sent what, signed, the
 * prekeys that it was sent under, and the secrets that opened the sum. With the masked vectors it gives the
 * sum, and nothing about a single member that the coordinator did not have. Pure.
 */
import { z } from "zod";
import { concatBytes, toHex } from "../base/bytes.ts";
import { RING_BITS } from "../base/ring-bits.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { OpenedSecrets, Survivor } from "../secagg/attempt.ts";
import type { DealtPrekeyBatch } from "../secagg/coordinator-batch.ts";
import type { AttemptPlace } from "../secagg/params.ts";

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Hex64 = z.string().regex(/^[0-9a-f]{128}$/);
const Count = z.int().min(0).max(0xffff_ffff);
/** Index into the manifest's roster. */
const Index = z
  .int()
  .min(0)
  .max(LIMITS.membersMax - 1);
const DIMENSION_MAX = 2 ** 27;

export const AuditRecord = z.strictObject({
  version: z.literal(1),
  runId: Hex32,
  round: Count,
  attempt: Count,
  askKind: z.string().max(50),
  /** SHA-256 of the ask's input: the model that all members were sent. */
  inputHash: Hex32,
  /** Head of the transcript as the round opened, and after it was released. */
  headBefore: Hex32,
  headAfter: Hex32,
  dimension: z.int().min(1).max(DIMENSION_MAX),
  ringBits: z.union(RING_BITS.map((bits) => z.literal(bits))),
  /** The batch of prekeys that served; `nonces` is empty where the graph is complete. */
  batch: z.strictObject({
    number: Count,
    firstAttempt: Count,
    count: z.int().min(1).max(LIMITS.batchAttemptsMax),
    members: z.array(Index),
    nonces: z.array(Hex32),
    dealers: z.array(Index),
  }),
  /** Hash of all that was dealt in the batch, bound into every mask. */
  prekeys: Hex32,
  cohort: z.array(Index),
  survivors: z.array(z.strictObject({ member: Index, root: Hex32, signature: Hex64 })),
  selfSeeds: z.array(z.strictObject({ of: Index, seed: Hex32 })),
  pairSeeds: z.array(z.strictObject({ dropout: Index, survivor: Index, seed: Hex32 })),
  resultHash: Hex32,
});
export type AuditRecord = z.infer<typeof AuditRecord>;

export interface ReleasedRound {
  readonly runId: string;
  readonly place: AttemptPlace;
  readonly askKind: string;
  readonly inputHash: Uint8Array;
  readonly prekeys: DealtPrekeyBatch;
  readonly cohort: readonly number[];
  readonly survivors: ReadonlyMap<number, Survivor>;
  readonly opened: OpenedSecrets;
  readonly resultHash: Uint8Array;
  readonly headAfter: Uint8Array;
}

export function auditRecord(released: ReleasedRound): AuditRecord {
  const { runId, place, askKind, prekeys, cohort, survivors, opened } = released;
  return {
    version: 1,
    runId,
    round: place.round,
    attempt: place.attempt,
    askKind,
    inputHash: toHex(released.inputHash),
    headBefore: toHex(place.transcript),
    headAfter: toHex(released.headAfter),
    dimension: place.dimension,
    ringBits: place.ringBits,
    batch: batchOf(prekeys),
    prekeys: toHex(prekeys.context),
    cohort: [...cohort],
    survivors: [...survivors]
      .sort(([a], [b]) => a - b)
      .map(([member, { root, signature }]) => ({
        member,
        root: toHex(root),
        signature: toHex(signature),
      })),
    selfSeeds: opened.selfSeeds.map(({ of, seed }) => ({ of, seed: toHex(seed) })),
    pairSeeds: opened.pairSeeds.map(({ dropout, survivor, seed }) => ({
      dropout,
      survivor,
      seed: toHex(seed),
    })),
    resultHash: toHex(released.resultHash),
  };
}

function batchOf({ batch, dealings }: DealtPrekeyBatch): AuditRecord["batch"] {
  const { number, firstAttempt, count, members, nonces } = batch;
  return {
    number,
    firstAttempt,
    count,
    members: [...members],
    nonces: nonces.map(toHex),
    dealers: [...dealings.keys()],
  };
}

/** All that was dealt in a batch, dealer after dealer in the record's order: what `prekeys` is the hash of. */
export function dealtEntries({ dealings }: DealtPrekeyBatch): Uint8Array {
  return concatBytes(...[...dealings.values()].map(({ entries }) => entries));
}
