/** What scoring needs of a model, whatever kind it is. Pure. Another kind of model is another function here. */
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";
import { architectureOf } from "../engine/architecture.ts";
import { bestBackend } from "../engine/best.ts";
import type { Model } from "../model.ts";
import { layoutOf, type TreeModel, treeLogits, treeReasons } from "../trees/model.ts";
import { oneRow } from "./one-row.ts";
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
  const backend = bestBackend(architectureOf(schema, spec), { acrossMachines: true });
  return {
    schema,
    row: rowScorer(model),
    logits: (data) => backend.logits(params, scaling, data),
    explain: explainer(model),
  };
}

/** Reasons are what each feature added along the row's paths (Saabas): they leave no gap. */
export function treesScorer(model: TreeModel): Scorer {
  const { schema } = model;
  const layout = layoutOf(model);
  const numberCount = schema.features.filter(({ type }) => type === "number").length;
  const counts = { numberCount, categoryCount: schema.features.length - numberCount };
  return {
    schema,
    row: {
      ...counts,
      logit: (...at) => treeLogits(model, oneRow(counts, ...at), layout)[0] ?? 0,
    },
    logits: (data) => treeLogits(model, data, layout),
    explain: (...at) => {
      const row = oneRow(counts, ...at);
      const { start, parts, logits } = treeReasons(model, row, layout);
      const logit = logits[0] ?? 0;
      const reasons = schema.features.map(({ name }, f) => ({
        feature: name,
        contribution: parts[f] ?? 0,
      }));
      const sum = reasons.reduce((all, { contribution }) => all + contribution, 0);
      return { baseline: start, logit, reasons, gap: logit - start - sum, steps: 1 };
    },
  };
}
