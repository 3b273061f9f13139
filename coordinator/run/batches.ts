/**
 * Batches of prekeys of a run: the one in use, the one that comes after it, and the one that members deal while
 * rounds go on. Pure: says what to send.
 */
import { concatBytes } from "../../shared/base/bytes.ts";
import { toBitmap } from "../../shared/base/member-set.ts";
import type { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { type Batch, openBatch } from "../../shared/secagg/batch.ts";
import {
  agreeing,
  bundleFor,
  closeDealing,
  type Dealing,
  type DealtPrekeyBatch,
  readDealing,
} from "../../shared/secagg/coordinator-batch.ts";
import type { SumParams } from "../../shared/secagg/params.ts";

/** Attempts that one batch serves at most: dealing costs messages, and unused prekeys cost work. */
export const BATCH_ATTEMPTS = 16;

interface Dealt {
  readonly batch: Batch;
  readonly dealings: Map<number, Dealing>;
  readonly awaited: Set<number>;
  readonly deadlineMs: number;
}

/** A batch that is dealt. */
interface Ready {
  readonly dealt: DealtPrekeyBatch;
  /** Dealers whose prekeys are lost with their session. */
  readonly lost: Set<number>;
  /** Who was asked for it and has no part in it: asked again with the others, or at this time. */
  readonly leftOut: Map<number, number>;
}

type BatchOpened = Extract<CoordinatorMessage, { type: "batchOpened" }>;

/** A message and whom it goes to. */
export interface Outgoing {
  readonly to: readonly number[];
  readonly message: CoordinatorMessage;
}

export class PrekeyBatches {
  readonly #params: SumParams;
  readonly #stepMs: number;
  readonly #attempts: number;
  #current: Ready | null = null;
  /** Taken up when the current one is used up: no attempt is dealt for and then passed over. */
  #next: Ready | null = null;
  #pending: Dealt | null = null;
  #lastNumber = -1;
  /** Members were asked for prekeys of all attempts below, and deal once for each, also if nothing came of it. */
  #attemptsBelow = 0;

  /** @param attempts How many one batch serves at most. */
  constructor(params: SumParams, stepMs: number, attempts: number) {
    this.#params = params;
    this.#stepMs = stepMs;
    this.#attempts = attempts;
  }

  get current(): DealtPrekeyBatch | null {
    return this.#current?.dealt ?? null;
  }

  /** Dealers whose secrets of the current batch are still there. */
  usable(): number[] {
    return this.#current ? usableOf(this.#current) : [];
  }

  /** The first attempt at or after `from` that there are prekeys for, in the current batch from now on; null: none. */
  attemptFrom(from: number): number | null {
    if (this.#next && from >= attemptsEnd(this.#current)) this.#takeUp(this.#next);
    if (!this.#current || from >= attemptsEnd(this.#current)) return null;
    return Math.max(from, this.#current.dealt.batch.firstAttempt);
  }

  #takeUp(ready: Ready): void {
    this.#current = ready;
    this.#next = null;
  }

  /**
   * For how many attempts to deal now; 0: it is not time. It is time when nothing is in use, half a batch is left and none
   * waits, or somebody present has no part in it; never for more than the run still asks.
   *
   * @param roundsLeft To be opened yet, at most.
   */
  due(nextAttempt: number, roundsLeft: number, members: readonly number[], atMs: number): number {
    if (this.#pending) return 0;
    const current = this.#current;
    const usable = new Set(this.usable());
    const isMissing = (index: number): boolean =>
      !usable.has(index) && atMs >= (current?.leftOut.get(index) ?? 0);
    const isWanting = members.some(isMissing);
    if (this.#next && !isWanting) return 0; // However short it is: dealt over, it would be lost.
    const left = isWanting ? 0 : this.#left(nextAttempt);
    if (left > this.#attempts / 2) return 0;
    return Math.max(0, Math.min(this.#attempts, roundsLeft - left));
  }

  /** Attempts from that one on that are dealt for. */
  #left(nextAttempt: number): number {
    const { firstAttempt } = this.#current?.dealt.batch ?? { firstAttempt: 0 };
    const left = attemptsEnd(this.#current) - Math.max(nextAttempt, firstAttempt);
    return Math.max(0, left);
  }

  /** @param members Who is to deal, ascending. @param count For how many attempts. */
  begin(
    members: readonly number[],
    nonces: readonly Uint8Array[],
    nextAttempt: number,
    count: number,
    atMs: number,
  ): { readonly to: readonly number[]; readonly message: BatchOpened } {
    const { runId, roster } = this.#params;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const firstAttempt = Math.max(this.#attemptsBelow, nextAttempt);
    const place = { number, firstAttempt, count, members };
    this.#attemptsBelow = firstAttempt + count;
    const batch = openBatch(this.#params, place, nonces);
    const deadlineMs = atMs + this.#stepMs;
    this.#pending = { batch, dealings: new Map(), awaited: new Set(members), deadlineMs };
    const message: BatchOpened = {
      type: "batchOpened",
      runId,
      batch: number,
      firstAttempt,
      count: place.count,
      members: toBitmap(members, roster.length),
      nonces: concatBytes(...nonces),
    };
    return { to: members, message };
  }

  /** False: the prekeys are not well-formed or not signed. Late or repeated ones are passed over. */
  dealt(from: number, number: number, entries: Uint8Array, signature: Uint8Array): boolean {
    const pending = this.#pending;
    if (pending?.batch.number !== number || !pending.awaited.has(from)) return true;
    pending.awaited.delete(from);
    const dealing = readDealing(this.#params, pending.batch, from, entries, signature);
    if (dealing) pending.dealings.set(from, dealing);
    return dealing !== null;
  }

  /** The member's session is over, and its secrets with it. */
  lost(index: number): void {
    for (const ready of [this.#current, this.#next]) {
      ready?.lost.add(index);
      ready?.leftOut.delete(index);
    }
    this.#pending?.awaited.delete(index);
    this.#pending?.dealings.delete(index);
  }

  /** Closes the dealing when everyone has dealt or time is up. @returns What to send; whom nobody can agree with. */
  closeIfDue(atMs: number): {
    readonly send: readonly Outgoing[];
    readonly disputed: readonly number[];
  } {
    const pending = this.#pending;
    if (!pending || (pending.awaited.size > 0 && atMs < pending.deadlineMs))
      return { send: [], disputed: [] };
    this.#pending = null;
    const { kept, disputed } = agreeing(pending.batch, pending.dealings);
    if (kept.size < this.#params.survivorsMin) return { send: [], disputed };
    const dealt = closeDealing(this.#params, pending.batch, kept);
    // Whoever deals what cannot be used would have everyone deal again and again.
    const leftOut = pending.batch.members.filter((index) => !kept.has(index));
    const askAgainMs = atMs + this.#stepMs;
    this.#next = {
      dealt,
      lost: new Set(),
      leftOut: new Map(leftOut.map((index) => [index, askAgainMs])),
    };
    // Who has no part in the current batch does not wait for its end.
    const usable = new Set(this.usable());
    if ([...kept.keys()].some((index) => !usable.has(index))) this.#takeUp(this.#next);
    return { send: [...kept.keys()].map((to) => this.#bundle(dealt, to)), disputed };
  }

  #bundle(dealt: DealtPrekeyBatch, to: number): Outgoing {
    const { runId, roster } = this.#params;
    const { dealers, hashes, shares } = bundleFor(dealt, to);
    const message: CoordinatorMessage = {
      type: "batchDealt",
      runId,
      batch: dealt.batch.number,
      dealers: toBitmap(dealers, roster.length),
      hashes: concatBytes(...hashes),
      shares,
    };
    return { to: [to], message };
  }
}

/** The attempt after the last that it serves. */
function attemptsEnd(ready: Ready | null): number {
  const { firstAttempt, count } = ready?.dealt.batch ?? { firstAttempt: 0, count: 0 };
  return firstAttempt + count;
}

function usableOf({ dealt, lost }: Ready): number[] {
  return [...dealt.dealings.keys()].filter((index) => !lost.has(index));
}
