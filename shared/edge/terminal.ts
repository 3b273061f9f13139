/** EDGE: what a command prints, and how it ends when something is wrong: one line, a meaningful exit code. */

import { InvariantError } from "../base/assert.ts";
import { CloisterError, EXIT } from "../base/errors.ts";
import { diskFault } from "./disk-fault.ts";

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function print(line: string): void {
  process.stdout.write(`${harmless(line)}\n`);
}

/** A text of several lines, each made harmless by itself. */
export function printText(text: string): void {
  for (const line of text.split("\n")) print(line);
}

/** For people, and not part of what a command's output is: that may go into a file. */
export function tell(line: string): void {
  process.stderr.write(`${harmless(line)}\n`);
}

/** What others said is shown without the characters that would steer a terminal, or turn its text around. */
function harmless(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, " ");
}

/** One line on standard error, never a stack trace; JSON if a program is listening. */
export function reportAndExit(error: unknown, json: boolean): never {
  const known = error instanceof CloisterError;
  const { code, message } = known ? error : unforeseen(error);
  process.stderr.write(
    json ? `${JSON.stringify({ error: { code, message } })}\n` : `cloister: ${harmless(message)}\n`,
  );
  process.exit(known ? error.exitCode : EXIT.failed);
}

/** A disk may fill up at any write; everything else that nobody foresaw is a bug of ours. */
function unforeseen(error: unknown): { readonly code: string; readonly message: string } {
  const fault = diskFault(error);
  const text = error instanceof Error ? error.message.split("\n")[0] : "unknown error";
  if (fault !== null) return { code: "disk", message: `${text}: ${fault}` };
  const code = error instanceof InvariantError ? "bug.invariant" : "internal";
  return { code, message: `internal error: ${text}; please report it` };
}

/** Runs `stop` once on Ctrl-C or a polite kill. */
export function onStop(stop: () => Promise<void>): void {
  let stopping = false;
  const handler = (): void => {
    if (stopping) process.exit(EXIT.failed);
    stopping = true;
    stop().then(
      () => process.exit(EXIT.ok),
      () => process.exit(EXIT.failed),
    );
  };
  process.on("SIGINT", handler).on("SIGTERM", handler);
}
