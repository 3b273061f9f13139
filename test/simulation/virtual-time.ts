/** The virtual clock: what is due happens in order of time, then of asking. Nobody waits for real. */
import type { Clock } from "../../shared/base/env.ts";

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

export class VirtualTime implements Clock {
  /** A binary heap: each entry is due no later than the two below it. */
  readonly #heap: Due[] = [];
  #nowMs = 0;
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, happen: () => void): void {
    this.at(this.#nowMs + delayMs, happen);
  }

  at(atMs: number, happen: () => void): void {
    this.#order += 1;
    const due = { atMs: Math.max(atMs, this.#nowMs), order: this.#order, happen };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = heap[up];
      if (!above || !isBefore(due, above)) break;
      heap[at] = above;
      at = up;
    }
    heap[at] = due;
  }

  /** Lets the next thing happen. False: nothing is due up to `untilMs`. */
  step(untilMs: number): boolean {
    const [next] = this.#heap;
    if (!next || next.atMs > untilMs) return false;
    this.#removeFirst();
    this.#nowMs = next.atMs;
    next.happen();
    return true;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const first = left && right && isBefore(right, left) ? right : left;
      if (!first || !isBefore(first, last)) break;
      heap[at] = first;
      at = first === left ? 2 * at + 1 : 2 * at + 2;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
