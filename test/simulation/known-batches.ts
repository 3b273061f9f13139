/** The batches of prekeys that each agent was told of, and what each dealt: read off the wire. */

import { equalBytes } from "../../shared/base/bytes.ts";
import { fromBitmap } from "../../shared/base/member-set.ts";
import { type Batch, openBatch, serves } from "../../shared/secagg/batch.ts";
import type { SumParams } from "../../shared/secagg/params.ts";
import { type DealtPrekeys, parseEntries, shareTag } from "../../shared/secagg/prekeys.ts";
import type { Observed } from "./checkers.ts";

interface Dealt {
  readonly batch: Batch;
  readonly attempts: readonly DealtPrekeys[];
}

export class KnownBatches {
  readonly #sum: SumParams;
  readonly #opened = new Map<string, Batch>();
  readonly #dealt = new Map<number, Dealt[]>();

  constructor(sum: SumParams) {
    this.#sum = sum;
  }

  observe(observed: Observed): void {
    if (observed.type === "toAgent" && observed.message.type === "batchOpened") {
      const { batch: number, firstAttempt, count, members } = observed.message;
      const indices = fromBitmap(members, this.#sum.roster.length);
      if (!indices) return;
      const batch = openBatch(this.#sum, { number, firstAttempt, count, members: indices }, []);
      this.#opened.set(`${observed.member}/${number}`, batch);
    }
    if (observed.type !== "fromAgent") return;
    const { member, message } = observed;
    if (message.type !== "prekeys") return;
    const batch = this.opened(member, message.batch);
    const attempts = batch && parseEntries(batch, member, message.entries);
    if (batch && attempts)
      this.#dealt.set(member, [...(this.#dealt.get(member) ?? []), { batch, attempts }]);
  }

  opened(member: number, number: number): Batch | undefined {
    return this.#opened.get(`${member}/${number}`);
  }

  /** Which of a dealer's two secrets a share belongs to, by the tag that the dealer gave it; null: neither. */
  kindOf(
    dealer: number,
    attempt: number,
    holder: number,
    share: Uint8Array,
  ): "self" | "recovery" | null {
    for (const { batch, attempts } of this.#dealt.get(dealer) ?? []) {
      if (!serves(batch, attempt)) continue;
      const at = batch.graph.holders(dealer).indexOf(holder);
      const tags = attempts[attempt - batch.firstAttempt]?.shareTags[at];
      for (const kind of ["self", "recovery"] as const)
        if (tags && equalBytes(tags[kind], shareTag(kind, share, dealer, holder))) return kind;
    }
    return null;
  }
}
