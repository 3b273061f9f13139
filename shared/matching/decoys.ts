/**
 * Noise of the members' own for a matching. For each member and each combination of the others there is a public pool
 * of decoys, which are no identifiers of anybody: all of the combination put them into their sets, the member puts in
 * each or not by a coin that it shows to nobody. So to all others together, with the coordinator, how many values
 * exactly a combination has, with the member or without, is the true number with the outcome of the coins added or
 * taken off: see `docs/overlap.md`. Pure: randomness is an argument.
 */
import { assert } from "../base/assert.ts";
import { type Rng, randomBytes } from "../base/env.ts";
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";

/** Which decoys there are. */
export interface DecoyPools {
  /** No two runs share a decoy. */
  readonly runId: string;
  readonly memberCount: number;
  /** M: of one pool. 0: no noise. */
  readonly decoys: number;
}

/**
 * Decoys in one member's set at most: all of its own 2^(N − 1) pools, and for each of the others all of those 2^(N − 2)
 * that it is in the combination of. So many are room for everybody's, whatever the coins say.
 */
export function decoysMax(memberCount: number, decoys: number): number {
  assert(memberCount >= 2, "a matching is among two or more");
  return decoys * (memberCount + 1) * 2 ** (memberCount - 2);
}

/**
 * The stand-ins that a member puts into its set.
 *
 * @param index Of the member. @param rng Flips its coins: the operating system's.
 * @returns As rows of 32 bytes; equal at all who put in the same decoy, and never those of an identifier.
 */
export function decoyStandIns(pools: DecoyPools, index: number, rng: Rng): Uint8Array[] {
  const { memberCount, decoys } = pools;
  const standIns: Uint8Array[] = [];
  if (decoys === 0) return standIns;
  for (let owner = 0; owner < memberCount; owner++)
    for (let others = 0; others < 2 ** memberCount; others++) {
      if (has(others, owner)) continue;
      if (owner !== index && !has(others, index)) continue;
      const coins = owner === index ? randomBytes(rng, Math.ceil(decoys / 8)) : null;
      for (let i = 0; i < decoys; i++)
        if (coins === null || has(coins[i >>> 3] ?? 0, i & 7))
          standIns.push(standInOf(pools, owner, others, i));
    }
  return standIns;
}

/** Is the bit set? For a combination of members: is the member in it? */
const has = (bits: number, bit: number): boolean => ((bits >>> bit) & 1) === 1;

function standInOf({ runId }: DecoyPools, owner: number, others: number, i: number): Uint8Array {
  return framedHash(LABELS.matchDecoy, runId, owner, others, i);
}
