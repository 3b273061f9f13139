/**
 * Over whom a member has helped to open sums that carry no noise: each round, and each ask, over one set of
 * members only. Two sums of one ask over two sets would tell by their difference what those sent who are in one set
 * alone. Any t members that give out shares for one set have an honest member in common with any t that do
 * so for another (2t > n + colluders): it is enough that each keeps to this. In memory only: what was opened
 * before a restart, or before another run was taken up in between, is not known, so with rounds answered by then there
 * is no help. Pure.
 */
import { toHex } from "../shared/base/bytes.ts";
import { toBitmap } from "../shared/base/member-set.ts";

/** What an attempt opens, if it does: the same round again, or the same ask under another number? */
export interface Asked {
  readonly round: number;
  /** The ask's kind and the hash of its input. */
  readonly ask: string;
}

/** `roundForgotten` is nobody's fault; `otherSurvivors` is the coordinator's. */
export type OpeningRefusal = "roundForgotten" | "otherSurvivors";

export class Openings {
  #runId: string | null = null;
  /** Rounds up to this one were answered by an earlier process. */
  #forgottenRound = -1;
  /** Survivors, by round and by ask. Bounded by the answers that the gate gives in a run. */
  readonly #survivors = new Map<number | string, string>();

  /**
   * Takes up a run. Of the same run as before everything is known still; another one takes its place.
   *
   * @param lastRound The last round of the run that the ledger has answered; −1: none.
   */
  begin(runId: string, lastRound: number): void {
    if (runId === this.#runId) return;
    this.#runId = runId;
    this.#forgottenRound = lastRound;
    this.#survivors.clear();
  }

  /** Why no share may be given out for this set of survivors; null: it may. */
  refusal({ round, ask }: Asked, survivors: readonly number[]): OpeningRefusal | null {
    if (round <= this.#forgottenRound) return "roundForgotten";
    const now = setName(survivors);
    const isOther = (known: string | undefined): boolean => known !== undefined && known !== now;
    const differs = isOther(this.#survivors.get(round)) || isOther(this.#survivors.get(ask));
    return differs ? "otherSurvivors" : null;
  }

  /** Before any share leaves. */
  add({ round, ask }: Asked, survivors: readonly number[]): void {
    const name = setName(survivors);
    this.#survivors.set(round, name);
    this.#survivors.set(ask, name);
  }
}

function setName(survivors: readonly number[]): string {
  return toHex(toBitmap(survivors, Math.max(...survivors) + 1));
}
