/**
 * What is kept of a released round so that any member can take it apart again: who sent what, signed, and the
 * secrets that opened the sum. With the masked vectors it gives the sum, and nothing about a single member
 * that the coordinator did not have. Pure.
 */
import { z } from "zod";
import { toHex } from "../shared/base/bytes.ts";
import { RING_BITS } from "../shared/base/ring-bits.ts";
import type { OpenedSecrets, Survivor } from "../shared/secagg/attempt.ts";
import type { AttemptPlace } from "../shared/secagg/params.ts";

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Hex64 = z.string().regex(/^[0-9a-f]{128}$/);
const Index = z.int().min(0);

export const AuditRecord = z.strictObject({
  version: z.literal(1),
  runId: Hex32,
  round: z.int().min(0),
  attempt: z.int().min(0),
  askKind: z.string(),
  askHash: Hex32,
  /** Head of the transcript as the round opened, and after it was released. */
  headBefore: Hex32,
  headAfter: Hex32,
  dimension: z.int().min(1),
  ringBits: z.union(RING_BITS.map((bits) => z.literal(bits))),
  /** Hash of the batch's prekeys, bound into every mask. */
  prekeys: Hex32,
  /** Roster indices. */
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
  readonly prekeys: Uint8Array;
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
    askHash: toHex(place.askHash),
    headBefore: toHex(place.transcript),
    headAfter: toHex(released.headAfter),
    dimension: place.dimension,
    ringBits: place.ringBits,
    prekeys: toHex(prekeys),
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
