/** Small schemas and tables for the tests of models. Pure. */

import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { identityScaling } from "../../models/tasks/train/train.ts";
import type { Rng } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { DataSchema, type Feature } from "../../shared/charter/schema.ts";

export type ShortFeature = "number" | "missing" | { onehot: number } | { embedding: number };

/** A schema from a short list: plain numbers, numbers with an indicator, categories by count. */
export function schemaOf(features: readonly ShortFeature[], dimension = 3): DataSchema {
  return DataSchema.parse({
    label: { column: "label" },
    unit: { column: "unit" },
    features: features.map((feature, index) => featureOf(feature, `f${index}`, dimension)),
  });
}

function featureOf(feature: ShortFeature, name: string, dimension: number): unknown {
  if (feature === "number" || feature === "missing") {
    const missing = feature === "missing" ? "indicator" : "refuse";
    return { name, type: "number", min: -1, max: 1, missing };
  }
  const isOnehot = "onehot" in feature;
  const count = isOnehot ? feature.onehot : feature.embedding;
  const categories = Array.from({ length: count }, (_, index) => `c${index}`);
  const encoding = isOnehot ? "onehot" : "embedding";
  return { name, type: "category", categories, encoding, dimension };
}

/** Random rows whose label follows the first number (or the first code) but for a little noise. */
export function tableOf(
  schema: DataSchema,
  unitCount: number,
  rowsOfUnit: (unit: number) => number,
  seed = "table",
): EncodedData {
  const source = new UniformSource(reproducibleRng(seed));
  const starts = [0];
  for (let u = 0; u < unitCount; u++) starts.push((starts.at(-1) ?? 0) + rowsOfUnit(u));
  const rowCount = starts.at(-1) ?? 0;
  const numbers: number[] = [];
  const codes: number[] = [];
  const labels: number[] = [];
  for (let row = 0; row < rowCount; row++) {
    let signal = 0.2 * source.normal();
    for (const [index, feature] of schema.features.entries()) {
      const value = drawValue(feature, source);
      if (index === 0) signal += Number.isNaN(value) ? 0 : value;
      if (feature.type === "number") numbers.push(value);
      else codes.push(value);
    }
    labels.push(signal > 0.3 ? 1 : 0);
  }
  return {
    rowCount,
    numbers: Float32Array.from(numbers),
    codes: Uint16Array.from(codes),
    labels: Uint8Array.from(labels),
    unitStarts: Uint32Array.from(starts),
  };
}

function drawValue(feature: Feature, source: UniformSource): number {
  if (feature.type === "category") return source.below(feature.categories.length + 1);
  const isMissing = feature.missing === "indicator" && source.unit() < 0.3;
  return isMissing ? Number.NaN : 2 * source.unit() - 1;
}

export function membersOf(schema: DataSchema, count: number, units: number): PartitionedData[] {
  return Array.from({ length: count }, (_, k) => ({
    train: tableOf(schema, units, (u) => 1 + (u % 3), `train ${k}`),
    holdout: tableOf(schema, units, () => 1, `holdout ${k}`),
  }));
}

/** Centres and scales unlike the identity, so that a mistake in them shows. */
export function unevenScaling(numberCount: number): Float32Array {
  const scaling = identityScaling(numberCount);
  for (let j = 0; j < numberCount; j++) {
    scaling[j] = 0.1 * (j + 1);
    scaling[numberCount + j] = 1 + 0.5 * j;
  }
  return scaling;
}

export function rng(seed: string): Rng {
  return reproducibleRng(seed);
}
