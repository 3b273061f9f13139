/**
 * EDGE: what differential privacy costs: draws of noise per second of CPU time, beside the rate of the
 * operating system's generator in the same run, and the accountant's curves. Takes about 15 s.
 */
import { UniformSource } from "../../shared/base/uniform.ts";
import { osRng } from "../../shared/edge/os.ts";
import type { SingleDpEvent } from "../../shared/privacy/accounting/events.ts";
import { pldAccountant } from "../../shared/privacy/accounting/pld/accountant.ts";
import { rdpCurve } from "../../shared/privacy/accounting/rdp.ts";
import {
  addDiscreteGaussianInPlace,
  discreteGaussianAround,
} from "../../shared/privacy/noise/gaussian.ts";
import { discreteGaussian, discreteLaplace } from "../../shared/privacy/noise/scalar.ts";
import { cpuMs, medianOf } from "./cpu.ts";
import type { BenchResult } from "./format.ts";

const RUNS = 9;
const VECTOR = 1_000_000;
const SCALARS = 100_000;
const GENERATOR_WORDS = 2 ** 24;

export async function privacyBench(): Promise<BenchResult[]> {
  const source = new UniformSource(osRng);
  return [
    ...generatorRates(source),
    ...scalarRates(source),
    ...vectorRates(source),
    ...curveTimes(),
    ...lossDistributionTimes(),
  ];
}

function generatorRates(source: UniformSource): BenchResult[] {
  const block = new Uint8Array(65_536);
  const words = block.length / 4;
  const raw = rate(GENERATOR_WORDS, () => {
    for (let i = 0; i < GENERATOR_WORDS / words; i++) osRng.fill(block);
  });
  const drawn = rate(GENERATOR_WORDS, () => {
    for (let i = 0; i < GENERATOR_WORDS; i++) source.uint32();
  });
  return [
    info("generator, 32-bit words in blocks of 64 KiB (limit)", raw),
    info("generator, 32-bit words one by one (limit)", drawn),
  ];
}

function scalarRates(source: UniformSource): BenchResult[] {
  const parameters: [string, bigint, bigint][] = [
    ["1", 1n, 1n],
    ["1000/7", 1000n, 7n],
    ["2^21", 2n ** 21n, 1n],
  ];
  const gaussian = parameters.map(([name, numerator, denominator]) => {
    const draw = (): bigint => discreteGaussian({ numerator, denominator }, source);
    return scalar(`discrete Gaussian, one number, variance ${name}`, draw);
  });
  const laplace = (): bigint => discreteLaplace({ numerator: 1000n, denominator: 7n }, source);
  const long = { numerator: 2n ** 90n + 1n, denominator: 3n ** 30n };
  return [
    ...gaussian,
    scalar("discrete Laplace, one number, scale 1000/7", laplace),
    {
      // After the others: once it has seen long numbers, the engine is slower with short ones.
      ...scalar("discrete Gaussian, one number, variance of 90 bits", () =>
        discreteGaussian(long, source),
      ),
      target: null,
      limit: null,
    },
  ];
}

function scalar(name: string, draw: () => bigint): BenchResult {
  const value = rate(SCALARS, () => {
    for (let i = 0; i < SCALARS; i++) draw();
  });
  return { name, value, unit: "M/s", target: 0.5, limit: 0.2 };
}

function vectorRates(source: UniformSource): BenchResult[] {
  const values = new Int32Array(VECTOR);
  const integers = [64, 2 ** 14, 2 ** 16 + 1, 2 ** 20, 2 ** 26].map((stdDev) => {
    const name = `discrete Gaussian, a vector, std. deviation ${stdDev}`;
    return vector(name, () => addDiscreteGaussianInPlace(values, stdDev, source));
  });
  const fractions = Float64Array.from(values, (_, i) => (i * 12_345) / 2 ** 24);
  const around = [9, 37, 64].map((stdDev) => {
    const name = `discrete Gaussian around fractions, std. deviation ${stdDev}`;
    return vector(name, () => discreteGaussianAround(fractions, stdDev, source));
  });
  return [...integers, ...around];
}

function vector(name: string, run: () => unknown): BenchResult {
  return { name, value: rate(VECTOR, run), unit: "M/s", target: 5, limit: 2 };
}

/** A curve is computed once a run and event; the slowest are those of small samples. */
function curveTimes(): BenchResult[] {
  const events: [string, SingleDpEvent][] = [
    ["q = 0.01, z = 1", sampled(0.01, 1)],
    ["q = 0.001, z = 4", sampled(0.001, 4)],
  ];
  return events.map(([name, event]) => ({
    name: `RDP curve, ${name}`,
    value: medianOf(RUNS, () => cpuMs(() => rdpCurve(event))),
    unit: "ms",
    target: 50,
    limit: 100,
  }));
}

/** ε at δ = 10⁻⁶ by privacy loss distributions: of plans as they are made, of one with few units a round. */
function lossDistributionTimes(): BenchResult[] {
  const plans: [string, SingleDpEvent, number][] = [
    ["300 rounds, q = 0.02, z = 1.3", sampled(0.02, 1.3), 300],
    ["10,000 rounds, q = 0.01, z = 1.1", sampled(0.01, 1.1), 10_000],
    ["100,000 rounds, q = 0.001, z = 2", sampled(0.001, 2), 100_000],
  ];
  return plans.map(([name, event, count]) => ({
    name: `PLD epsilon, ${name}`,
    value: medianOf(RUNS, () =>
      cpuMs(() => pldAccountant().compose({ kind: "selfComposed", event, count }).getEpsilon(1e-6)),
    ),
    unit: "ms",
    target: 1500,
    limit: 3000,
  }));
}

function sampled(samplingProbability: number, noiseMultiplier: number): SingleDpEvent {
  return {
    kind: "poissonSampled",
    samplingProbability,
    event: { kind: "gaussian", noiseMultiplier },
  };
}

const info = (name: string, value: number): BenchResult => ({
  name,
  value,
  unit: "M/s",
  target: null,
  limit: null,
});

/** Millions a second of CPU time. */
function rate(count: number, run: () => unknown): number {
  return count / 1000 / medianOf(RUNS, () => cpuMs(run));
}
