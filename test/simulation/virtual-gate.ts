/**
 * A gate over no records: contributes a vector that the test knows, and masks it with the real masks. Keeps
 * the real gate's order (debit, then mask) and its answers; the ledger outlives a crash, the rest does not.
 */
import type { FromGate, ToGate } from "../../agent/gate/messages.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import { applyMasksInPlace, type Mask } from "../../shared/secagg/masks.ts";
import { packRing, reduceInPlace } from "../../shared/secagg/ring.ts";
import { knownVector } from "./vectors.ts";

/** What was debited, by run and attempt. Durable. */
export class MemoryLedger {
  readonly #debits = new Map<string, number>();
  readonly #lastRounds = new Map<string, number>();

  /** False: the attempt was answered already. */
  debit(runId: string, round: number, attempt: number): boolean {
    const name = `${runId}/${attempt}`;
    const known = this.#debits.get(name) ?? 0;
    if (known === 0) this.#debits.set(name, 1);
    this.#lastRounds.set(runId, Math.max(round, this.lastRound(runId)));
    return known === 0;
  }

  lastRound(runId: string): number {
    return this.#lastRounds.get(runId) ?? -1;
  }

  /** By run. */
  lastRounds(): ReadonlyMap<string, number> {
    return new Map(this.#lastRounds);
  }

  entries(runId: string, attempt: number): number {
    return this.#debits.get(`${runId}/${attempt}`) ?? 0;
  }

  lastAttempt(runId: string): number {
    let last = -1;
    for (const name of this.#debits.keys()) {
      const [run, attempt] = name.split("/");
      if (run === runId) last = Math.max(last, Number(attempt));
    }
    return last;
  }
}

export interface VirtualGateParams {
  readonly seed: string;
  readonly index: number;
  readonly dimension: number;
  readonly ringBits: RingBits;
  readonly ledger: MemoryLedger;
  /** Lets an answer come later, or never if the process dies first. */
  readonly later: (what: ToGate["type"], answer: () => void) => void;
  readonly onWork: (attempt: number) => void;
  readonly onSeal: (attempt: number, masks: readonly Mask[]) => void;
  /** A planted bug: other masks than those that came. */
  readonly masks?: ((masks: readonly Mask[]) => readonly Mask[]) | undefined;
}

export class VirtualGate {
  readonly #params: VirtualGateParams;
  #runId = "";
  #pending: number | null = null;
  /** What is asked and not answered yet, the oldest first. */
  readonly #asked: [ToGate, (reply: FromGate) => void][] = [];

  constructor(params: VirtualGateParams) {
    this.#params = params;
  }

  request(message: ToGate, answer: (reply: FromGate) => void): void {
    this.#asked.push([message, answer]);
    if (this.#asked.length === 1) this.#answerNext();
  }

  #answerNext(): void {
    const [next] = this.#asked;
    if (!next) return;
    const [message, answer] = next;
    this.#params.later(message.type, () => {
      const reply = this.#reply(message);
      this.#asked.shift();
      answer(reply);
      this.#answerNext();
    });
  }

  #reply(message: ToGate): FromGate {
    const { ledger, onWork } = this.#params;
    switch (message.type) {
      case "matchBegin":
      case "matchHear":
        return { type: "refused", code: "notTakenUp" };
      case "open":
        return { type: "opened", rowCount: 0, unitCount: 0, ledgerId: "" };
      case "judge":
        return { type: "judged", rulings: [] };
      case "recall":
        return { type: "recalled" };
      case "assess":
        this.#runId = message.runId;
        return {
          type: "assessed",
          reasons: [],
          lastAttempt: ledger.lastAttempt(message.runId),
          lastRound: ledger.lastRound(message.runId),
        };
      case "work":
        onWork(message.attempt);
        this.#pending = message.attempt;
        return { type: "worked", attempt: message.attempt };
      case "seal":
        return this.#seal(message);
    }
  }

  #seal({ round, attempt, masks: given }: Extract<ToGate, { type: "seal" }>): FromGate {
    const masks = this.#params.masks?.(given) ?? given;
    const { seed, index, dimension, ringBits, ledger, onSeal } = this.#params;
    const pending = this.#pending;
    this.#pending = null; // Used once, whatever happens.
    if (pending !== attempt || masks.length < 3) return { type: "refused", code: "wrongAttempt" };
    if (!ledger.debit(this.#runId, round, attempt))
      return { type: "refused", code: "alreadyAnswered" };
    onSeal(attempt, masks);
    const vector = knownVector(seed, index, attempt, dimension, ringBits);
    applyMasksInPlace(vector, masks, ringBits);
    reduceInPlace(vector, ringBits);
    return { type: "sealed", attempt, vector: packRing(vector, ringBits), epsilonSpent: null };
  }
}
