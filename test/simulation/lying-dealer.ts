/** One member that deals other prekeys than it should, and believes in them itself. Test files mock with it. */
import type * as prekeys from "../../shared/secagg/prekeys.ts";

export interface DealerLie {
  readonly liar: number;
  /** Changes the entries of all attempts, in place; null: honest. */
  change: ((entries: Uint8Array, entryBytes: number) => void) | null;
}

/** For `vi.mock`: `dealPrekeys` of one member lies. */
export function lyingDealer(original: typeof prekeys, lie: DealerLie): typeof prekeys {
  return {
    ...original,
    dealPrekeys(params, batch, self, rng) {
      const dealt = original.dealPrekeys(params, batch, self, rng);
      if (self.index !== lie.liar || !lie.change) return dealt;
      lie.change(dealt.entries, dealt.entries.length / batch.count);
      return { ...dealt, hash: original.prekeysHash(batch, lie.liar, dealt.entries) };
    },
  };
}
