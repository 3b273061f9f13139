/** What scoring needs of a model, whatever kind it is. Pure. Another kind of model is another function here. */
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";
import { architectureOf, isGraph } from "../engine/architecture.ts";
import { bestBackend } from "../engine/best.ts";
import type { Model } from "../model.ts";
import { batchLogits } from "../trees/batch.ts";
import { forestOf } from "../trees/forest.ts";
import type { TreeModel } from "../trees/model.ts";
import { anomalyRow } from "./anomaly.ts";
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
  const network = architectureOf(schema, spec);
  const backend = bestBackend(network, { acrossMachines: true });
  const logits = (data: EncodedData): Float32Array => backend.logits(params, scaling, data);
  if (!isGraph(network) && network.reconstruction)
    return { schema, logits, ...anomalyRow(model, network, network.reconstruction) };
  return { schema, logits, row: rowScorer(model), explain: explainer(model) };
}

/** Reasons are what each feature added along the row's paths (Saabas): they leave no gap. */
export function treesScorer(model: TreeModel): Scorer {
  const { schema } = model;
  const forest = forestOf(model);
  const { start } = forest;
  const parts = new Float64Array(schema.features.length);
  return {
    schema,
    row: forest,
    logits: batchLogits(model, forest),
    explain: (...row) => {
      const logit = forest.explain(parts, ...row);
      const reasons = schema.features.map(({ name }, f) => ({
        feature: name,
        contribution: parts[f] ?? 0,
      }));
      const sum = reasons.reduce((all, { contribution }) => all + contribution, 0);
      return { baseline: start, logit, reasons, gap: logit - start - sum, steps: 1 };
    },
  };
}
