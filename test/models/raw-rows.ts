/** Models over a schema with everything in it, and raw rows for them: what exports and scoring are tried on. Pure. */
import type { EncodedData } from "../../models/data.ts";
import { architectureOf } from "../../models/engine/architecture.ts";
import { recordEncoder } from "../../models/features/record-encoder.ts";
import type { Model } from "../../models/model.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { type ModelSpec, TopologySpec } from "../../shared/charter/model-spec.ts";
import { DataSchema, type Feature } from "../../shared/charter/schema.ts";
import { rng } from "./fixtures.ts";

export type RawRow = Readonly<Record<string, number | string | null>>;

const NAMES = ["web", "shop", 'a "quoted", one', "Überweisung", "constructor", "a<b>&c"];

/** Bounds far apart and close together, logarithms on both sides of 0, unknown numbers, both encodings. */
export const FEATURES = {
  amount: { name: "amount", type: "number", min: -50, max: 20_000, transform: "log" },
  age: { name: "age", type: "number", min: 18, max: 99, missing: "indicator" },
  when: { name: "when", type: "number", min: 1.6e9, max: 1.6e9 + 1000 },
  debt: { name: "debt", type: "number", min: 0, max: 1e6, transform: "log", missing: "indicator" },
  channel: { name: "channel", type: "category", categories: NAMES },
  shop: { name: "the shop", type: "category", categories: NAMES, encoding: "embedding" },
  day: { name: "constructor", type: "category", categories: ["mon", "tue"] },
} as const;
export type FeatureName = keyof typeof FEATURES;
export const ALL = Object.keys(FEATURES) as FeatureName[];

export function rawModel(
  names: readonly FeatureName[],
  hidden: number[],
  activation: "relu" | "tanh" = "relu",
): Model {
  return rawModelOf(names, { hidden, activation, seed: "raw" });
}

export function rawModelOf(names: readonly FeatureName[], spec: ModelSpec): Model {
  return modelOf(rawSchema(names), spec);
}

/** @param topology In the form of TensorFlow.js, over the schema. */
export function rawTopology(
  names: readonly FeatureName[],
  topology: (schema: DataSchema) => object,
): Model {
  const schema = rawSchema(names);
  return modelOf(schema, TopologySpec.parse({ topology: topology(schema) }));
}

function rawSchema(names: readonly FeatureName[]): DataSchema {
  const features = names.map((name) => ({ ...FEATURES[name], dimension: 3 }));
  return DataSchema.parse({
    label: { column: "label" },
    unit: null,
    features: features.map((feature) => {
      const { dimension, ...rest } = feature;
      return rest.type === "category" ? { ...rest, dimension } : rest;
    }),
  });
}

function modelOf(schema: DataSchema, spec: ModelSpec): Model {
  const { paramCount, numberCount } = architectureOf(schema, spec);
  const source = new UniformSource(rng("raw params"));
  const params = Float32Array.from({ length: paramCount }, () => 0.4 * source.normal());
  const scaling = Float32Array.from({ length: 2 * numberCount }, (_, i) =>
    i < numberCount ? 0.1 * (i + 1) : 0.7 + 0.3 * (i - numberCount),
  );
  return { schema, spec, params, scaling };
}

/** As moments find it where the declared bounds are a thousand times the usual value; the rows crowd there too. */
export function crowded(model: Model): { model: Model; rows: RawRow[] } {
  const { numberCount } = architectureOf(model.schema, model.spec);
  const scaling = Float32Array.from(model.scaling, (_, i) => (i < numberCount ? -0.99 : 1000));
  const source = new UniformSource(rng("crowded rows"));
  const near = (feature: Feature): number | string => {
    if (feature.type === "category") return feature.categories[0] ?? "";
    return feature.min + (feature.max - feature.min) * (0.005 + 0.0005 * source.normal());
  };
  const { features } = model.schema;
  const row = (): RawRow => Object.fromEntries(features.map((f) => [f.name, near(f)]));
  return { model: { ...model, scaling }, rows: Array.from({ length: 500 }, row) };
}

/** Rows within the bounds and beyond them, with unknown numbers where allowed and categories that nobody declared. */
export function rawRows({ schema }: Pick<Model, "schema">, count: number): RawRow[] {
  const source = new UniformSource(rng("raw rows"));
  return Array.from({ length: count }, () =>
    Object.fromEntries(schema.features.map((feature) => [feature.name, drawn(feature, source)])),
  );
}

function drawn(feature: Feature, source: UniformSource): number | string | null {
  if (feature.type === "category") {
    const names = [...feature.categories, "never declared", ""];
    return names[source.below(names.length)] ?? "";
  }
  if (feature.missing === "indicator" && source.below(5) === 0) return null;
  const { min, max } = feature;
  // A fifth is out of bounds; logarithms see small values too.
  const wide = min + (max - min) * (1.2 * source.unit() - 0.1);
  return source.below(4) === 0 ? min + (max - min) * source.unit() ** 6 : wide;
}

/** The rows as our own scoring encodes them. @throws {Error} If one does not fit. */
export function encodedRows(
  { schema }: Pick<Model, "schema">,
  rows: readonly RawRow[],
): EncodedData {
  const encoder = recordEncoder(schema);
  const { numberCount, categoryCount } = encoder;
  const numbers = new Float32Array(rows.length * numberCount);
  const codes = new Uint16Array(rows.length * categoryCount);
  for (const [r, row] of rows.entries()) {
    const into = { numbers, numbersAt: r * numberCount, codes, codesAt: r * categoryCount };
    const [fault] = encoder.encode(row, into);
    if (fault) throw new Error(`${fault.field}: ${fault.reason}`);
  }
  const labels = new Uint8Array(rows.length);
  return { rowCount: rows.length, numbers, codes, labels, unitStarts: new Uint32Array() };
}
