/** How often a round was tried in vain, when to try again, and when to give up. Pure. */

/** Attempts at one round before the run is given up. */
const ATTEMPTS_MAX = 20;
const RETRY_MS = 500;

export class RoundTries {
  readonly #attemptMs: number;
  #failures = 0;
  #notBeforeMs = 0;
  #missingSinceMs: number | null = null;

  /** @param attemptMs How long to wait for members without whom the round may not be opened: this long is one attempt. */
  constructor(attemptMs: number) {
    this.#attemptMs = attemptMs;
  }

  get failures(): number {
    return this.#failures;
  }

  isDue(atMs: number): boolean {
    return atMs >= this.#notBeforeMs;
  }

  /** True: give up. */
  failed(atMs: number): boolean {
    this.#failures += 1;
    this.#notBeforeMs = atMs + RETRY_MS;
    this.#missingSinceMs = null;
    return this.#failures >= ATTEMPTS_MAX;
  }

  /** Somebody is missing without whom the round cannot be opened. True: for so long that it counts as failed. */
  isMissedTooLong(atMs: number): boolean {
    this.#missingSinceMs ??= atMs;
    return atMs >= this.#missingSinceMs + this.#attemptMs;
  }

  opened(): void {
    this.#missingSinceMs = null;
  }

  released(): void {
    this.#failures = 0;
  }
}
