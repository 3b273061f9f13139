/** One member that deals other prekeys than it should, and believes in them itself. Test files mock with it. */
import type { Batch } from "../../shared/secagg/batch.ts";
import type * as prekeys from "../../shared/secagg/prekeys.ts";

export interface DealerLie {
  readonly liar: number;
  /** Changes the entries, in place; null: honest. */
  change: ((entries: Uint8Array, batch: Batch) => void) | null;
}

/** For `vi.mock`: `dealPrekeys` of one member lies. */
export function lyingDealer(original: typeof prekeys, lie: DealerLie): typeof prekeys {
  return {
    ...original,
    dealPrekeys(batch, index, streams, rng) {
      const dealt = original.dealPrekeys(batch, index, streams, rng);
      if (index !== lie.liar || !lie.change) return dealt;
      lie.change(dealt.entries, batch);
      return { ...dealt, hash: original.prekeysHash(batch, lie.liar, dealt.entries) };
    },
  };
}
