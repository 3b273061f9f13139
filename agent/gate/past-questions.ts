/**
 * EDGE: the questions that this member answered exactly, as one line each in a file of its agent's folder. Later
 * ones are held against them. Only the gate's thread writes and reads it.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { makeFolder } from "../../shared/edge/files.ts";

const Line = z.strictObject({
  runId: z.string(),
  task: TaskSpec,
  /** How many of this member's units each of its sums was of. Left out: of a matching, and of what was written off. */
  units: z.array(z.int().min(0)).optional(),
  /** Of a matching: among whom, and by what its set is known again, see `match-guard.ts`. */
  matched: z.strictObject({ members: z.array(z.string()), sums: z.string() }).optional(),
});
type Line = z.infer<typeof Line>;

/** Ends with the process. */
export function pastQuestionsInMemory(): PastQuestions {
  const lines: Line[] = [];
  return { list: () => lines, add: (line) => lines.push(line) };
}

export interface PastQuestions {
  list(): readonly Line[];
  /** On the disk when it returns. */
  add(line: Line): void;
}

/** @throws {CloisterError} If the file is there and cannot be read: without it nothing more is answered exactly. */
export function pastQuestionsIn(path: string): PastQuestions {
  const lines: Line[] = existsSync(path) ? read(path) : [];
  return {
    list: () => lines,
    add(line) {
      makeFolder(dirname(path), 0o700);
      appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
      lines.push(line);
    },
  };
}

function read(path: string): Line[] {
  mendEnd(path);
  const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return texts.map((text, i) => {
    const line = parsed(text);
    if (line) return line;
    const message = `${path}: line ${i + 1} is not a question that was answered; restore the file from a copy`;
    throw new CloisterError("gate.questions-damaged", message, EXIT.failed);
  });
}

/** A line that broke off is of an answer that never left: the process ended before. The next one must not follow on it. */
function mendEnd(path: string): void {
  const text = readFileSync(path, "utf8");
  const end = text.lastIndexOf("\n") + 1;
  if (end === text.length) return;
  if (parsed(text.slice(end))) appendFileSync(path, "\n", { flush: true });
  else truncateSync(path, Buffer.byteLength(text.slice(0, end)));
}

function parsed(text: string): Line | null {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
