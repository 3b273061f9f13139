/**
 * Which engine computes: the fastest that this machine runs and that agrees with the plain one on a small known
 * problem. Pure; the check runs once for each kernel variant and process.
 */
import type { EncodedData } from "../data.ts";
import {
  type Architecture,
  type CategoryTable,
  type DenseLayer,
  isGraph,
  type Network,
} from "./architecture.ts";
import type { RowLoss, TrainerBackend, UnitRows } from "./backend.ts";
import type { Variant } from "./kernel/module.ts";
import { plainBackend } from "./plain.ts";
import { wasmBackend } from "./wasm/backend.ts";

/** How much a run asks of equality of results. */
export interface Repeatability {
  /** Results are to be equal to the last bit on every machine with WebAssembly's SIMD: no relaxed operations. */
  readonly acrossMachines: boolean;
}

/** The one place where an engine is chosen. Its `name` says which. What is no plain net has the plain one only. */
export function bestBackend(
  architecture: Network,
  { acrossMachines }: Repeatability,
): TrainerBackend {
  // The kernels know one output.
  if (isGraph(architecture) || architecture.reconstruction) return plainBackend(architecture);
  const variants: Variant[] = acrossMachines ? ["simd"] : ["relaxed", "simd"];
  for (const variant of variants) {
    const backend = isSound(variant) ? wasmBackend(architecture, variant) : null;
    if (backend !== null) return backend;
  }
  return plainBackend(architecture);
}

const checked = new Map<Variant, boolean>();

function isSound(variant: Variant): boolean {
  const known = checked.get(variant);
  if (known !== undefined) return known;
  const sound = agreesWithPlain((architecture) => wasmBackend(architecture, variant));
  checked.set(variant, sound);
  return sound;
}

/** Far above what single precision rounds here, far below what a wrong step would do. */
const TOLERANCE = 1e-5;

/** Whether an engine runs, and finds what the plain one finds: outputs, gradients, norms, losses. */
export function agreesWithPlain(
  open: (architecture: Architecture) => TrainerBackend | null,
): boolean {
  const backend = open(CHECK_ARCHITECTURE);
  if (backend === null) return false;
  const plain = plainBackend(CHECK_ARCHITECTURE);
  const { params, scaling, data, units } = checkProblem();
  const outcome = ({ logits, scores, meanGradient, clippedGradientSum }: TrainerBackend) => {
    const mean = meanGradient(params, scaling, data, units.rows);
    const clipped = clippedGradientSum(params, scaling, data, units, 0.05);
    const focal = clippedGradientSum(params, scaling, data, units, 0.05, CHECK_LOSS);
    return [
      ...logits(params, scaling, data),
      ...scores(params, scaling, data),
      ...mean.gradient,
      mean.loss,
      ...clipped.gradient,
      ...clipped.norms,
      ...clipped.losses,
      ...focal.gradient,
      ...focal.losses,
    ];
  };
  const expected = outcome(plain);
  const found = outcome(backend);
  return found.every((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) <= TOLERANCE);
}

/** Rows of all weights, one of them zero. */
const CHECK_LOSS: RowLoss = {
  kind: "focal",
  gamma: 1.5,
  weights: Float32Array.from({ length: 100 }, (_, row) => (row % 5) / 2),
};

/** Two numbers, one with an indicator; a one-hot and an embedded category; two hidden layers that fill no tile. */
const CHECK_ARCHITECTURE: Architecture = checkArchitecture();

function checkArchitecture(): Architecture {
  const embedded: CategoryTable = { feature: "e", column: 0, rowCount: 3, width: 3, offset: 0 };
  const sparse: CategoryTable = { feature: "s", column: 1, rowCount: 4, width: 11, offset: 9 };
  const layers: DenseLayer[] = [];
  let offset = 9 + 44;
  let inputWidth = 6;
  for (const outputWidth of [11, 7, 1]) {
    const biasOffset = offset + inputWidth * outputWidth;
    layers.push({ inputWidth, outputWidth, kernelOffset: offset, biasOffset });
    offset = biasOffset + outputWidth;
    inputWidth = outputWidth;
  }
  return {
    numberCount: 2,
    categoryCount: 2,
    indicators: [1],
    embeddings: [embedded],
    sparse: [sparse],
    layers,
    activation: "tanh",
    slices: [],
    paramCount: offset,
  };
}

interface CheckProblem {
  readonly params: Float32Array;
  readonly scaling: Float32Array;
  readonly data: EncodedData;
  readonly units: UnitRows;
}

/** 100 rows in 70 units of one to three rows, every seventh second number missing. */
function checkProblem(): CheckProblem {
  const wave = (i: number): number => Math.sin(1 + 12.9898 * i);
  const rowCount = 100;
  const starts = Uint32Array.from({ length: 71 }, (_, u) => (u < 50 ? u : 50 + ((u - 50) * 5) / 2));
  const data: EncodedData = {
    rowCount,
    numbers: Float32Array.from({ length: 2 * rowCount }, (_, i) =>
      i % 14 === 1 ? Number.NaN : wave(i),
    ),
    codes: Uint16Array.from({ length: 2 * rowCount }, (_, i) => (i * i) % 3),
    labels: Uint8Array.from({ length: rowCount }, (_, i) => ((i * 7) % 5) & 1),
    unitStarts: starts,
  };
  return {
    params: Float32Array.from({ length: CHECK_ARCHITECTURE.paramCount }, (_, i) => 0.5 * wave(i)),
    scaling: Float32Array.of(0.1, -0.2, 1.5, 0.75),
    data,
    units: {
      rows: Uint32Array.from({ length: rowCount }, (_, row) => row),
      starts,
      tags: Uint32Array.from(starts.subarray(1), (start) => Math.imul(start, 0x9e37_79b9)),
    },
  };
}
