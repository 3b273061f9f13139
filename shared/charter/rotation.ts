/**
 * The signs of a round's rotation: public, and the same at every member and at the coordinator.
 * Pure.
 */
import type { Rng } from "../base/env.ts";
import { expandPublicSeed } from "../crypto/expand.ts";
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";

/** Fresh signs for every attempt, so that no coordinate is unlucky in every round. */
export function rotationSigns(runId: string, attempt: number): Rng {
  return expandPublicSeed(framedHash(LABELS.rotation, runId, attempt));
}
