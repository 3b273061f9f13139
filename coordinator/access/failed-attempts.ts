/**
 * How often each address failed to say who it is within a minute. Tokens are too long to guess: this bounds the work
 * and noise that guessing makes, so forgetting an address is harmless and memory stays bounded. Pure: time is an argument.
 */
import { assert } from "../../shared/base/assert.ts";

const WINDOW_MS = 60_000;
const SOURCES_MAX = 1024;

interface Failures {
  readonly sinceMs: number;
  readonly count: number;
}

export class FailedAttempts {
  readonly #perMinute: number;
  /** In the order in which their minutes began. Invariant: at most `SOURCES_MAX`. */
  readonly #failures = new Map<string, Failures>();

  /** @param perMinute Failures before an address must wait; 0: no limit. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** How long the address has to wait before it may try; 0: it may. */
  waitMs(address: string, nowMs: number): number {
    const failures = this.#current(sourceOf(address), nowMs);
    if (this.#perMinute === 0 || failures.count < this.#perMinute) return 0;
    return failures.sinceMs + WINDOW_MS - nowMs;
  }

  failed(address: string, nowMs: number): void {
    const source = sourceOf(address);
    const { sinceMs, count } = this.#current(source, nowMs);
    if (count === 0) this.#makeRoom(source);
    this.#failures.set(source, { sinceMs, count: count + 1 });
    assert(this.#failures.size <= SOURCES_MAX, "as many addresses as there is room for");
  }

  get size(): number {
    return this.#failures.size;
  }

  #current(source: string, nowMs: number): Failures {
    const known = this.#failures.get(source);
    const isCurrent = known && nowMs >= known.sinceMs && nowMs < known.sinceMs + WINDOW_MS;
    return isCurrent ? known : { sinceMs: nowMs, count: 0 };
  }

  /** The source's minute begins anew, at the end of the line; the oldest goes where there is no room. */
  #makeRoom(source: string): void {
    this.#failures.delete(source);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= SOURCES_MAX && oldest !== undefined) this.#failures.delete(oldest);
  }
}

/** Whom an address stands for: itself, or in IPv6, where one customer has 2^64, its network. */
export function sourceOf(address: string): string {
  const [bare = ""] = address.toLowerCase().split("%");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined || !bare.includes(":")) return mapped ?? bare;
  const [left = "", right = ""] = bare.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}
