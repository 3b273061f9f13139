/** Whether an audit record is one that a round of its run can have left, before any cryptography. Pure. */

import { toHex } from "../base/bytes.ts";
import type { RingBits } from "../base/ring-bits.ts";
import { serves } from "../secagg/batch.ts";
import type { SumParams } from "../secagg/params.ts";
import { firstHead } from "../transcript/chain.ts";
import type { AuditRecord } from "./record.ts";

/** What a member derives from manifest and charter for an ask of a kind. */
export interface VectorShape {
  readonly dimension: number;
  readonly ringBits: RingBits;
}

export interface RoundClaim {
  /** Derived from the run's manifest and charter. */
  readonly sum: SumParams;
  readonly round: number;
  readonly record: AuditRecord;
  /** Null: the run's task has no ask of this kind. */
  readonly shapeOf: (askKind: string) => VectorShape | null;
}

/** @returns What is wrong with it, or null. */
export function recordFault(claim: RoundClaim): string | null {
  return placeFault(claim) ?? membersFault(claim) ?? seedsFault(claim.record);
}

function placeFault({ sum, round, record, shapeOf }: RoundClaim): string | null {
  if (record.runId !== sum.runId) return "the record is of another run";
  if (record.round !== round) return `the record is of round ${record.round}`;
  const shape = shapeOf(record.askKind);
  if (!shape) return `the run's task never asks for "${record.askKind}"`;
  if (record.dimension !== shape.dimension || record.ringBits !== shape.ringBits)
    return `${record.dimension} elements of ${record.ringBits} bits; by the manifest it is ${shape.dimension} of ${shape.ringBits}`;
  if (round === 0 && record.headBefore !== toHex(firstHead(sum.runId)))
    return "the first round does not open on an empty transcript";
  if (!serves(record.batch, record.attempt)) return "its prekeys are for other attempts";
  return null;
}

function membersFault({ sum, record }: RoundClaim): string | null {
  const { batch, cohort } = record;
  const survivors = record.survivors.map(({ member }) => member);
  const roster = sum.roster.map((_, index) => index);
  const complete = sum.degree >= sum.roster.length - 1;
  if (!isPart(batch.members, roster)) return "a batch of members who are not in the roster";
  if (batch.nonces.length !== (complete ? 0 : batch.members.length))
    return "a batch without a nonce for each member";
  if (!isPart(batch.dealers, batch.members)) return "dealers who are not in the batch";
  if (!isPart(cohort, batch.dealers)) return "a cohort of members who dealt no prekeys";
  if (!isPart(survivors, cohort)) return "survivors who are not in the cohort";
  if (survivors.length < sum.survivorsMin)
    return `${survivors.length} survivors; by the charter no sum over fewer than ${sum.survivorsMin} is opened`;
  return null;
}

function seedsFault({ survivors, selfSeeds }: AuditRecord): string | null {
  const same =
    selfSeeds.length === survivors.length &&
    selfSeeds.every(({ of }, i) => of === survivors[i]?.member);
  return same ? null : "not one self-mask seed of each survivor";
}

/** True if `part` is ascending, without repetition, and within `whole`. */
function isPart(part: readonly number[], whole: readonly number[]): boolean {
  const members = new Set(whole);
  return part.every((index, i) => members.has(index) && (i === 0 || index > (part[i - 1] ?? 0)));
}
