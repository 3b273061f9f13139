/**
 * EDGE: the training engine, whole steps of 512 rows, and of 256: CPU time of one thread, medians of interleaved runs; overheads
 * step by step in turn. Every engine that runs here, with and without clipping and noise. Takes about a minute and a half.
 */
import type { EncodedData } from "../../models/data.ts";
import {
  type Architecture,
  architectureOf,
  initialParams,
} from "../../models/engine/architecture.ts";
import type { TrainerBackend } from "../../models/engine/backend.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { selectUnits } from "../../models/engine/units.ts";
import { wasmBackend } from "../../models/engine/wasm/backend.ts";
import { newOptimizerState, stepInPlace } from "../../models/optimizer.ts";
import { identityScaling } from "../../models/tasks/train/train.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { osRng } from "../../shared/edge/os.ts";
import { fromGrid, toNoisedGrid } from "../../shared/privacy/mechanism/grid.ts";
import { median } from "./cpu.ts";
import type { BenchResult } from "./format.ts";
import { inTurn } from "./in-turn.ts";
import { pytorchRates } from "./pytorch.ts";

const BATCH_ROWS = 512;
/** The smallest batch that the goals of overhead are for: noise costs the same whatever the batch. */
const SMALL_BATCH_ROWS = 256;
const RUNS = 15;
const RUN_MS = 40;
/** For the overheads of a model and an engine: some thousand steps of the small one in each mode. */
const OVERHEAD_MS = 2500;
const MODES = ["SGD", "DP-SGD without noise", "DP-SGD"] as const;
type Mode = (typeof MODES)[number];

interface Model {
  readonly name: string;
  readonly numbers: number;
  readonly onehots: number;
  readonly hidden: number[];
  readonly rows?: number;
  /** Rows per second of DP-SGD, from the best engine: the goals beside Opacus's ghost clipping. */
  readonly target: number | null;
  /** What others did when the goals were set, on one core of this kind of machine. */
  readonly others?: Others;
}

interface Others {
  /** Rows per second of DP-SGD by Opacus's ghost clipping, and of a ghost step written by hand in PyTorch. */
  readonly opacus: number;
  readonly byHand: number;
  /** How many times as fast we want to be. */
  readonly overOpacus: number;
  readonly overByHand: number;
}

/** PyTorch 2 and Opacus, batches of 512 rows, one thread of a Zen 3 EPYC. */
const FRAUD = { opacus: 166_000, byHand: 816_000, overOpacus: 9, overByHand: 1.8 };
const MID = { opacus: 72_000, byHand: 191_000, overOpacus: 2, overByHand: 0.75 };
const BIG = { opacus: 18_900, byHand: 36_500, overOpacus: 1.2, overByHand: 0.6 };

const MODELS: readonly Model[] = [
  {
    name: "fraud 30-64-32-1",
    numbers: 30,
    onehots: 0,
    hidden: [64, 32],
    target: 1_500_000,
    others: FRAUD,
  },
  {
    name: `fraud, ${SMALL_BATCH_ROWS} rows`,
    numbers: 30,
    onehots: 0,
    hidden: [64, 32],
    rows: SMALL_BATCH_ROWS,
    target: null,
  },
  {
    name: "mid 64-256-128-1",
    numbers: 64,
    onehots: 0,
    hidden: [256, 128],
    target: 144_000,
    others: MID,
  },
  {
    name: "big 128-512-512-1",
    numbers: 128,
    onehots: 0,
    hidden: [512, 512],
    target: 22_700,
    others: BIG,
  },
  { name: "census", numbers: 10, onehots: 33, hidden: [64, 32], target: 400_000 },
];
/** Overhead of clipping over a plain step, and of clipping and noise. */
const OVERHEAD_TARGETS = { "DP-SGD without noise": 1.15, "DP-SGD": 1.3 } as const;
const GFLOPS_TARGET = 40;

interface Case {
  readonly model: Model;
  readonly architecture: Architecture;
  readonly engine: string;
  readonly mode: Mode;
  readonly step: () => void;
  /** CPU seconds a step, run by run. */
  readonly seconds: number[];
}

export async function engineBench(): Promise<BenchResult[]> {
  const cases = MODELS.flatMap(casesOf);
  for (const { step } of cases) measure(step);
  for (let run = 0; run < RUNS; run++) {
    for (const { step, seconds } of cases) seconds.push(measure(step));
  }
  const best = cases.at(-1)?.engine;
  return [
    ...cases.map((one) => rate(one, one.engine === best)),
    ...compared(cases).flatMap(overheads),
    ...cases.flatMap((one) => speed(one, one.engine === best)),
    ...cases.flatMap((one) => (one.engine === best ? besideOthers(one) : [])),
    ...pytorchRates().map(({ model, mode, rowsPerSecond }) => ({
      name: `${model} ${mode}, ${mode === "SGD" ? "PyTorch" : "Opacus ghost clipping"}`,
      value: rowsPerSecond,
      unit: "rows/s",
      target: null,
      limit: null,
    })),
  ];
}

function rate({ model, engine, mode, seconds }: Case, isBest: boolean): BenchResult {
  const value = rowsOfBatch(model) / median(seconds);
  const target = isBest && mode === "DP-SGD" ? model.target : null;
  // Noise is not the engine's: its share of the time has no limit here.
  const isLimited = isBest && mode === "DP-SGD without noise" && model.target !== null;
  const limit = isLimited ? (model.target ?? 0) / 4 : null;
  return { name: `${model.name} ${mode}, ${engine}`, value, unit: "rows/s", target, limit };
}

function rowsOfBatch({ rows }: Model): number {
  return rows ?? BATCH_ROWS;
}

/** The goals: our DP-SGD over what others did. */
function besideOthers({ model, mode, seconds }: Case): BenchResult[] {
  const { others } = model;
  if (mode !== "DP-SGD" || others === undefined) return [];
  const ours = BATCH_ROWS / median(seconds);
  const row = (name: string, theirs: number, goal: number): BenchResult => ({
    name: `${model.name} DP-SGD beside ${name}, ${theirs.toLocaleString("en-US")} rows/s`,
    value: (100 * ours) / theirs,
    unit: "% of it",
    target: 100 * goal,
    limit: null,
  });
  return [
    row("Opacus ghost clipping", others.opacus, others.overOpacus),
    row("PyTorch by hand", others.byHand, others.overByHand),
  ];
}

/** Over the plain step of the same engine. @param cases Of one model and engine, by mode. */
function overheads(cases: readonly Case[]): BenchResult[] {
  const steps = cases.map(({ step }) => step);
  const [base = Number.NaN, ...others] = inTurn(steps, OVERHEAD_MS);
  return cases.slice(1).flatMap(({ model, engine, mode }, i) => {
    if (mode === "SGD") return [];
    const name = `${model.name} ${mode} over SGD, ${engine}`;
    const value = (others[i] ?? Number.NaN) / base;
    const limit = mode === "DP-SGD" ? null : 2;
    return [{ name, value, unit: "x", target: OVERHEAD_TARGETS[mode], limit }];
  });
}

/** The cases of each model and engine, by mode; engines that nobody trains with need no comparison. */
function compared(cases: readonly Case[]): Case[][] {
  const count = cases.length / MODES.length;
  return Array.from({ length: count }, (_, i) =>
    cases.slice(MODES.length * i, MODES.length * (i + 1)),
  ).filter(([first]) => first?.engine !== "plain");
}

/** Of the products forward, backward and into the gradient alone, over the time of the whole plain step. */
function speed(
  { model, architecture, engine, mode, seconds }: Case,
  isBest: boolean,
): BenchResult[] {
  if (mode !== "SGD" || model.onehots > 0) return [];
  let flops = 0;
  for (const [l, { inputWidth, outputWidth }] of architecture.layers.entries()) {
    flops += (l === 0 ? 4 : 6) * inputWidth * outputWidth;
  }
  const value = (rowsOfBatch(model) * flops) / median(seconds) / 1e9;
  const isDemanding = isBest && model.hidden.some((width) => width > 64);
  const target = isDemanding ? GFLOPS_TARGET : null;
  return [{ name: `${model.name} SGD, ${engine}`, value, unit: "GFLOP/s", target, limit: null }];
}

function casesOf(model: Model): Case[] {
  const schema = schemaOf(model);
  const data = rowsOf(schema, model);
  const spec = { hidden: model.hidden, activation: "relu", seed: "bench" } as const;
  const architecture = architectureOf(schema, spec);
  const engines = [
    plainBackend(architecture),
    wasmBackend(architecture, "simd"),
    wasmBackend(architecture, "relaxed"),
  ];
  return engines.flatMap((backend) =>
    backend === null
      ? []
      : MODES.map((mode) => {
          const step = stepOf(backend, data, mode);
          return { model, architecture, engine: backend.name, mode, step, seconds: [] };
        }),
  );
}

/** A whole step, optimiser included. Noise: onto the grid, one draw a coordinate, and back. */
function stepOf(backend: TrainerBackend, data: EncodedData, mode: Mode): () => void {
  const { architecture } = backend;
  const scaling = identityScaling(architecture.numberCount);
  const params = initialParams(architecture, "bench");
  const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const optimizer = { kind: "sgd", learningRate: 1e-3 } as const;
  const state = newOptimizerState("sgd", params.length);
  if (mode === "SGD") {
    return () => {
      const { gradient } = backend.meanGradient(params, scaling, data, rows);
      stepInPlace(optimizer, state, params, gradient);
    };
  }
  const units = selectUnits(data, 1, 16, new UniformSource(reproducibleRng("units")));
  const source = new UniformSource(osRng);
  const steps = new Int32Array(params.length);
  const share = 1 / data.rowCount;
  return () => {
    const { gradient } = backend.clippedGradientSum(params, scaling, data, units, 1);
    if (mode === "DP-SGD") {
      toNoisedGrid(gradient, 1, 2 ** 30, 2 ** 16, source, steps);
      fromGrid(steps, share, gradient);
    } else {
      // As the coordinator makes a mean of a sum.
      for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] ?? 0) * share;
    }
    stepInPlace(optimizer, state, params, gradient);
  };
}

function schemaOf({ numbers, onehots }: Model): DataSchema {
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

function rowsOf(schema: DataSchema, model: Model): EncodedData {
  const { numbers, onehots } = model;
  const rowCount = rowsOfBatch(model);
  const source = new UniformSource(reproducibleRng(`rows of ${schema.features.length}`));
  return {
    rowCount,
    numbers: Float32Array.from({ length: rowCount * numbers }, () => source.normal()),
    codes: Uint16Array.from({ length: rowCount * onehots }, () => source.below(10)),
    labels: Uint8Array.from({ length: rowCount }, () => source.below(2)),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, row) => row),
  };
}

/** CPU seconds a step, over at least `RUN_MS`. */
function measure(step: () => void): number {
  const before = process.cpuUsage();
  for (let steps = 1; ; steps++) {
    step();
    const { user, system } = process.cpuUsage(before);
    if (user + system >= 1000 * RUN_MS) return (user + system) / 1e6 / steps;
  }
}
