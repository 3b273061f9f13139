/**
 * EDGE: the arithmetic of secure sums: CPU time per 2^20 elements, medians of interleaved runs, beside the rates of
 * AES-256-CTR and of copying in the same process. Takes about 15 s.
 */
import { type Cipheriv, createCipheriv, createSecretKey } from "node:crypto";
import { keystreamBytes, RING_BITS, type RingBits } from "../../shared/base/ring-bits.ts";
import { MaskThreads } from "../../shared/edge/mask-threads.ts";
import { hadamardInPlace } from "../../shared/secagg/hadamard.ts";
import { BLOCK_BYTES } from "../../shared/secagg/kernel/contract.ts";
import { applyMasksInPlace, type Mask } from "../../shared/secagg/masks.ts";
import { addPackedInPlace, packRing, packRingInto, ringVector } from "../../shared/secagg/ring.ts";
import type { BenchResult } from "./format.ts";

const ELEMENTS = 2 ** 20;
const PEERS = 30;
const RUNS = 15;
const RATIO_TARGET = 1 / 0.7;
const MASK_TARGETS_MS: Record<RingBits, number> = { 16: 0.95, 18: 1.5, 20: 1.5, 24: 1.5, 32: 1.8 };

/** One thing to measure. `per`: how many units of work a call does. */
interface Case {
  readonly name: string;
  readonly per: number;
  readonly target: number | null;
  readonly run: () => void;
}

export async function kernelBench(): Promise<BenchResult[]> {
  const clean = [...rawCases(), ...maskCases(), ...packingCases(), ...hadamardCases()];
  // What this one leaves to the garbage collector would be paid for by the others.
  const wasteful = wastefulCase();
  const samples = new Map([...measure(clean), ...measure([wasteful])]);
  const results = [wasteful, ...clean].map(({ name, target }): BenchResult => {
    const limit = target === null ? null : 3 * target;
    return { name, value: median(samples.get(name) ?? []), unit: "ms", target, limit };
  });
  return [...results, ...ratios(samples), await threadsResult()];
}

/** CPU milliseconds of each case per unit of work, in runs that take turns. */
function measure(cases: readonly Case[]): Map<string, number[]> {
  const samples = new Map(cases.map(({ name }) => [name, [] as number[]]));
  for (let run = -1; run < RUNS; run++) {
    for (const { name, per, run: work } of cases) {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      if (run >= 0) samples.get(name)?.push((user + system) / 1000 / per);
    }
  }
  return samples;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const COPY = "copy 4 MiB";
const NAIVE = "AES-256-CTR, 4 MiB in blocks of 64 KiB, collected";
const RAW = "AES-256-CTR, 4 MiB in the kernel's blocks, given back";

function rawCases(): Case[] {
  const [from, to] = [new Uint8Array(4 * ELEMENTS).fill(1), new Uint8Array(4 * ELEMENTS)];
  const copies = (): void => {
    for (let i = 0; i < PEERS; i++) to.set(from);
  };
  const keystream = rawKeystream(BLOCK_BYTES, ({ buffer }) => buffer.transfer(0));
  return [
    { name: COPY, per: PEERS, target: null, run: copies },
    { name: RAW, per: PEERS, target: null, run: keystream },
  ];
}

function wastefulCase(): Case {
  return { name: NAIVE, per: PEERS, target: null, run: rawKeystream(65_536, () => {}) };
}

/** Block after block of all peers' keystream, as masking does it. */
function rawKeystream(
  blockBytes: number,
  use: (bytes: Buffer<ArrayBuffer>) => unknown,
): () => void {
  const ciphers = masks().map(({ key }) => {
    return createCipheriv("aes-256-ctr", createSecretKey(key), new Uint8Array(16));
  });
  const zeros = new Uint8Array(blockBytes);
  return () => {
    for (let at = 0; at < 4 * ELEMENTS; at += blockBytes) {
      for (const cipher of ciphers) use(nextBlock(cipher, zeros));
    }
  };
}

function nextBlock(cipher: Cipheriv, zeros: Uint8Array): Buffer<ArrayBuffer> {
  return cipher.update(zeros) as Buffer<ArrayBuffer>;
}

function masks(): Mask[] {
  return Array.from({ length: PEERS }, (_, i) => {
    return { key: new Uint8Array(32).fill(i), sign: i % 2 === 0 ? 1 : -1 };
  });
}

const maskName = (bits: RingBits): string => `mask against one peer, ${bits} bits`;

function maskCases(): Case[] {
  const vector = new Uint32Array(ELEMENTS);
  return RING_BITS.map((bits) => ({
    name: maskName(bits),
    per: PEERS,
    target: MASK_TARGETS_MS[bits],
    run: () => applyMasksInPlace(vector, masks(), bits),
  }));
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

/** Masking over bare keystream of the same length, run by run, both at the best rate found: 1 is free addition. */
function ratios(samples: ReadonlyMap<string, readonly number[]>): BenchResult[] {
  return RING_BITS.map((bits) => {
    const masked = samples.get(maskName(bits)) ?? [];
    const bare = samples.get(RAW) ?? [];
    const share = keystreamBytes(bits) / 4;
    const value = median(masked.map((ms, run) => ms / ((bare[run] ?? Number.NaN) * share)));
    const name = `mask over bare keystream, ${bits} bits`;
    return { name, value, unit: "x", target: RATIO_TARGET, limit: 2 };
  });
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
