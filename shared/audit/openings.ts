/**
 * Whether the seeds that opened a sum are the ones that the survivors had committed to: through the prekeys,
 * whose hash every survivor signed with its vector. Without this a coordinator could search for seeds that
 * give a sum of its choice, and for short vectors find some. Pure.
 *
 * @see Wagner, A Generalized Birthday Problem, CRYPTO 2002: n free seeds make a chosen sum of m bits cheap.
 */
import { equalBytes, fromHex, toHex } from "../base/bytes.ts";
import type { OpenedSecrets } from "../secagg/attempt.ts";
import { type Batch, dealtContext, openBatch } from "../secagg/batch.ts";
import { agreeing, type Dealing } from "../secagg/coordinator-batch.ts";
import { entriesBytes, pairTagAt, parseEntries } from "../secagg/entries.ts";
import type { SumParams } from "../secagg/params.ts";
import { isCommitted, pairTags, prekeysHash } from "../secagg/prekeys.ts";
import type { AuditRecord } from "./record.ts";

/** A batch as its members dealt it, in the auditor's hands. */
export interface AuditedBatch {
  readonly batch: Batch;
  readonly dealings: ReadonlyMap<number, Dealing>;
}

export function batchOf(sum: SumParams, { batch }: AuditRecord): Batch {
  const { nonces, ...place } = batch;
  return openBatch(sum, place, nonces.map(fromHex));
}

/** Bytes of all that was dealt in the batch. */
export function dealtBytes(batch: Batch, dealers: readonly number[]): number {
  return dealers.reduce((bytes, dealer) => bytes + entriesBytes(batch, dealer), 0);
}

/** Takes the dealings apart. A string says what is wrong with them. */
export function readDealings(
  sum: SumParams,
  batch: Batch,
  { prekeys, batch: { dealers }, cohort }: AuditRecord,
  bytes: Uint8Array,
): AuditedBatch | string {
  if (bytes.length !== dealtBytes(batch, dealers)) return "the prekeys have the wrong size";
  const dealings = new Map<number, Dealing>();
  let at = 0;
  for (const dealer of dealers) {
    const entries = bytes.subarray(at, at + entriesBytes(batch, dealer));
    const parsed = parseEntries(batch, dealer, entries);
    if (!parsed) return "somebody dealt who has no part in the batch";
    const hash = prekeysHash(batch, dealer, entries);
    dealings.set(dealer, { hash, entries, prekeys: parsed });
    at += entries.length;
  }
  const hashes = [...dealings.values()].map(({ hash }) => hash);
  if (toHex(dealtContext(sum, batch, dealers, hashes)) !== prekeys)
    return "the prekeys are not the ones that the survivors signed for";
  const served = new Map([...dealings].filter(([index]) => cohort.includes(index)));
  const [disputed] = agreeing(batch, served).disputed;
  if (disputed === undefined) return { batch, dealings };
  const { memberId } = sum.roster[disputed] ?? { memberId: "" };
  return `${memberId} and others had not agreed on their masks, and were let into one cohort`;
}

/** The secrets of a record, as the masks are derived from them. */
export function openedSecrets({ selfSeeds, pairSeeds }: AuditRecord): OpenedSecrets {
  return {
    selfSeeds: selfSeeds.map(({ of, seed }) => ({ of, seed: fromHex(seed) })),
    pairSeeds: pairSeeds.map(({ dropout, survivor, seed }) => ({
      dropout,
      survivor,
      seed: fromHex(seed),
    })),
  };
}

/** Every seed that the sum needs, no other, and each the one that the survivor had committed to. */
export function seedFault(
  { roster }: SumParams,
  { batch, dealings }: AuditedBatch,
  record: AuditRecord,
): string | null {
  const { selfSeeds, pairSeeds } = openedSecrets(record);
  const name = (index: number): string => roster[index]?.memberId ?? "";
  const place = record.attempt - batch.firstAttempt;
  for (const { of, seed } of selfSeeds) {
    const dealt = dealings.get(of)?.prekeys;
    if (!dealt || !isCommitted(dealt, place, "self", seed))
      return `the self-mask seed of ${name(of)} is not the one that it committed to`;
  }
  const needed = neededPairs(batch, record);
  if (pairSeeds.length !== needed.length)
    return `${pairSeeds.length} seeds of dropouts' masks where ${needed.length} are needed`;
  for (const [i, { dropout, survivor }] of needed.entries()) {
    const given = pairSeeds[i];
    const at = batch.graph.neighbours(survivor).indexOf(dropout);
    const dealt = dealings.get(survivor)?.prekeys;
    const same = given?.dropout === dropout && given.survivor === survivor;
    if (!same || !dealt || !equalBytes(pairTags(given.seed), pairTagAt(dealt, at, place)))
      return `the seed of the mask between ${name(dropout)} and ${name(survivor)} is not the one that they had agreed on`;
  }
  return null;
}

/** A mask that a survivor put on for a dropout is in the sum; all others cancel. */
function neededPairs(
  { graph }: Batch,
  { cohort, survivors }: AuditRecord,
): { dropout: number; survivor: number }[] {
  const surviving = new Set(survivors.map(({ member }) => member));
  const dropouts = cohort.filter((index) => !surviving.has(index));
  return dropouts.flatMap((dropout) =>
    graph
      .neighbours(dropout)
      .filter((index) => surviving.has(index))
      .map((survivor) => ({ dropout, survivor })),
  );
}
