/** EDGE: small files that a person writes: YAML read with one-line errors, secrets written for the owner only. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Document, parseDocument } from "yaml";
import type { z } from "zod";
import { badInput } from "../base/errors.ts";
import { parseOrRefuse } from "../charter/charter.ts";

/** @throws {CloisterError} If the file cannot be read. */
export function readSmallFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw badInput(
      "file.unreadable",
      `${path}: cannot be read; check the path and its permissions`,
      cause,
    );
  }
}

/** @throws {CloisterError} If the file is missing, is not YAML, or does not fit the schema. */
export function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  const text = readSmallFile(path).toString("utf8");
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line ?? 1;
    throw badInput(
      "file.not-yaml",
      `${path}: line ${line}: not valid YAML (${error.code}); correct the line and try again`,
    );
  }
  return parseOrRefuse(schema, resolved(document, path), path);
}

/** Aliases are followed only here: to nothing, or to far too much. */
function resolved(document: Document, path: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw badInput("file.not-yaml", `${path}: an alias (*) leads nowhere, or too far`, cause);
  }
}

/** @throws {CloisterError} If there is something else in its place, or it may not be made. */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (cause) {
    throw badInput(
      "folder.unusable",
      `${path}: cannot be used as a folder; choose another one or check its permissions`,
      cause,
    );
  }
}

/** Writes a file whole or not at all. @throws {CloisterError} If it cannot be written. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  makeFolder(dirname(path));
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, { mode });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw badInput(
      "file.unwritable",
      `${path}: cannot be written; check what is there, its permissions and the disk's free space`,
      cause,
    );
  }
}
