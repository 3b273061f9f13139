/** EDGE: small files that a person writes: YAML read with one-line errors, secrets written for the owner only. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { badInput } from "../base/errors.ts";
import { parseOrRefuse } from "../charter/charter.ts";

/** @throws {CloisterError} If the file is missing, is not YAML, or does not fit the schema. */
export function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw badInput(
      "file.unreadable",
      `${path}: cannot be read; check the path and its permissions`,
      cause,
    );
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line ?? 1;
    throw badInput(
      "file.not-yaml",
      `${path}: line ${line}: not valid YAML (${error.code}); correct the line and try again`,
    );
  }
  return parseOrRefuse(schema, document.toJS(), path);
}

/** Writes a file whole or not at all. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, path);
}
