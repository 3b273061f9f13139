/** How the plain engine reads an autoencoder's output: its error is the loss, and the score. Pure. */
import type { Head } from "../head.ts";
import { RECONSTRUCTION } from "../loss.ts";
import type { Workspace } from "../workspace.ts";
import { anomalyLogit, type RowView, rowError } from "./error.ts";
import type { Reconstruction } from "./parts.ts";

const NOTHING = new Float64Array(0);

/** Labels are never read. */
export function reconstructionHead(reconstruction: Reconstruction, space: Workspace): Head {
  const view: RowView = {
    inputs: NOTHING,
    inputsAt: 0,
    codes: new Uint32Array(0),
    codesAt: 0,
    outputs: NOTHING,
    outputsAt: 0,
  };
  const look = (r: number): RowView => {
    const first = space.layers[0];
    view.inputs = first?.input ?? NOTHING;
    view.inputsAt = r * (first?.layer.inputWidth ?? 0);
    view.codes = space.codes;
    view.codesAt = r * space.codeLimits.length;
    view.outputs = space.outputs;
    view.outputsAt = r * reconstruction.outputWidth;
    return view;
  };
  return {
    loss: RECONSTRUCTION,
    supports: ({ kind }) => kind === "reconstruction",
    logit: (r) => anomalyLogit(rowError(reconstruction, look(r))),
    lossInPlace(r, _label, weight) {
      const delta = space.layers[space.layers.length - 1]?.delta ?? NOTHING;
      const at = r * reconstruction.outputWidth;
      return weight * rowError(reconstruction, look(r), delta, at, weight);
    },
  };
}
