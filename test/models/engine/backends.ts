/** Every engine that this machine runs, and units to try them on. Pure. */
import type { EncodedData } from "../../../models/data.ts";
import type { Architecture } from "../../../models/engine/architecture.ts";
import type { TrainerBackend, UnitRows } from "../../../models/engine/backend.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { wasmBackend } from "../../../models/engine/wasm/backend.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";
import { graphOfNet } from "./net-graph.ts";

export interface Engine {
  readonly name: string;
  readonly open: (architecture: Architecture) => TrainerBackend;
  /** Of single or of double precision: how far a gradient or norm may be off. */
  readonly tolerance: number;
}

function wasm(variant: "simd" | "relaxed"): Engine {
  const open = (architecture: Architecture): TrainerBackend => {
    const backend = wasmBackend(architecture, variant);
    if (backend === null) throw new Error(`${variant} does not run here: nothing is tested`);
    return backend;
  };
  return { name: `wasm ${variant}`, open, tolerance: 1e-5 };
}

export const ENGINES: readonly Engine[] = [
  { name: "plain", open: plainBackend, tolerance: 1e-12 },
  { name: "graph", open: (net) => plainBackend(graphOfNet(net)), tolerance: 1e-12 },
  wasm("simd"),
  wasm("relaxed"),
];

export function unitsOf(
  rows: readonly number[],
  starts: readonly number[],
  seed = "tags",
): UnitRows {
  const tags = new Uint32Array(starts.length - 1);
  new UniformSource(rng(seed)).fill(tags);
  return { rows: Uint32Array.from(rows), starts: Uint32Array.from(starts), tags };
}

/** All units of a table with all their rows. */
export function allUnits(data: EncodedData, seed?: string): UnitRows {
  return unitsOf([...Array(data.rowCount).keys()], [...data.unitStarts], seed);
}

export function rowsOfUnit({ unitStarts }: EncodedData, unit: number): number[] {
  const start = unitStarts[unit] ?? 0;
  return Array.from({ length: (unitStarts[unit + 1] ?? 0) - start }, (_, r) => start + r);
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
