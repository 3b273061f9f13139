/**
 * EDGE: the questions that this member answered with exact sums, as one line each in a file of its agent's folder. Later
 * ones are held against them. Only the gate's thread writes and reads it.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { makeFolder } from "../../shared/edge/files.ts";

const Line = z.strictObject({ runId: z.string(), task: TaskSpec });
type Line = z.infer<typeof Line>;

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
  const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return texts.map((text, i) => {
    try {
      return Line.parse(JSON.parse(text));
    } catch (cause) {
      const message = `${path}: line ${i + 1} is not a question that was answered; restore the file from a copy`;
      throw new CloisterError("gate.questions-damaged", message, EXIT.failed, cause);
    }
  });
}
