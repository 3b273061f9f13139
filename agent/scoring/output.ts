/** EDGE: where scores go, at the pace that they are taken: standard output, or a file that is there whole or not at all. */

import { once } from "node:events";
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { badInput } from "../../shared/base/errors.ts";

export interface Output {
  /** Resolves when more may be written. */
  write(text: string): Promise<void>;
  /** The last call where all went well. */
  finish(): Promise<void>;
  /** The last call where it did not. */
  discard(): void;
}

export function standardOutput(): Output {
  return {
    async write(text) {
      if (text !== "" && !process.stdout.write(text)) await once(process.stdout, "drain");
    },
    finish: async () => undefined,
    discard: () => undefined,
  };
}

/** Writes beside the file and puts it in place at the end. @throws {CloisterError} If it cannot be written. */
export function fileOutput(path: string): Output {
  const temporary = `${path}.${process.pid}.tmp`;
  const refuse = (cause: unknown): never => {
    rmSync(temporary, { force: true });
    const remedy = "check its folder, its permissions and the disk's free space";
    throw badInput("file.unwritable", `${path}: cannot be written; ${remedy}`, cause);
  };
  const attempt = <T>(step: () => T): T => {
    try {
      return step();
    } catch (error) {
      return refuse(error);
    }
  };
  const file = attempt(() => openSync(temporary, "w"));
  let isOpen = true;
  const closeOnce = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    write: async (text) => attempt(() => writeFileSync(file, text)),
    finish: async () =>
      attempt(() => {
        closeOnce();
        renameSync(temporary, path);
      }),
    discard() {
      closeOnce();
      rmSync(temporary, { force: true });
    },
  };
}
