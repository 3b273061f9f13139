/** EDGE: rows per second of the training engine, one thread, medians of interleaved runs. Takes about 8 s. */

import type { EncodedData } from "../../models/data.ts";
import { architectureOf, initialParams } from "../../models/engine/architecture.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { selectUnits } from "../../models/engine/units.ts";
import { newOptimizerState, stepInPlace } from "../../models/optimizer.ts";
import { identityScaling } from "../../models/tasks/train.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import type { BenchResult } from "./format.ts";

const BATCH_ROWS = 512;
const RUNS = 9;
const RUN_MS = 250;

/** The step's rate, in rows per second of a median run. */
interface Case {
  readonly name: string;
  readonly target: number;
  readonly limit: number;
  readonly step: () => void;
}

/** Whole training steps, optimiser included, on batches of 512 rows; noise is not part of the engine. */
export async function engineBench(): Promise<BenchResult[]> {
  const cases = [...casesOf("30-64-32-1", 30, 0, 100_000), ...casesOf("census", 10, 33, 40_000)];
  for (const { step } of cases) measure(step);
  const rates = cases.map((): number[] => []);
  for (let run = 0; run < RUNS; run++) {
    for (const [index, { step }] of cases.entries()) rates[index]?.push(measure(step));
  }
  return cases.map(({ name, target, limit }, index) => {
    const value = median(rates[index] ?? []);
    return { name, value, unit: "rows/s", target, limit };
  });
}

function casesOf(name: string, numbers: number, onehots: number, target: number): Case[] {
  const schema = schemaOf(numbers, onehots);
  const data = rowsOf(schema, numbers, onehots);
  const spec = { hidden: [64, 32], activation: "relu", seed: "bench" } as const;
  const architecture = architectureOf(schema, { ...spec, hidden: [...spec.hidden] });
  const backend = plainBackend(architecture);
  const scaling = identityScaling(numbers);
  const params = initialParams(architecture, spec.seed);
  const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const optimizer = { kind: "sgd", learningRate: 0.01 } as const;
  const state = newOptimizerState("sgd", params.length);
  const units = selectUnits(data, 1, 16, new UniformSource(reproducibleRng("units")));
  const limit = target / 4;
  const plain = (): void => {
    stepInPlace(
      optimizer,
      state,
      params,
      backend.meanGradient(params, scaling, data, rows).gradient,
    );
  };
  const clipped = (): void => {
    const { gradient } = backend.clippedGradientSum(params, scaling, data, units, 1);
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] ?? 0) / BATCH_ROWS;
    stepInPlace(optimizer, state, params, gradient);
  };
  return [
    { name: `${name} SGD`, target, limit, step: plain },
    { name: `${name} DP-SGD`, target, limit, step: clipped },
  ];
}

function schemaOf(numbers: number, onehots: number): DataSchema {
  const categories = Array.from({ length: 9 }, (_, index) => `c${index}`);
  return DataSchema.parse({
    label: { column: "label" },
    unit: null,
    features: [
      ...Array.from({ length: numbers }, (_, i) => ({
        name: `n${i}`,
        type: "number",
        min: 0,
        max: 1,
      })),
      ...Array.from({ length: onehots }, (_, i) => ({
        name: `c${i}`,
        type: "category",
        categories,
      })),
    ],
  });
}

function rowsOf(schema: DataSchema, numbers: number, onehots: number): EncodedData {
  const source = new UniformSource(reproducibleRng(`rows of ${schema.features.length}`));
  return {
    rowCount: BATCH_ROWS,
    numbers: Float32Array.from({ length: BATCH_ROWS * numbers }, () => source.normal()),
    codes: Uint16Array.from({ length: BATCH_ROWS * onehots }, () => source.below(10)),
    labels: Uint8Array.from({ length: BATCH_ROWS }, () => source.below(2)),
    unitStarts: Uint32Array.from({ length: BATCH_ROWS + 1 }, (_, row) => row),
  };
}

function measure(step: () => void): number {
  const start = performance.now();
  let steps = 0;
  while (performance.now() - start < RUN_MS) {
    step();
    steps += 1;
  }
  return (steps * BATCH_ROWS * 1000) / (performance.now() - start);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
