/** Slow and obvious: a row's loss and gradient by the definition, one parameter at a time. The engine's oracle. Pure. */
import type { EncodedData } from "../../../models/data.ts";
import type { Architecture } from "../../../models/engine/architecture.ts";

/** Log-odds of one row, written out from the definition with no shared code but the layout. */
export function explicitLogit(
  architecture: Architecture,
  params: Float64Array,
  scaling: Float32Array,
  data: EncodedData,
  row: number,
): number {
  const { numberCount, categoryCount, layers } = architecture;
  const at = (offset: number): number => params[offset] ?? 0;
  const code = (column: number): number => data.codes[row * categoryCount + column] ?? 0;
  const raw = Array.from(data.numbers.subarray(row * numberCount, (row + 1) * numberCount));
  let values = raw.map((x, j) =>
    Number.isNaN(x) ? 0 : (x - (scaling[j] ?? 0)) * (scaling[numberCount + j] ?? 0),
  );
  for (const j of architecture.indicators) values.push(Number.isNaN(raw[j]) ? 1 : 0);
  for (const { column, offset, width } of architecture.embeddings) {
    for (let k = 0; k < width; k++) values.push(at(offset + code(column) * width + k));
  }
  for (const [l, layer] of layers.entries()) {
    const next: number[] = [];
    for (let o = 0; o < layer.outputWidth; o++) {
      let z = at(layer.biasOffset + o);
      for (const [i, x] of values.entries())
        z += x * at(layer.kernelOffset + i * layer.outputWidth + o);
      if (l === 0) {
        for (const { column, offset, width } of architecture.sparse)
          z += at(offset + code(column) * width + o);
      }
      const isLast = l === layers.length - 1;
      const activated = architecture.activation === "relu" ? Math.max(0, z) : Math.tanh(z);
      next.push(isLast ? z : activated);
    }
    values = next;
  }
  return values[0] ?? 0;
}

/** Mean cross-entropy of the rows, by the textbook formula. */
export function explicitLoss(
  architecture: Architecture,
  params: Float64Array,
  scaling: Float32Array,
  data: EncodedData,
  rows: readonly number[],
): number {
  let sum = 0;
  for (const row of rows) {
    const p = 1 / (1 + Math.exp(-explicitLogit(architecture, params, scaling, data, row)));
    sum -= data.labels[row] === 1 ? Math.log(p) : Math.log(1 - p);
  }
  return sum / rows.length;
}

/** Central differences of `explicitLoss` in every parameter. Shape [paramCount]. */
export function explicitGradient(
  architecture: Architecture,
  params: Float64Array,
  scaling: Float32Array,
  data: EncodedData,
  rows: readonly number[],
): Float64Array {
  const step = 1e-5;
  return params.map((_, index) => {
    const moved = (by: number): number => {
      const changed = params.slice();
      changed[index] = (changed[index] ?? 0) + by;
      return explicitLoss(architecture, changed, scaling, data, rows);
    };
    return (moved(step) - moved(-step)) / (2 * step);
  });
}
