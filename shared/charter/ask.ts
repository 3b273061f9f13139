/** The hash of an ask: what every member of a cohort must have been asked alike. Pure. */
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";

/** @param inputHash SHA-256 of the ask's input (the model), as raw bytes. */
export function askHash(
  runId: string,
  round: number,
  askKind: string,
  inputHash: Uint8Array,
): Uint8Array {
  return framedHash(LABELS.ask, runId, round, askKind, inputHash);
}
