/** EDGE: what a person watches while the demo runs: a bar on a terminal, plain lines elsewhere. */

const BAR = 28;

export class Progress {
  readonly #terminal = process.stdout.isTTY === true;
  #drawn = false;
  #lastPlain = -1;

  /** A line that stays. */
  say(line: string): void {
    this.#clear();
    process.stdout.write(`${line}\n`);
  }

  /** Where the run is. On a terminal redrawn in place; elsewhere a line every tenth of the way. */
  update(done: number, total: number, detail: string): void {
    const share = Math.min(1, done / total);
    if (this.#terminal) {
      const filled = Math.round(share * BAR);
      this.#clear();
      process.stdout.write(
        `  ${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${done}/${total}  ${detail}`,
      );
      this.#drawn = true;
      return;
    }
    const tenth = Math.floor(share * 10);
    if (tenth === this.#lastPlain) return;
    this.#lastPlain = tenth;
    process.stdout.write(`  ${done}/${total}  ${detail}\n`);
  }

  #clear(): void {
    if (this.#drawn) process.stdout.write("\r\u001b[2K");
    this.#drawn = false;
  }
}
