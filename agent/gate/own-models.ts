/**
 * EDGE: models of which the last layers are one member's own, as files in its agent's folder. Only the gate's thread
 * writes and reads them; nothing of them is ever sent.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { modelToJson, parseModelJson } from "../../models/export/json.ts";
import type { Model } from "../../models/model.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { makeFolder, writeFileAtomic } from "../../shared/edge/files.ts";

export interface OwnModels {
  /** @throws {CloisterError} If a file is there and is no model of this schema. */
  load(runId: string, schema: DataSchema): Model | null;
  save(runId: string, model: Model): void;
}

/** @param folder Made when the first model is written; only its owner may read it. */
export function ownModelsIn(folder: string): OwnModels {
  const pathOf = (runId: string): string => join(folder, `${runId}.json`);
  return {
    load(runId, schema) {
      const path = pathOf(runId);
      if (!existsSync(path)) return null;
      try {
        return parseModelJson(readFileSync(path, "utf8"), schema);
      } catch (error) {
        if (!(error instanceof CloisterError)) throw error;
        throw new CloisterError(error.code, `${path}: ${error.message}`, error.exitCode, error);
      }
    },
    save(runId, model) {
      makeFolder(folder, 0o700);
      writeFileAtomic(pathOf(runId), modelToJson(model), 0o600);
    },
  };
}
