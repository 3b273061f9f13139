/** The shape of a model: which slice of the flat parameters means what, from schema and specification. Pure. */
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { isAutoencoder } from "../../shared/charter/autoencoder-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { hiddenOf, type ModelSpec } from "../../shared/charter/task-spec.ts";
import { type Reconstruction, reconstructionOf } from "./autoencoder/parts.ts";

/** A named part of the flat parameters. */
export interface Slice {
  readonly name: string;
  readonly offset: number;
  readonly shape: readonly number[];
}

/** One row per category index: `rowCount` = declared categories + 1, row 0 is "anything else". */
export interface CategoryTable {
  readonly feature: string;
  /** Column of `EncodedData.codes`. */
  readonly column: number;
  readonly rowCount: number;
  readonly width: number;
  readonly offset: number;
}

/** Output = activation(input · kernel + bias); kernel of shape [inputWidth × outputWidth], row-major. */
export interface DenseLayer {
  readonly inputWidth: number;
  readonly outputWidth: number;
  readonly kernelOffset: number;
  readonly biasOffset: number;
}

export interface Architecture {
  readonly numberCount: number;
  readonly categoryCount: number;
  /** Number columns that have a "missing" indicator input, in order. */
  readonly indicators: readonly number[];
  /** Tables whose row is part of the first layer's input, after numbers and indicators. */
  readonly embeddings: readonly CategoryTable[];
  /** One-hot categories: tables whose row is added to the first layer's pre-activation. */
  readonly sparse: readonly CategoryTable[];
  readonly layers: readonly DenseLayer[];
  readonly activation: "relu" | "tanh";
  readonly slices: readonly Slice[];
  readonly paramCount: number;
  /** Only of an autoencoder: what its outputs stand for. */
  readonly reconstruction?: Reconstruction;
}

/**
 * Lays out the parameters of `spec` over `schema`: embedding tables, one-hot tables, then kernel
 * and bias of each layer; the last layer has one output, the logit, or an autoencoder's reconstruction.
 */
export function architectureOf(schema: DataSchema, spec: ModelSpec): Architecture {
  const slices: Slice[] = [];
  let offset = 0;
  const take = (name: string, shape: readonly number[]): number => {
    const start = offset;
    slices.push({ name, offset: start, shape });
    offset += shape.reduce((product, size) => product * size, 1);
    return start;
  };
  const numbers = schema.features.filter((feature) => feature.type === "number");
  const categories = schema.features.filter((feature) => feature.type === "category");
  const indicators = numbers.flatMap((f, index) => (f.missing === "indicator" ? [index] : []));
  const reconstruction = isAutoencoder(spec) ? reconstructionOf(schema, indicators) : null;
  const { hidden, activation } = hiddenOf(spec);
  const widths = [...hidden, reconstruction?.outputWidth ?? 1];
  const table = (encoding: "onehot" | "embedding"): CategoryTable[] =>
    categories.flatMap((feature, column) => {
      if (feature.encoding !== encoding) return [];
      const rowCount = feature.categories.length + 1;
      const width = encoding === "embedding" ? feature.dimension : (widths[0] ?? 1);
      const start = take(`${encoding}/${feature.name}`, [rowCount, width]);
      return [{ feature: feature.name, column, rowCount, width, offset: start }];
    });
  const embeddings = table("embedding");
  const sparse = table("onehot");
  const embeddedWidth = embeddings.reduce((sum, { width }) => sum + width, 0);
  const layers: DenseLayer[] = [];
  let inputWidth = numbers.length + indicators.length + embeddedWidth;
  for (const [index, outputWidth] of widths.entries()) {
    const kernelOffset = take(`layer${index}/kernel`, [inputWidth, outputWidth]);
    const biasOffset = take(`layer${index}/bias`, [outputWidth]);
    layers.push({ inputWidth, outputWidth, kernelOffset, biasOffset });
    inputWidth = outputWidth;
  }
  return {
    numberCount: numbers.length,
    categoryCount: categories.length,
    indicators,
    embeddings,
    sparse,
    layers,
    activation,
    slices,
    paramCount: offset,
    ...(reconstruction && { reconstruction }),
  };
}

/**
 * Initial parameters, the same everywhere for one seed. Shape [paramCount]. Kernels and one-hot
 * tables are normal with variance gain / fan-in (He et al. 2015 for relu; Glorot and Bengio 2010,
 * fan-in only, for tanh and for the logit); biases are zero; logistic regression starts at zero, and an
 * autoencoder near the reconstruction that knows nothing: its last kernel is a tenth as large.
 */
export function initialParams(architecture: Architecture, seed: string): Float32Array {
  const params = new Float32Array(architecture.paramCount);
  if (architecture.layers.length === 1) {
    fillTables(architecture.embeddings, params, new UniformSource(reproducibleRng(seed)), 0.1);
    return params;
  }
  const source = new UniformSource(reproducibleRng(seed));
  fillTables(architecture.embeddings, params, source, 0.1);
  for (const [index, layer] of architecture.layers.entries()) {
    const isLast = index === architecture.layers.length - 1;
    const gain = architecture.activation === "relu" && !isLast ? 2 : 1;
    const fanIn = layer.inputWidth + (index === 0 ? architecture.sparse.length : 0);
    const damping = isLast && architecture.reconstruction ? 0.1 : 1;
    const stdDev = damping * Math.sqrt(gain / Math.max(1, fanIn));
    if (index === 0) fillTables(architecture.sparse, params, source, stdDev);
    const kernelEnd = layer.kernelOffset + layer.inputWidth * layer.outputWidth;
    fillNormal(params.subarray(layer.kernelOffset, kernelEnd), source, stdDev);
  }
  return params;
}

function fillTables(
  tables: readonly CategoryTable[],
  params: Float32Array,
  source: UniformSource,
  stdDev: number,
): void {
  for (const { offset, rowCount, width } of tables) {
    fillNormal(params.subarray(offset, offset + rowCount * width), source, stdDev);
  }
}

function fillNormal(target: Float32Array, source: UniformSource, stdDev: number): void {
  for (let i = 0; i < target.length; i++) target[i] = stdDev * source.normal();
}
