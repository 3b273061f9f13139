/** Opening a masked sum: rebuild the secrets that the shares tell, and name the masks to take away. Pure. */
import { equalBytes } from "../base/bytes.ts";
import type { Blame, OpenedSecrets, SharesOf } from "./attempt.ts";
import type { DealtPrekeyBatch } from "./coordinator-batch.ts";
import { boxAt, type DealtPrekeys, pairTagAt } from "./entries.ts";
import { pairMask, selfMask } from "./keys.ts";
import type { Mask } from "./masks.ts";
import { isCommitted, pairTags, recoveryBox } from "./prekeys.ts";
import { combineShares } from "./shamir.ts";

/** A masked sum and the shares revealed for it. */
export interface MaskedSum {
  readonly attempt: number;
  readonly prekeys: DealtPrekeyBatch;
  readonly threshold: number;
  readonly cohort: readonly number[];
  readonly survivors: ReadonlySet<number>;
  /** Of survivors, as they told them themselves and had committed to them. */
  readonly seeds: ReadonlyMap<number, Uint8Array>;
  /** Of everybody else in the cohort. */
  readonly shares: SharesOf;
}

export type Opening =
  | { readonly type: "opened"; readonly secrets: OpenedSecrets }
  | { readonly type: "wanting" }
  | { readonly type: "blame"; readonly member: number; readonly code: Blame };

/**
 * The secrets behind a sum's masks. Survivors' self-mask seeds; and of each dropout the seeds of its masks
 * with survivors, out of the box that its rebuilt recovery key opens.
 *
 * @see Bonawitz et al. 2017, §4, round 4 (Unmasking).
 */
export function openSecrets(masked: MaskedSum): Opening {
  const { cohort, seeds, shares, threshold } = masked;
  if (cohort.some((index) => !seeds.has(index) && (shares.get(index)?.size ?? 0) < threshold))
    return { type: "wanting" };
  const selfSeeds: OpenedSecrets["selfSeeds"][number][] = [];
  const pairSeeds: OpenedSecrets["pairSeeds"][number][] = [];
  const place = masked.attempt - masked.prekeys.batch.firstAttempt;
  for (const index of cohort) {
    const told = seeds.get(index);
    if (told) {
      selfSeeds.push({ of: index, seed: told });
      continue;
    }
    const dealt = masked.prekeys.dealings.get(index)?.prekeys;
    const secret = rebuild(masked, index);
    if (!secret || !dealt) return { type: "wanting" };
    const kind = masked.survivors.has(index) ? "self" : "recovery";
    if (!isCommitted(dealt, place, kind, secret))
      return { type: "blame", member: index, code: "inconsistentShares" };
    if (kind === "self") {
      selfSeeds.push({ of: index, seed: secret });
      continue;
    }
    const found = unlock(masked, index, dealt, secret);
    if (!found) return { type: "blame", member: index, code: "badRecoveryBox" };
    pairSeeds.push(...found);
  }
  return { type: "opened", secrets: { selfSeeds, pairSeeds } };
}

function rebuild(masked: MaskedSum, of: number): Uint8Array | null {
  const given = masked.shares.get(of);
  if (!given || given.size < masked.threshold) return null;
  const holders = masked.prekeys.batch.graph.holders(of);
  const shares = [...given]
    .slice(0, masked.threshold)
    .map(([holder, share]) => ({ point: holders.indexOf(holder) + 1, share }));
  return combineShares(shares);
}

/** Null if the box does not hold what its owner and its neighbours had agreed on. */
function unlock(
  masked: MaskedSum,
  dropout: number,
  dealt: DealtPrekeys,
  recoveryKey: Uint8Array,
): OpenedSecrets["pairSeeds"][number][] | null {
  const place = masked.attempt - masked.prekeys.batch.firstAttempt;
  const seeds = recoveryBox(recoveryKey, boxAt(dealt, place));
  const found: OpenedSecrets["pairSeeds"][number][] = [];
  for (const [at, survivor] of masked.prekeys.batch.graph.neighbours(dropout).entries()) {
    if (!masked.survivors.has(survivor)) continue;
    const seed = seeds.subarray(32 * at, 32 * at + 32);
    // Both ends gave the same tag when dealing; see `agreeing`.
    if (!equalBytes(pairTags(seed), pairTagAt(dealt, at, place))) return null;
    found.push({ dropout, survivor, seed });
  }
  return found;
}

/** The masks to add to a masked sum so that all of its masking cancels. */
export function masksOf({ selfSeeds, pairSeeds }: OpenedSecrets, context: Uint8Array): Mask[] {
  const masks: Mask[] = selfSeeds.map(({ of, seed }) => ({
    key: selfMask(seed, context, of).key,
    sign: -1,
  }));
  // A dropout's mask towards a survivor is the negative of the one that the survivor added.
  for (const { dropout, survivor, seed } of pairSeeds)
    masks.push(pairMask(seed, context, dropout, survivor));
  return masks;
}
