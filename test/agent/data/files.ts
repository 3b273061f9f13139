/** Writes small tables into a folder that goes away with the test. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CloisterError } from "../../../shared/base/errors.ts";

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cloister-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

export function tempFile(name: string, content: string | Uint8Array): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** The operating error that `action` ends in; fails where it ends otherwise. */
export async function faultOf(action: () => unknown): Promise<CloisterError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof CloisterError) return error;
    throw error;
  }
  throw new Error("expected a CloisterError, but nothing was thrown");
}
