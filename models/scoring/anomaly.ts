/**
 * One encoded row → an autoencoder's anomaly score, and which features it gave back badly. Pure apart from its own
 * buffers.
 */
import type { Architecture } from "../engine/architecture.ts";
import { anomalyLogit, partError, type RowView, rowError } from "../engine/autoencoder/error.ts";
import type { Reconstruction } from "../engine/autoencoder/parts.ts";
import type { Model } from "../model.ts";
import type { Explainer } from "./reasons.ts";
import { netRow, type RowScorer } from "./row-scorer.ts";

/**
 * Contributions are each feature's share of the reconstruction error, an unknown number's indicator counting as the
 * number's: exact, never negative, and 1 in sum. The baseline, a row given back without error, has none; its log-odds
 * are those of the smallest error there is.
 */
export function anomalyRow(
  model: Model,
  architecture: Architecture,
  reconstruction: Reconstruction,
): { readonly row: RowScorer; readonly explain: Explainer } {
  const net = netRow(model, architecture);
  const { numberCount, categoryCount } = architecture;
  const view: RowView = {
    inputs: net.input,
    inputsAt: 0,
    codes: new Uint16Array(0),
    codesAt: 0,
    outputs: net.output,
    outputsAt: 0,
  };
  const take = (...[numbers, numbersAt, codes, codesAt]: Parameters<Explainer>): void => {
    net.take(numbers, numbersAt, codes, codesAt);
    view.codes = codes;
    view.codesAt = codesAt;
  };
  const explain: Explainer = (...at) => {
    take(...at);
    const errors = new Float64Array(model.schema.features.length);
    for (const part of reconstruction.parts)
      errors[part.feature] = (errors[part.feature] ?? 0) + partError(part, view, null, 0, 1);
    const total = errors.reduce((sum, error) => sum + error, 0);
    const reasons = model.schema.features.map(({ name }, f) => ({
      feature: name,
      contribution: total > 0 ? (errors[f] ?? 0) / total : 0,
    }));
    const sum = reasons.reduce((all, { contribution }) => all + contribution, 0);
    const logit = anomalyLogit(total / reconstruction.parts.length);
    return { baseline: anomalyLogit(0), logit, reasons, gap: total > 0 ? 1 - sum : 0, steps: 1 };
  };
  return {
    row: {
      numberCount,
      categoryCount,
      logit(...at) {
        take(...at);
        return anomalyLogit(rowError(reconstruction, view));
      },
    },
    explain,
  };
}
