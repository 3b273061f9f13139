/**
 * EDGE: what secure aggregation costs in CPU time, both halves in this process, beside the limits of the
 * machine (AES keystream and memory copy, measured in the same run). Takes about a minute.
 */
import { randomBytes } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { osRng } from "../../shared/edge/os.ts";
import { quantize } from "../../shared/privacy/encoding/quantize.ts";
import { dealBatch, takeShares } from "../../shared/secagg/agent-batch.ts";
import { bundleFor } from "../../shared/secagg/coordinator-batch.ts";
import { type Mask, packMasked } from "../../shared/secagg/masks.ts";
import { twoThirds } from "../../shared/secagg/params.ts";
import { addPackedInPlace, packRing, ringVector } from "../../shared/secagg/ring.ts";
import { type AggregationRoom, buildRoom, dealRoom, placeOf } from "../support/aggregation-room.ts";
import { playAttempt } from "../support/play-attempt.ts";
import { cpuMs, medianOf } from "./cpu.ts";
import type { BenchResult } from "./format.ts";
import { maskingResults } from "./masking.ts";

const MILLION = 1_000_000;
const RUNS = 7;

export async function secaggBench(): Promise<BenchResult[]> {
  return [...maskingResults(), ...clientWork(), ...keysAndShares(), ...unmasking(), ingest()];
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
    const value = medianOf(RUNS, () =>
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
    const value = medianOf(RUNS, () =>
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
  const value = medianOf(RUNS, () => cpuMs(() => addPackedInPlace(sum, packed, 24, 1)));
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
