/**
 * EDGE: models of which the last layers are one member's own, as files in its agent's folder. Only the gate's thread
 * writes and reads them; nothing of them is ever sent.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
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
  /** All that are of this schema; other files are passed over. */
  list(schema: DataSchema): readonly { readonly runId: string; readonly model: Model }[];
}

const RUN_FILE = /^([0-9a-f]{64})\.json$/;

/** @param folder Made when the first model is written; only its owner may read it. */
export function ownModelsIn(folder: string): OwnModels {
  const pathOf = (runId: string): string => join(folder, `${runId}.json`);
  const load = (runId: string, schema: DataSchema): Model | null => {
    const path = pathOf(runId);
    if (!existsSync(path)) return null;
    try {
      return parseModelJson(readFileSync(path, "utf8"), schema);
    } catch (error) {
      if (!(error instanceof CloisterError)) throw error;
      throw new CloisterError(error.code, `${path}: ${error.message}`, error.exitCode, error);
    }
  };
  return {
    load,
    list(schema) {
      const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
      const runIds = names.flatMap((name) => RUN_FILE.exec(name)?.[1] ?? []);
      return runIds.flatMap((runId) => {
        try {
          const model = load(runId, schema);
          return model === null ? [] : [{ runId, model }];
        } catch (error) {
          if (error instanceof CloisterError) return [];
          throw error;
        }
      });
    },
    save(runId, model) {
      makeFolder(folder, 0o700);
      writeFileAtomic(pathOf(runId), modelToJson(model), 0o600);
    },
  };
}
