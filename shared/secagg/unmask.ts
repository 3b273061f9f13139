/** Opening a masked sum: rebuild the secrets that the shares tell, and take the masks away. Pure. */
import { equalBytes } from "../base/bytes.ts";
import { agreementKey } from "../crypto/agreement.ts";
import { type CohortMember, pairMask, selfMask } from "./keys.ts";
import { applyMasksInPlace, type Mask } from "./masks.ts";
import { type AttemptParams, rosterIndex } from "./params.ts";
import { reduceInPlace } from "./ring.ts";
import { combineShares } from "./shamir.ts";

/** A masked sum and the shares revealed for it, by revealing member and then by the member concerned. */
export interface MaskedSum {
  readonly context: Uint8Array;
  readonly cohort: readonly CohortMember[];
  readonly survivors: ReadonlySet<string>;
  /** Shape [d], mod 2^32. Not changed. */
  readonly sum: Uint32Array;
  readonly revealed: ReadonlyMap<string, { readonly shares: ReadonlyMap<string, Uint8Array> }>;
}

export type Opened =
  | { readonly ok: true; readonly sum: Uint32Array }
  | { readonly ok: false; readonly blamed: readonly string[] };

/**
 * Σ of the survivors' vectors, modulo 2^b, exactly. Survivors' self masks go; so do the pairwise
 * masks between each survivor and each dropout, recomputed from the dropout's rebuilt mask key.
 *
 * @returns `blamed`: members whose secret could not be rebuilt from the shares at hand.
 * @see Bonawitz et al. 2017, §4, round 4 (Unmasking).
 */
export function openSum(params: AttemptParams, masked: MaskedSum): Opened {
  const masks: Mask[] = [];
  const blamed: string[] = [];
  for (const member of masked.cohort) {
    const secret = rebuild(params, masked, member.memberId);
    const found = secret && secretMasks(masked, member, secret);
    if (found) masks.push(...found);
    else blamed.push(member.memberId);
  }
  if (blamed.length > 0) return { ok: false, blamed };
  const sum = masked.sum.slice();
  applyMasksInPlace(sum, masks, params.ringBits);
  reduceInPlace(sum, params.ringBits);
  return { ok: true, sum };
}

function rebuild(params: AttemptParams, masked: MaskedSum, of: string): Uint8Array | null {
  const shares = [];
  for (const [holder, { shares: held }] of masked.revealed) {
    const share = held.get(of);
    if (share?.length === 32) shares.push({ point: rosterIndex(params, holder) + 1, share });
    if (shares.length === params.threshold) return combineShares(shares);
  }
  return null;
}

/** The masks to add so that `member`'s part of the masking cancels; null if the secret is not the member's. */
function secretMasks(masked: MaskedSum, member: CohortMember, secret: Uint8Array): Mask[] | null {
  if (masked.survivors.has(member.memberId)) {
    return [{ key: selfMask(secret, masked.context, member.memberId).key, sign: -1 }];
  }
  const key = agreementKey(secret);
  if (!equalBytes(key.publicKey, member.maskKey)) return null;
  const masks: Mask[] = [];
  for (const peer of masked.cohort) {
    if (!masked.survivors.has(peer.memberId)) continue;
    // The dropout's mask towards a survivor is the negative of the one that survivor added.
    const mask = pairMask(key, member.memberId, peer, masked.context);
    if (!mask) return null;
    masks.push(mask);
  }
  return masks;
}
