/** What scoring needs of a model, whatever kind it is. Pure. Another kind of model is another function here. */
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";
import { architectureOf } from "../engine/architecture.ts";
import { plainBackend } from "../engine/plain.ts";
import type { Model } from "../model.ts";
import { type Explainer, explainer } from "./reasons.ts";
import { type RowScorer, rowScorer } from "./row-scorer.ts";

export interface Scorer {
  readonly schema: DataSchema;
  /** One row at once: what a server asks for. */
  readonly row: RowScorer;
  /** Log-odds of many rows, by the fastest engine. Shape [rowCount]. */
  logits(data: EncodedData): ArrayLike<number>;
  readonly explain: Explainer;
}

export function netScorer(model: Model): Scorer {
  const { schema, spec, params, scaling } = model;
  const backend = plainBackend(architectureOf(schema, spec));
  return {
    schema,
    row: rowScorer(model),
    logits: (data) => backend.logits(params, scaling, data),
    explain: explainer(model),
  };
}
