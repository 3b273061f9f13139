/** Any model file → what scores rows. Pure. */
import { netScorer, type Scorer, treesScorer } from "../scoring/scorer.ts";
import { parseModelJson } from "./json.ts";
import { parseTreesJson, TREES_FORMAT } from "./trees-json.ts";

/** @throws {CloisterError} If the text is not a model file of a version known here, or inconsistent. */
export function scorerOf(text: string): Scorer {
  const trees = treesFile(text);
  return trees === null ? netScorer(parseModelJson(text)) : treesScorer(parseTreesJson(trees));
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
