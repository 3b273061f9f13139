/**
 * Which rounds are opened with their cohort: each member then works, masks and uploads at one go, instead of saying
 * that it is ready and waiting for all others. Right where work takes moments: nearly nobody is lost in them, and who
 * is counts as a dropout, whose masks are taken away by shares. Where it takes minutes, or where somebody was lost last
 * time, the cohort is fixed after the work. Members are roster indices. Pure: times are arguments.
 */
import type { AttemptParams } from "../../shared/secagg/attempt.ts";
import { cohortOf } from "../../shared/secagg/cohort.ts";
import type { RunningAttempt } from "./attempt.ts";

/** From a round's opening until every member's vector was there. */
const QUICK_MS = 3000;

type Place = Pick<AttemptParams, "sum" | "prekeys" | "certified">;

export class EarlyCohorts {
  /** Kinds of asks that were answered quickly, and by all, when they were asked last. */
  readonly #quick = new Set<string>();
  #batch = -1;
  /** By member: whose shares of that batch it holds. */
  readonly #holds = new Map<number, ReadonlySet<number>>();
  /** The attempt that was opened last has its cohort from the beginning. */
  #isEarly = false;
  /** One that had failed: as long as this process runs no other is, whatever the cause. */
  #isOver = false;

  /** A member says that it is ready: the first time that an attempt hears it counts. */
  ready({ params, state }: RunningAttempt, member: number, holds: readonly number[]): void {
    if (state.phase !== "collectReady" || state.ready.has(member)) return;
    const { batch } = params.prekeys;
    if (batch.number !== this.#batch) this.#holds.clear();
    this.#batch = batch.number;
    this.#holds.set(member, new Set(holds));
  }

  /** The cohort to open with: all who are present; null: it is fixed when they are ready. */
  cohort(place: Place, askKind: string, present: readonly number[]): readonly number[] | null {
    const cohort = this.#isDue(place, askKind) ? this.#heldBy(place, present) : null;
    this.#isEarly = cohort !== null;
    return cohort;
  }

  #isDue({ certified, prekeys: { batch } }: Place, askKind: string): boolean {
    // Who holds whose shares of a batch they say when they are ready.
    return !this.#isOver && !certified && batch.number === this.#batch && this.#quick.has(askKind);
  }

  #heldBy(place: Place, present: readonly number[]): readonly number[] | null {
    const ready = new Map<number, ReadonlySet<number>>();
    for (const member of present) {
      const holds = this.#holds.get(member);
      if (!holds) return null;
      ready.set(member, holds);
    }
    const cohort = cohortOf(place, ready);
    return cohort.length === present.length ? cohort : null;
  }

  /** All vectors are there that are waited for. @param survivors How many. */
  answered({ ask, openedAtMs, state }: RunningAttempt, survivors: number, atMs: number): void {
    const isWhole = "cohort" in state && state.cohort.length === survivors;
    if (isWhole && atMs - openedAtMs <= QUICK_MS) this.#quick.add(ask.kind);
    else this.#quick.delete(ask.kind);
  }

  /** The attempt failed. */
  failed(): void {
    this.#isOver ||= this.#isEarly;
    this.#quick.clear();
  }
}
