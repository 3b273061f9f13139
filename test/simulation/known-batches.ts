/** The batches of prekeys that each agent was told of, and what each dealt: read off the wire. */

import { equalBytes } from "../../shared/base/bytes.ts";
import { fromBitmap } from "../../shared/base/member-set.ts";
import { type Batch, openBatch, serves } from "../../shared/secagg/batch.ts";
import {
  type DealtPrekeys,
  parseEntries,
  shareTagAt,
  shareTagsOf,
} from "../../shared/secagg/entries.ts";
import type { SumParams } from "../../shared/secagg/params.ts";
import { shareTag } from "../../shared/secagg/prekeys.ts";
import type { Observed } from "./checkers.ts";

interface Dealt {
  readonly batch: Batch;
  readonly prekeys: DealtPrekeys;
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
    const prekeys = batch && parseEntries(batch, member, message.entries);
    if (batch && prekeys)
      this.#dealt.set(member, [...(this.#dealt.get(member) ?? []), { batch, prekeys }]);
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
    for (const { batch, prekeys } of this.#dealt.get(dealer) ?? []) {
      if (!serves(batch, attempt)) continue;
      const tags = shareTagsOf(batch, prekeys, dealer, holder);
      for (const kind of ["self", "recovery"] as const) {
        const tag = shareTagAt(tags, attempt - batch.firstAttempt, kind);
        if (equalBytes(tag, shareTag(kind, share, dealer, holder))) return kind;
      }
    }
    return null;
  }
}
