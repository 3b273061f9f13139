/** EDGE: reads an exported model for scoring; what is wrong with the file becomes one line that names it. */
import { readFileSync } from "node:fs";
import { scorerOf } from "../../models/export/model-file.ts";
import type { Scorer } from "../../models/scoring/scorer.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { badInput, CloisterError } from "../../shared/base/errors.ts";
import { sha256 } from "../../shared/crypto/hash.ts";

export interface ModelFile {
  readonly scorer: Scorer;
  /** Of the file's bytes, as in the model card. Lower-case hexadecimal. */
  readonly sha256: string;
}

/** @throws {CloisterError} If it cannot be read, or is not a model of this version. */
export function readModelFile(path: string): ModelFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const remedy = 'export one with "cloister model export RUN"';
    throw badInput("model.unreadable", `${path}: cannot be read; ${remedy}`, cause);
  }
  try {
    const scorer = scorerOf(bytes.toString("utf8"));
    return { scorer, sha256: toHex(sha256(bytes)) };
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    throw new CloisterError(error.code, `${path}: ${error.message}`, error.exitCode, error);
  }
}
