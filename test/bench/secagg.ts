/**
 * EDGE: what secure aggregation costs in CPU time, both halves in this process, beside the limits of the
 * machine (AES keystream and memory copy, measured in the same run). Takes about a minute.
 */
import { createCipheriv, createSecretKey } from "node:crypto";
import { giveBack } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { osRng } from "../../shared/edge/os.ts";
import { quantize } from "../../shared/privacy/encoding/quantize.ts";
import { dealBatch, takeShares } from "../../shared/secagg/agent-batch.ts";
import { bundleFor } from "../../shared/secagg/coordinator-batch.ts";
import { applyMasksInPlace, type Mask, packMasked } from "../../shared/secagg/masks.ts";
import { twoThirds } from "../../shared/secagg/params.ts";
import { addPackedInPlace, packRing, ringVector } from "../../shared/secagg/ring.ts";
import { type AggregationRoom, buildRoom, dealRoom, placeOf } from "../support/aggregation-room.ts";
import { playAttempt } from "../support/play-attempt.ts";
import type { BenchResult } from "./format.ts";

const MILLION = 1_000_000;
const RUNS = 7;

export async function secaggBench(): Promise<BenchResult[]> {
  return [
    copyLimit(),
    ...maskRates(),
    ...clientWork(),
    ...keysAndShares(),
    ...unmasking(),
    ingest(),
  ];
}

const KEYSTREAM_BYTES = 64 * 1024;

/** A copy in memory: GB/s of CPU time. */
function copyLimit(): BenchResult {
  const from = new Uint8Array(64 * MILLION);
  const to = new Uint8Array(from.length);
  const copy = median(() => cpuMs(() => to.set(from)));
  return info("memory copy (limit)", from.length / copy / 1e6, "GB/s");
}

/**
 * AES-256-CTR through node:crypto in 64 KiB pieces: GB/s of CPU time, the fastest of some. How fast memory for the pieces is to be had
 * comes and goes in a process, by a factor of three.
 *
 * @param givesBack The memory of each piece, before the next one is asked for; else it is the collector's.
 */
function keystreamRate(givesBack: boolean): number {
  const zeros = new Uint8Array(KEYSTREAM_BYTES);
  const pieces = 500;
  const key = createSecretKey(randomBytes(osRng, 32));
  const cipher = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  const rates = Array.from({ length: 3 }, () => {
    const ms = cpuMs(() => {
      for (let i = 0; i < pieces; i++) {
        const piece = cipher.update(zeros);
        if (givesBack) giveBack(piece);
      }
    });
    return (pieces * KEYSTREAM_BYTES) / ms / 1e6;
  });
  return Math.max(...rates);
}

/** Masks of one million elements: what one takes, and its share of the keystream's own rate, the fastest in this process. */
function maskRates(): BenchResult[] {
  const widths = [
    { bits: 32, bytes: 4, target: 1.8 },
    { bits: 24, bytes: 3, target: 1.5 },
    { bits: 16, bytes: 2, target: 0.95 },
  ] as const;
  const masks = someMasks(30);
  const vector = new Uint32Array(MILLION);
  let called = 0;
  let givenBack = 0;
  const measured = widths.map(({ bits, ...width }) => {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      called = Math.max(called, keystreamRate(false));
      givenBack = Math.max(givenBack, keystreamRate(true));
      times.push(cpuMs(() => applyMasksInPlace(vector, masks, bits)) / masks.length);
    }
    return { name: `masks of ${bits} bit`, ...width, ms: middle(times) };
  });
  return [
    info("AES-256-CTR keystream, as it is called", called, "GB/s"),
    info("AES-256-CTR keystream, memory given back", givenBack, "GB/s"),
    ...measured.flatMap(({ name, bytes, target, ms }): BenchResult[] => {
      const share = (100 * (bytes * MILLION)) / ms / 1e6 / called;
      return [
        { name, value: share, unit: "% of AES", target: 70, limit: null },
        { name: `${name}, 1M, a mask, CPU`, value: ms, unit: "ms", target, limit: null },
      ];
    }),
  ];
}

/** Quantise, mask, pack and hash one million parameters against so many peers. */
function clientWork(): BenchResult[] {
  const values = new Float64Array(MILLION).map((_, i) => Math.sin(i));
  const source = new UniformSource(osRng);
  return (
    [
      [10, 30],
      [30, 65],
      [100, 200],
    ] as const
  ).map(([peers, target]) => {
    const masks = someMasks(peers);
    const quantizer = {
      magnitudeMax: 1,
      ringBits: 24,
      memberCount: peers + 1,
      exact: false,
    } as const;
    const value = median(() =>
      cpuMs(() => {
        sha256(packMasked(quantize(values, quantizer, source), masks, 24));
      }),
    );
    return { name: `client, 1M x ${peers} peers, CPU`, value, unit: "ms", target, limit: null };
  });
}

/** Dealing one attempt's prekeys and opening those of the others. */
function keysAndShares(): BenchResult[] {
  const attempts = 16;
  return (
    [
      [10, null],
      [30, 4],
      [64, null],
      [100, 15],
    ] as const
  ).map(([n, target]) => {
    const room = completeRoom(n, attempts);
    const dealt = dealRoom(room, osRng);
    const self = room.selves[1];
    if (!self) throw new Error("no members");
    const bundle = bundleFor(dealt.prekeys, 1);
    const value = median(() =>
      cpuMs(() => {
        const { state } = dealBatch(room.sum, self, room.batch, osRng);
        // Its secrets are new ones; what it has in common with the others is the same.
        const taken = takeShares(
          room.sum,
          self,
          { ...state, hash: bundle.hashes[1] ?? state.hash },
          bundle,
        );
        if (taken?.faulty.length !== 0) throw new Error("shares did not open");
      }),
    );
    const name = `keys and shares, n = ${n}, a round, CPU`;
    return { name, value: value / attempts, unit: "ms", target, limit: null };
  });
}

/** The complete graph whatever the size: what the targets are stated for. */
function completeRoom(n: number, attempts: number): AggregationRoom {
  return buildRoom(n, osRng, attempts, { degree: n - 1, threshold: twoThirds(n) });
}

/** Rebuilding secrets and taking the masks away, after drop-outs. */
function unmasking(): BenchResult[] {
  return (
    [
      [30, 3, 220],
      [100, 10, 1900],
    ] as const
  ).map(([n, dropped, target]) => {
    const room = dealRoom(completeRoom(n, 1), osRng);
    const place = placeOf(MILLION, 24);
    const zeros = (): Uint32Array => new Uint32Array(MILLION);
    let ms = 0;
    const { outcome } = playAttempt(
      room,
      place,
      zeros,
      (index) => (index < dropped ? "beforeMasked" : "never"),
      (part, body) => {
        const before = process.cpuUsage();
        const result = body();
        const spent = process.cpuUsage(before);
        if (part === "unmask") ms += (spent.user + spent.system) / 1000;
        return result;
      },
    );
    if (outcome?.type !== "released" || outcome.sum.some((value) => value !== 0))
      throw new Error("the opened sum is wrong");
    const name = `unmask, n = ${n} complete, 1M, ${dropped} dropped, CPU`;
    return { name, value: ms, unit: "ms", target, limit: null };
  });
}

function ingest(): BenchResult {
  const packed = packRing(new Uint32Array(MILLION).fill(12345), 24);
  const sum = ringVector(MILLION); // As the coordinator keeps it.
  const value = median(() => cpuMs(() => addPackedInPlace(sum, packed, 24, 1)));
  return {
    name: "coordinator, sum of an arriving 1M, CPU",
    value,
    unit: "ms",
    target: 0.5,
    limit: null,
  };
}

function someMasks(count: number): Mask[] {
  return Array.from({ length: count }, (_, i) => ({
    key: randomBytes(osRng, 32),
    sign: i % 2 === 0 ? 1 : -1,
  }));
}

const info = (name: string, value: number, unit: string): BenchResult => ({
  name,
  value,
  unit,
  target: null,
  limit: null,
});

function cpuMs(body: () => unknown): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Of some runs after one that is not counted. */
function median(run: () => number): number {
  run();
  return middle(Array.from({ length: RUNS }, run));
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
