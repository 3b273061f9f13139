/** Slow and obvious: an autoencoder's error by the definition, with no shared code but the layout. Pure. */
import type { EncodedData } from "../../../../models/data.ts";
import type { Architecture } from "../../../../models/engine/architecture.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import type { AutoencoderSpec } from "../../../../shared/charter/model-spec.ts";
import { rng, type ShortFeature } from "../../fixtures.ts";

export const EVERYTHING: ShortFeature[] = [
  { onehot: 3 },
  "number",
  "missing",
  { embedding: 2 },
  "missing",
  { onehot: 2 },
];

export function autoencoder(
  hidden: number[],
  activation: "relu" | "tanh" = "tanh",
): AutoencoderSpec {
  return { autoencoder: { hidden, activation }, seed: "a" };
}

/** Single-precision numbers, so that nothing rounds them first. */
export function drawnParams({ paramCount }: Architecture, size = 0.6): Float64Array {
  const source = new UniformSource(rng("params"));
  return Float64Array.from({ length: paramCount }, () => Math.fround(size * source.normal()));
}

/** The first layer's numbers and indicators, and the output, of one row. */
function passed(
  architecture: Architecture,
  params: Float64Array,
  scaling: Float32Array,
  data: EncodedData,
  row: number,
): { readonly inputs: number[]; readonly outputs: number[] } {
  const { numberCount, categoryCount, layers } = architecture;
  const at = (offset: number): number => params[offset] ?? 0;
  const code = (column: number): number => data.codes[row * categoryCount + column] ?? 0;
  const raw = Array.from(data.numbers.subarray(row * numberCount, (row + 1) * numberCount));
  const inputs = raw.map((x, j) =>
    Number.isNaN(x) ? 0 : (x - (scaling[j] ?? 0)) * (scaling[numberCount + j] ?? 0),
  );
  for (const j of architecture.indicators) inputs.push(Number.isNaN(raw[j]) ? 1 : 0);
  let values = [...inputs];
  for (const { column, offset, width } of architecture.embeddings)
    for (let k = 0; k < width; k++) values.push(at(offset + code(column) * width + k));
  for (const [l, layer] of layers.entries()) {
    const next: number[] = [];
    for (let o = 0; o < layer.outputWidth; o++) {
      let z = at(layer.biasOffset + o);
      for (const [i, x] of values.entries())
        z += x * at(layer.kernelOffset + i * layer.outputWidth + o);
      for (const { column, offset, width } of l === 0 ? architecture.sparse : [])
        z += at(offset + code(column) * width + o);
      const active = architecture.activation === "relu" ? Math.max(0, z) : Math.tanh(z);
      next.push(l === layers.length - 1 ? z : active);
    }
    values = next;
  }
  return { inputs, outputs: values };
}

/** Mean over numbers, then indicators, then categories. */
export function explicitError(
  architecture: Architecture,
  params: Float64Array,
  scaling: Float32Array,
  data: EncodedData,
  row: number,
): number {
  const { inputs, outputs } = passed(architecture, params, scaling, data, row);
  const { numberCount, categoryCount, indicators } = architecture;
  const errors: number[] = [];
  for (let j = 0; j < numberCount; j++) {
    const isUnknown = Number.isNaN(data.numbers[row * numberCount + j]);
    const target = Math.min(8, Math.max(-8, inputs[j] ?? 0));
    const r = Math.abs((outputs[j] ?? 0) - target);
    errors.push(isUnknown ? 0 : r <= 1 ? r ** 2 : 2 * r - 1);
  }
  for (let m = 0; m < indicators.length; m++) {
    const p = 1 / (1 + Math.exp(-(outputs[numberCount + m] ?? 0)));
    errors.push(-Math.log2(inputs[numberCount + m] === 1 ? p : 1 - p));
  }
  const tables = [...architecture.embeddings, ...architecture.sparse];
  let from = numberCount + indicators.length;
  for (let column = 0; column < categoryCount; column++) {
    const width = tables.find((table) => table.column === column)?.rowCount ?? 0;
    const powers = outputs.slice(from, from + width).map(Math.exp);
    const share = powers[data.codes[row * categoryCount + column] ?? 0] ?? 0;
    const whole = powers.reduce((sum, power) => sum + power, 0);
    errors.push(-Math.log(share / whole) / Math.log(width));
    from += width;
  }
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

export function explicitLoss(
  architecture: Architecture,
  params: Float64Array,
  scaling: Float32Array,
  data: EncodedData,
  rows: readonly number[],
): number {
  const errors = rows.map((row) => explicitError(architecture, params, scaling, data, row));
  return errors.reduce((sum, error) => sum + error, 0) / rows.length;
}

/** Central differences in every parameter. */
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
