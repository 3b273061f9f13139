/** EDGE: acknowledges what was received a little later, unless a frame that acknowledges it leaves before. */

/** Longer than a quick round takes: then its own messages carry the acknowledgements. */
const DELAY_MS = 250;

export class DelayedAck {
  readonly #send: () => void;
  #owed = false;
  /** Made once and wound up again: a round owes and settles some ten times. */
  #timer: NodeJS.Timeout | null = null;

  constructor(send: () => void) {
    this.#send = send;
  }

  received(): void {
    if (this.#owed) return;
    this.#owed = true;
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#due(), DELAY_MS).unref();
  }

  #due(): void {
    if (!this.#owed) return;
    this.#owed = false; // Also where the socket is gone: what comes over the next one is owed anew.
    this.#send();
  }

  /** A frame left; it carried the acknowledgement. Also ends the waiting when the socket is gone. */
  settled(): void {
    this.#owed = false;
  }
}
