/**
 * Over whom rounds without noise may be opened. Once a certificate for a set of survivors may be out, members
 * may have given out shares for it, and they do so for no other set in that round, nor for the same ask in a
 * later one: the coordinator holds itself to what they will answer. Members are roster indices. Pure.
 */
import { toHex } from "../../shared/base/bytes.ts";
import type { AttemptEffect } from "../../shared/secagg/attempt.ts";
import { idsOf, type SumParams } from "../../shared/secagg/params.ts";
import type { RunningAttempt } from "./attempt.ts";
import type { RunEvent, SurvivorsCertified } from "./events.ts";

/** What an agent says that was restarted in the middle of a round: it cannot tell over whom it opened it. */
export const ROUND_FORGOTTEN = "roundForgotten";

type Certified = Omit<SurvivorsCertified, "type" | "runId" | "atMs">;

export class CertifiedRounds {
  readonly #sum: SumParams;
  readonly #byAsk = new Map<string, readonly number[]>();
  #current: { readonly round: number; readonly survivors: readonly number[] } | null = null;
  /** Members that hold their shares of the current round back. */
  readonly #forgot = new Set<number>();

  constructor(sum: SumParams, log: readonly RunEvent[]) {
    this.#sum = sum;
    for (const event of log) if (event.type === "survivorsCertified") this.#add(event);
  }

  /** The only set that the round may be opened over; null: none is certified yet. */
  of(round: number): readonly number[] | null {
    return this.#current?.round === round ? this.#current.survivors : null;
  }

  /** Holds a round to the set over which the same ask was opened before. True: it was, and that is news. */
  adopt(round: number, askKind: string, inputHash: Uint8Array): boolean {
    const survivors = this.#byAsk.get(askName(askKind, toHex(inputHash)));
    if (!survivors || this.of(round)) return false;
    this.#current = { round, survivors };
    return true;
  }

  /** Takes note of certificates that are about to leave. @returns What has to be logged before they do, if anything. */
  certify(
    { params, ask, inputHash, shape }: RunningAttempt,
    effects: readonly AttemptEffect[],
  ): Certified | null {
    const to = effects.flatMap((effect) => (effect.type === "sendCertificate" ? [effect.to] : []));
    if (to.length === 0 || shape.release.kind === "noised") return null;
    const { survivorsMin, roster } = this.#sum;
    const { round, attempt } = params.place;
    // Where every opening takes all members, no two can differ.
    if (survivorsMin === roster.length || this.of(round)) return null;
    const asked = { askKind: ask.kind, inputHash: toHex(inputHash) };
    const certified = { round, attempt, ...asked, survivors: idsOf(this.#sum, to) };
    this.#add(certified);
    return certified;
  }

  /** A member says that it holds its shares of the current round back. */
  forgot(member: number): void {
    this.#forgot.add(member);
  }

  released(): void {
    this.#forgot.clear();
  }

  /** True: too few are left to open the round, whoever comes back. */
  isHopeless(round: number): boolean {
    const { roster, threshold, confirmationsMin } = this.#sum;
    const openers = (this.of(round) ?? [...roster.keys()]).filter((i) => !this.#forgot.has(i));
    return openers.length < Math.max(threshold, confirmationsMin);
  }

  /** What stands in the round's way, for people. `caught`: at cheating. */
  whyNot(
    round: number,
    { there, caught }: { readonly there: readonly number[]; readonly caught: readonly number[] },
  ): string[] {
    const survivors = this.of(round) ?? [];
    const missing = survivors.filter((index) => !there.includes(index));
    const cheaters = survivors.filter((index) => caught.includes(index));
    const forgot = [...this.#forgot].sort((a, b) => a - b);
    const why: string[] = [];
    if (survivors.length > 0) why.push(`it may be opened over ${this.#named(survivors)} only`);
    if (missing.length > 0) why.push(`${this.#named(missing)} must come back`);
    if (cheaters.length > 0) why.push(`caught cheating, yet one of them: ${this.#named(cheaters)}`);
    if (forgot.length > 0)
      why.push(
        `restarted in the middle of it, not knowing over whom it was opened: ${this.#named(forgot)}`,
      );
    return why;
  }

  #add({ round, askKind, inputHash, survivors }: Certified): void {
    const indices = survivors.map((id) => this.#sum.roster.findIndex((m) => m.memberId === id));
    this.#current = { round, survivors: indices };
    this.#byAsk.set(askName(askKind, inputHash), indices);
  }

  #named(indices: readonly number[]): string {
    return idsOf(this.#sum, indices).join(", ");
  }
}

function askName(askKind: string, inputHash: string): string {
  return `${askKind} ${inputHash}`;
}
