/** Any model file → what scores rows. Pure. */
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";
import { architectureOf } from "../engine/architecture.ts";
import { bestBackend } from "../engine/best.ts";
import { treeScores } from "../trees/model.ts";
import { parseModelJson } from "./json.ts";
import { parseTreesJson, TREES_FORMAT } from "./trees-json.ts";

export interface Scorer {
  readonly schema: DataSchema;
  /** Probability of "positive" of each row. Shape [rowCount]. */
  scores(data: EncodedData): Float32Array;
}

/** @throws {CloisterError} If the text is not a model file of a version known here, or inconsistent. */
export function scorerOf(text: string): Scorer {
  const trees = treesFile(text);
  if (trees !== null) {
    const model = parseTreesJson(trees);
    return { schema: model.schema, scores: (data) => treeScores(model, data) };
  }
  const { schema, spec, scaling, params } = parseModelJson(text);
  const backend = bestBackend(architectureOf(schema, spec), { acrossMachines: true });
  return { schema, scores: (data) => backend.scores(params, scaling, data) };
}

/** Null where it is another model, or none: `parseModelJson` says what is wrong. */
function treesFile(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("format" in value)) return null;
    return value.format === TREES_FORMAT ? value : null;
  } catch {
    return null;
  }
}
