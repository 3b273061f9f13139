/**
 * EDGE: the arithmetic of secure sums: CPU time per 2^20 elements, medians of interleaved runs, beside the rates of
 * AES-256-CTR and of copying in the same process. Takes about 15 s.
 */
import { RING_BITS } from "../../shared/base/ring-bits.ts";
import { MaskThreads } from "../../shared/edge/mask-threads.ts";
import { hadamardInPlace } from "../../shared/secagg/hadamard.ts";
import { addPackedInPlace, packRing, packRingInto, ringVector } from "../../shared/secagg/ring.ts";
import { median } from "./cpu.ts";
import type { BenchResult } from "./format.ts";
import {
  type Case,
  ELEMENTS,
  maskingResults,
  masks,
  measure,
  PEERS,
  RUNS,
  resultsOf,
} from "./masking.ts";

export async function kernelBench(): Promise<BenchResult[]> {
  const cases = [...packingCases(), ...hadamardCases()];
  return [...maskingResults(), ...resultsOf(cases, measure(cases)), await threadsResult()];
}

function packingCases(): Case[] {
  const values = Uint32Array.from({ length: ELEMENTS }, (_, i) => Math.imul(i, 0x9e37_79b9));
  const sum = ringVector(ELEMENTS);
  const times = 8;
  const repeat = (work: () => void) => (): void => {
    for (let i = 0; i < times; i++) work();
  };
  return RING_BITS.flatMap((bits): Case[] => {
    const packed = packRing(values, bits);
    return [
      {
        name: `pack, ${bits} bits`,
        per: times,
        target: 1,
        run: repeat(() => packRingInto(packed, values, bits)),
      },
      {
        name: `add an arriving vector, ${bits} bits`,
        per: times,
        target: 0.5,
        run: repeat(() => addPackedInPlace(sum, packed, bits, 1)),
      },
    ];
  });
}

function hadamardCases(): Case[] {
  const single = new Float32Array(ELEMENTS).map((_, i) => Math.sin(i));
  const double = Float64Array.from(single);
  return [
    { name: "Hadamard, Float32", per: 1, target: 6, run: () => hadamardInPlace(single) },
    { name: "Hadamard, Float64", per: 1, target: 12, run: () => hadamardInPlace(double) },
  ];
}

/** Wall time, since threads trade it for nothing else. */
async function threadsResult(): Promise<BenchResult> {
  const threads = new MaskThreads();
  const samples = [];
  for (let run = -1; run < RUNS; run++) {
    const startMs = performance.now();
    await threads.expandMasks(masks(), ELEMENTS, 32);
    if (run >= 0) samples.push(performance.now() - startMs);
  }
  await threads.close();
  const name = `${PEERS} masks off the main thread, 32 bits, wall`;
  return { name, value: median(samples), unit: "ms", target: null, limit: null };
}
