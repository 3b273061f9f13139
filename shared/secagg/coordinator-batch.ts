/** Prekeys on the coordinator's side: collected, checked against one another, forwarded. Pure. */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import type { SharesBundle } from "./agent-batch.ts";
import { type Batch, dealtContext } from "./batch.ts";
import { type DealtPrekeys, pairTagsOf, parseEntries } from "./entries.ts";
import type { SumParams } from "./params.ts";
import { forwarded, isSignedPrekeys, prekeysHash } from "./prekeys.ts";

/** One member's dealing. */
export interface Dealing {
  readonly hash: Uint8Array;
  /** As it was dealt: what `hash` is of. */
  readonly entries: Uint8Array;
  /** Views of `entries`. */
  readonly prekeys: DealtPrekeys;
}

/** A batch in use: who dealt what. */
export interface DealtPrekeyBatch {
  readonly batch: Batch;
  readonly context: Uint8Array;
  readonly dealings: ReadonlyMap<number, Dealing>;
}

/** Null: the wrong size, or not signed by the member. */
export function readDealing(
  params: SumParams,
  batch: Batch,
  from: number,
  entries: Uint8Array,
  signature: Uint8Array,
): Dealing | null {
  const prekeys = parseEntries(batch, from, entries);
  const hash = prekeysHash(batch, from, entries);
  const signed = isSignedPrekeys(params, from, hash, signature);
  return prekeys && signed ? { hash, entries, prekeys } : null;
}

/**
 * Who may serve together: of a pair whose two ends disagree on their common secret one has to go; the one
 * in more such pairs, for an honest member disagrees with liars only.
 *
 * @returns The dealings that stay, ascending, and the members left out.
 */
export function agreeing(
  batch: Batch,
  dealings: ReadonlyMap<number, Dealing>,
): { readonly kept: Map<number, Dealing>; readonly disputed: number[] } {
  const kept = new Map([...dealings].sort(([a], [b]) => a - b));
  const disputed: number[] = [];
  for (;;) {
    const disputes = countDisputes(batch, kept);
    let worst = -1;
    for (const [index, count] of disputes) if (count > (disputes.get(worst) ?? 0)) worst = index;
    if (worst < 0) return { kept, disputed };
    kept.delete(worst);
    disputed.push(worst);
  }
}

function countDisputes(batch: Batch, dealings: ReadonlyMap<number, Dealing>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [index, dealing] of dealings) {
    const neighbours = batch.graph.neighbours(index);
    for (const [at, peer] of neighbours.entries()) {
      const other = dealings.get(peer);
      if (!other) continue;
      const back = batch.graph.neighbours(peer).indexOf(index);
      // Of all attempts: a lie in one is enough.
      const same = equalBytes(pairTagsOf(dealing.prekeys, at), pairTagsOf(other.prekeys, back));
      if (!same) counts.set(index, (counts.get(index) ?? 0) + 1);
    }
  }
  return counts;
}

export function closeDealing(
  params: SumParams,
  batch: Batch,
  kept: ReadonlyMap<number, Dealing>,
): DealtPrekeyBatch {
  const hashes = [...kept.values()].map(({ hash }) => hash);
  return { batch, context: dealtContext(params, batch, [...kept.keys()], hashes), dealings: kept };
}

/** What one member gets of the others' dealings. */
export function bundleFor({ batch, dealings }: DealtPrekeyBatch, holder: number): SharesBundle {
  const shares: Uint8Array[] = [];
  for (const dealer of batch.graph.neighbours(holder)) {
    const dealing = dealings.get(dealer);
    if (dealing) shares.push(forwarded(batch, dealer, holder, dealing.prekeys));
  }
  const hashes = [...dealings.values()].map(({ hash }) => hash);
  return { dealers: [...dealings.keys()], hashes, shares: concatBytes(...shares) };
}
