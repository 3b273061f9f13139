/** Operating errors: what a person can mend. One line each: what is wrong, where, and the remedy. Pure. */

/** Process exit codes, documented in `docs/command-line.md`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  badInput: 3,
  refused: 4,
  unreachable: 5,
  /** An audit caught somebody: a round that does not add up, or two signatures that contradict. */
  caught: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * An error that the person at the terminal can act on. Never carries a record's value, an update,
 * a key or a share: places, codes and counts only.
 */
export class CloisterError extends Error {
  override readonly name = "CloisterError";
  /** Stable, for programs: `data.cell-not-a-number`. */
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, exitCode: ExitCode = EXIT.failed, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The input (a file, a field, an argument) is wrong. */
export function badInput(code: string, message: string, cause?: unknown): CloisterError {
  return new CloisterError(code, message, EXIT.badInput, cause);
}
