/**
 * EDGE: masks of 2^20 elements beside the rates of AES-256-CTR and of copying in the same process: CPU time, medians of
 * interleaved runs.
 */
import { type Cipheriv, createCipheriv, createSecretKey } from "node:crypto";
import { keystreamBytes, RING_BITS, type RingBits } from "../../shared/base/ring-bits.ts";
import { BLOCK_BYTES } from "../../shared/secagg/kernel/contract.ts";
import { applyMasksInPlace, type Mask } from "../../shared/secagg/masks.ts";
import { cpuMs, median } from "./cpu.ts";
import type { BenchResult } from "./format.ts";

export const ELEMENTS = 2 ** 20;
export const PEERS = 30;
export const RUNS = 15;
const RATIO_TARGET = 1 / 0.7;
const MASK_TARGETS_MS: Record<RingBits, number> = { 16: 0.95, 18: 1.5, 20: 1.5, 24: 1.5, 32: 1.8 };

/** One thing to measure. `per`: how many units of work a call does. */
export interface Case {
  readonly name: string;
  readonly per: number;
  readonly target: number | null;
  readonly run: () => void;
}

/** Raw rates, masks, and the masks' share of the keystream. */
export function maskingResults(): BenchResult[] {
  const clean = [...rawCases(), ...maskCases()];
  // What this one leaves to the garbage collector would be paid for by the others.
  const wasteful = wastefulCase();
  const samples = new Map([...measure(clean), ...measure([wasteful])]);
  return [...resultsOf([wasteful, ...clean], samples), ...ratios(samples)];
}

export function resultsOf(
  cases: readonly Case[],
  samples: ReadonlyMap<string, readonly number[]>,
): BenchResult[] {
  return cases.map(({ name, target }) => {
    const limit = target === null ? null : 3 * target;
    return { name, value: median(samples.get(name) ?? []), unit: "ms", target, limit };
  });
}

/** CPU milliseconds of each case per unit of work, in runs that take turns. */
export function measure(cases: readonly Case[]): Map<string, number[]> {
  const samples = new Map(cases.map(({ name }) => [name, [] as number[]]));
  for (let run = -1; run < RUNS; run++) {
    for (const { name, per, run: work } of cases) {
      const ms = cpuMs(work);
      if (run >= 0) samples.get(name)?.push(ms / per);
    }
  }
  return samples;
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

export function masks(): Mask[] {
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
