/** EDGE: acknowledges what was received a little later, unless a frame that acknowledges it leaves before. */

/** Longer than a quick round takes: then its own messages carry the acknowledgements. */
const DELAY_MS = 250;

export class DelayedAck {
  readonly #send: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(send: () => void) {
    this.#send = send;
  }

  received(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, DELAY_MS);
  }

  /** A frame left; it carried the acknowledgement. Also ends the waiting when the socket is gone. */
  settled(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
