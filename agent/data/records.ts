/** EDGE: a member's records as an agent opens them under a charter, and the terms under which its ledger knows them. */
import type { EncodedTable } from "../../models/features/encoder.ts";
import type { OwnAmendment } from "../../shared/charter/amendment.ts";
import { type Charter, charterHash } from "../../shared/charter/charter.ts";
import type { Terms } from "../ledger/account.ts";
import { sketchBuilder } from "../ledger/sketch.ts";
import { loadDataset } from "./dataset.ts";
import { fileDigest } from "./digest.ts";

export interface RecordsPlace {
  readonly charter: Charter;
  /** By which it became the charter in force, in order; left out: by none. */
  readonly amendments?: readonly OwnAmendment[] | undefined;
  readonly dataPath: string;
  readonly population: string;
  /** The coordinator's key, hexadecimal. */
  readonly requester: string;
}

/** @param secret The ledger's. @throws {CloisterError} As `loadDataset`. */
export async function readRecords(
  { charter, amendments = [], dataPath, population, requester }: RecordsPlace,
  secret: Uint8Array,
  nowMs: number,
): Promise<{ readonly table: EncodedTable; readonly terms: Terms }> {
  const units = sketchBuilder(secret);
  const holdout = { fraction: charter.holdoutFraction, salt: charter.room };
  const table = await loadDataset(dataPath, charter.schema, {
    holdoutFraction: holdout.fraction,
    holdoutSalt: holdout.salt,
    nowMs,
    onUnit: (unitId) => units.add(unitId),
  });
  const unit = charter.schema.unit?.column ?? null;
  const split = unit === null ? { ...holdout, file: await fileDigest(dataPath) } : holdout;
  const rules = { charterHash: charterHash(charter), budget: charter.privacy.budget, split };
  return {
    table,
    terms: { population, unit, sketch: units.finish(), amendments, ...rules, requester },
  };
}
