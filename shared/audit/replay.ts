/**
 * A released round taken apart again, by somebody who believes nothing of what the coordinator says: what
 * the survivors signed, less the masks that they had committed to, must be the sum that was released. Pure:
 * the files come through ports. Says nothing about whether a member's vector was honest.
 */
import { bytesOfWords, fromHex, toHex } from "../base/bytes.ts";
import { askHash } from "../charter/ask.ts";
import { sha256 } from "../crypto/hash.ts";
import { verifySignature } from "../crypto/identity.ts";
import { inclusionHash, maskedStatement, roundContext } from "../secagg/keys.ts";
import { applyMasksInPlace } from "../secagg/masks.ts";
import type { AttemptPlace, SumParams } from "../secagg/params.ts";
import { addPackedInPlace, packedBytes, reduceInPlace } from "../secagg/ring.ts";
import { masksOf } from "../secagg/unmask.ts";
import { nextHead } from "../transcript/chain.ts";
import { type Check, checked, short } from "./check.ts";
import { batchOf, dealtBytes, openedSecrets, readDealings, seedFault } from "./openings.ts";
import type { AuditRecord } from "./record.ts";
import { type RoundClaim, recordFault } from "./record-fault.ts";

/** What the coordinator stores beside the record. Whoever reads it stops after `bytesMax`. */
export interface RoundFiles {
  /** What was dealt in the round's batch of prekeys. */
  prekeys(bytesMax: number): Promise<Uint8Array>;
  /** A survivor's masked vector, packed. */
  vector(memberId: string, bytesMax: number): Promise<Uint8Array>;
}

export interface Replayed {
  /** The opened sum, modulo 2^b. Shape [d]. */
  readonly sum: Uint32Array;
  readonly askHash: Uint8Array;
  readonly inclusion: Uint8Array;
}

/** Yields each check as it is made, and ends after the first that fails. @returns Null if one failed. */
export async function* replayRound(
  claim: RoundClaim,
  files: RoundFiles,
): AsyncGenerator<Check, Replayed | null> {
  const context = yield* checkSignatures(claim);
  if (!context) return null;
  const total = (yield* checkSeeds(claim, files)) && (yield* addVectors(claim, files));
  if (!total) return null;
  const { record } = claim;
  applyMasksInPlace(total, masksOf(openedSecrets(record), context), record.ringBits);
  reduceInPlace(total, record.ringBits);
  return yield* checkRelease(claim, context, total);
}

/** @returns The context that all masks and signatures of the round are bound to. */
function* checkSignatures(claim: RoundClaim): Generator<Check, Uint8Array | null> {
  const { sum, record } = claim;
  const { round, attempt, askKind, survivors, cohort } = record;
  const fault = recordFault(claim);
  yield checked(
    "record",
    fault,
    `round ${round}, attempt ${attempt} (${askKind}): ${survivors.length} of ${cohort.length} members survived; sizes are as manifest and charter say`,
  );
  if (fault !== null) return null;
  const context = roundContext(sum, fromHex(record.prekeys), placeOf(record), cohort);
  const forged = signatureFault(sum, record, context);
  yield checked(
    "signatures",
    forged,
    "each survivor signed its vector for this run, round, model, history, cohort and these prekeys",
  );
  return forged === null ? context : null;
}

/** @returns True if the seeds are bound by what the survivors signed. */
async function* checkSeeds(
  { sum, record }: RoundClaim,
  files: RoundFiles,
): AsyncGenerator<Check, boolean> {
  const batch = batchOf(sum, record);
  const bytes = await files.prekeys(dealtBytes(batch, record.batch.dealers));
  const dealt = readDealings(sum, batch, record, bytes);
  yield checked(
    "prekeys",
    typeof dealt === "string" ? dealt : null,
    "these are the prekeys that the survivors signed for; all pairs of the cohort had agreed on their masks",
  );
  if (typeof dealt === "string") return false;
  const fault = seedFault(sum, dealt, record);
  yield checked(
    "seeds",
    fault,
    "the revealed seeds are the ones that the survivors had committed to, and all that the sum needs",
  );
  return fault === null;
}

/** @returns Σ of the masked vectors, modulo 2^32. Shape [d]. */
async function* addVectors(
  { sum, record }: RoundClaim,
  files: RoundFiles,
): AsyncGenerator<Check, Uint32Array | null> {
  const total = new Uint32Array(record.dimension);
  const fault = await addVectorsInPlace(total, sum, record, files);
  yield checked("vectors", fault, "each vector is the one whose hash its member signed");
  return fault === null ? total : null;
}

/** @param total The sum as it was opened here. */
function* checkRelease(
  { sum, record }: RoundClaim,
  context: Uint8Array,
  total: Uint32Array,
): Generator<Check, Replayed | null> {
  const resultHash = sha256(bytesOfWords(total));
  const found = toHex(resultHash);
  const wrong = found !== record.resultHash;
  const released = short(record.resultHash);
  yield checked(
    "result",
    wrong ? `without masks the vectors add up to ${short(found)}, not to ${released}` : null,
    `without masks the vectors add up to the released sum, ${released}`,
  );
  if (wrong) return null;
  const { transcript, askHash } = placeOf(record);
  const inclusion = inclusionOf(sum, record, context);
  const head = toHex(nextHead(transcript, { inclusion, resultHash }));
  const forked = head !== record.headAfter;
  yield checked(
    "history",
    forked
      ? `survivors and sum lead to the transcript ${short(head)}, not to ${short(record.headAfter)}`
      : null,
    `survivors and sum lead from transcript ${short(record.headBefore)} to ${short(head)}`,
  );
  return forked ? null : { sum: total, askHash, inclusion };
}

function placeOf(record: AuditRecord): AttemptPlace {
  const { runId, round, attempt, askKind, inputHash, headBefore, dimension, ringBits } = record;
  return {
    round,
    attempt,
    askHash: askHash(runId, round, askKind, fromHex(inputHash)),
    transcript: fromHex(headBefore),
    dimension,
    ringBits,
  };
}

function signatureFault(
  { roster }: SumParams,
  { survivors }: AuditRecord,
  context: Uint8Array,
): string | null {
  for (const { member, root, signature } of survivors) {
    const { memberId, identityKey } = roster[member] ?? {
      memberId: "",
      identityKey: new Uint8Array(),
    };
    const statement = maskedStatement(context, member, fromHex(root));
    if (!verifySignature(identityKey, statement, fromHex(signature)))
      return `${memberId} did not sign this vector for this round, model, history, cohort and prekeys`;
  }
  return null;
}

/** One vector after the other: memory for two of them, whatever the number of members. */
async function addVectorsInPlace(
  total: Uint32Array,
  { roster }: SumParams,
  { survivors, dimension, ringBits }: AuditRecord,
  files: RoundFiles,
): Promise<string | null> {
  const size = packedBytes(dimension, ringBits);
  for (const { member, root } of survivors) {
    const { memberId } = roster[member] ?? { memberId: "" };
    const packed = await files.vector(memberId, size);
    if (packed.length !== size)
      return `the stored vector of ${memberId} has ${packed.length} bytes instead of ${size}`;
    if (toHex(sha256(packed)) !== root)
      return `the stored vector of ${memberId} is not the one whose hash it signed`;
    addPackedInPlace(total, packed, ringBits, 1);
  }
  return null;
}

function inclusionOf(sum: SumParams, { survivors }: AuditRecord, context: Uint8Array): Uint8Array {
  const members = survivors.map(({ member }) => member);
  const roots = survivors.map(({ root }) => fromHex(root));
  return inclusionHash(sum, context, members, roots);
}
