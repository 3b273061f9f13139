/** EDGE: what a person watches while something long runs: a bar on a terminal, plain lines elsewhere. */

const BAR = 28;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #drawn = false;
  #lastPlain = -1;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** A line that stays. */
  say(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
  }

  /** Where the run is. On a terminal redrawn in place; elsewhere a line every tenth of the way. */
  update(done: number, total: number, detail: string): void {
    const share = Math.min(1, done / total);
    if (this.#stream.isTTY) {
      const filled = Math.round(share * BAR);
      this.clear();
      this.#stream.write(
        `  ${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${done}/${total}  ${detail}`,
      );
      this.#drawn = true;
      return;
    }
    const tenth = Math.floor(share * 10);
    if (tenth === this.#lastPlain) return;
    this.#lastPlain = tenth;
    this.#stream.write(`  ${done}/${total}  ${detail}\n`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn) this.#stream.write("\r\u001b[2K");
    this.#drawn = false;
  }
}
