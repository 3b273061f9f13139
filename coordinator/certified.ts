/**
 * Over whom rounds without noise may be opened. Once a certificate for a set of survivors may be out, members
 * may have given out shares for it, and they do so for no other set in that round, nor for the same ask in a
 * later one: the coordinator holds itself to what they will answer. Members are roster indices. Pure.
 */
import type { SumParams } from "../shared/secagg/params.ts";
import type { RunEvent, SurvivorsCertified } from "./run-events.ts";

/** What an agent says that was restarted in the middle of a round: it cannot tell over whom it opened it. */
export const ROUND_FORGOTTEN = "roundForgotten";

export class CertifiedRounds {
  readonly #sum: SumParams;
  readonly #byAsk = new Map<string, readonly number[]>();
  #current: { readonly round: number; readonly survivors: readonly number[] } | null = null;
  /** Members that hold their shares of the current round back. */
  readonly #forgot = new Set<number>();

  constructor(sum: SumParams, log: readonly RunEvent[]) {
    this.#sum = sum;
    for (const event of log) if (event.type === "survivorsCertified") this.add(event);
  }

  /** True where openings could differ in whom they are over, and no noise hides by how much. */
  isNeeded(releaseKind: "bounded" | "noised"): boolean {
    return releaseKind === "bounded" && this.#sum.survivorsMin < this.#sum.roster.length;
  }

  /** The only set that the round may be opened over; null: it is open yet. */
  of(round: number): readonly number[] | null {
    return this.#current?.round === round ? this.#current.survivors : null;
  }

  /** Holds a round to the set over which the same ask was opened before. True: it was, and that is news. */
  adopt(round: number, askKind: string, inputHash: string): boolean {
    const survivors = this.#byAsk.get(`${askKind} ${inputHash}`);
    if (!survivors || this.of(round)) return false;
    this.#current = { round, survivors };
    return true;
  }

  add({ round, askKind, inputHash, survivors }: SurvivorsCertified): void {
    const indices = survivors.map((id) => this.#sum.roster.findIndex((m) => m.memberId === id));
    this.#current = { round, survivors: indices };
    this.#byAsk.set(`${askKind} ${inputHash}`, indices);
  }

  forgot(member: number): void {
    this.#forgot.add(member);
  }

  released(): void {
    this.#forgot.clear();
  }

  /** Why the round can be opened no more, whoever comes back; null: it can. */
  hopeless(round: number): string | null {
    const { roster, threshold, confirmationsMin } = this.#sum;
    const openers = (this.of(round) ?? [...roster.keys()]).filter((i) => !this.#forgot.has(i));
    if (openers.length >= Math.max(threshold, confirmationsMin)) return null;
    const names = this.#names([...this.#forgot].sort((a, b) => a - b));
    return `${names} restarted in the middle of it, and cannot tell over whom it was opened`;
  }

  /** Who has to be there for the round, and who of them is not, to be added to a reason; empty: whoever comes. */
  explain(round: number, present: readonly number[]): string {
    const survivors = this.of(round);
    if (!survivors) return "";
    const missing = survivors.filter((index) => !present.includes(index));
    const over = `; it may be opened over ${this.#names(survivors)} only`;
    return missing.length === 0 ? over : `${over}: ${this.#names(missing)} must come back`;
  }

  #names(indices: readonly number[]): string {
    return indices.map((index) => this.#sum.roster[index]?.memberId ?? "").join(", ");
  }
}
