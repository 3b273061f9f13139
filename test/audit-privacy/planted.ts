/** The bugs that the audit must catch, each a small change around a real step of the gate. Pure. */
import { type EncodeParams, encodeContribution } from "../../agent/gate/encode.ts";
import type { EncodedData } from "../../models/data.ts";
import type { TrainContext } from "../../models/tasks/train/shape.ts";
import { trainTask } from "../../models/tasks/train/train.ts";
import { assert } from "../../shared/base/assert.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { Strategy } from "../../shared/charter/strategy-spec.ts";
import { type OneRunPlan, UNSAMPLED } from "./settings.ts";
import type { UnsafeSteps } from "./unsafe-gate.ts";

export interface PlantedBug {
  readonly name: string;
  /** The steps of a member, by its place among those who hold records. */
  readonly stepsOf: (index: number) => UnsafeSteps;
  /** The run in which it shows best, where that is not the ordinary one. */
  readonly plan?: Partial<OneRunPlan>;
}

/** @param memberCount K of the room, for the noise that is divided by it. */
export function plantedBugs(memberCount: number): PlantedBug[] {
  const everywhere = (name: string, steps: UnsafeSteps): PlantedBug => ({
    name,
    stepsOf: () => steps,
  });
  return [
    { ...everywhere("noise x 0.7", unsafeNoiseTimes(0.7)), plan: UNSAMPLED },
    { ...everywhere("noise x 0.5", unsafeNoiseTimes(0.5)), plan: UNSAMPLED },
    everywhere("noise for the mean, not the sum", unsafeNoiseTimes(1 / memberCount)),
    {
      name: "one member adds no noise",
      stepsOf: (index) => (index === 0 ? unsafeNoiseMissing() : {}),
    },
    { name: "same noise every round", stepsOf: unsafeNoiseRepeated },
    { name: "all members' noise from one seed", stepsOf: () => unsafeNoiseShared() },
    everywhere("clipping missing", unsafeClippingMissing()),
    everywhere("rows clipped instead of units", unsafeRowsAsUnits()),
    {
      name: "every unit in every round",
      stepsOf: () => unsafeSamplingMissing(),
      plan: { samplingProbability: 0.1 },
    },
  ];
}

/** Other noise than the manifest's: only the encoding is told, the accounting is not. */
function unsafeNoiseTimes(factor: number): UnsafeSteps {
  return {
    encode: (contribution, params, source) => {
      const { release } = params.shape;
      if (release.kind !== "noised") return encodeContribution(contribution, params, source);
      const noiseMultiplier = factor * release.noiseMultiplier;
      const shape = { ...params.shape, release: { ...release, noiseMultiplier } };
      return encodeContribution(contribution, { ...params, shape }, source);
    },
  };
}

/** As a member encodes where the coordinator adds all noise. */
function unsafeNoiseMissing(): UnsafeSteps {
  return {
    encode: (contribution, params, source) => {
      const { privacy } = params.manifest;
      const central = privacy && { ...privacy, noisePlacement: "central" as const };
      const manifest = { ...params.manifest, privacy: central };
      return encodeContribution(contribution, { ...params, manifest }, source);
    },
  };
}

/** The generator starts again at every vector. */
function unsafeNoiseRepeated(index: number): UnsafeSteps {
  return { encode: encodeFrom(() => `repeated ${index}`) };
}

/** Every member draws the same: the generator is seeded with what all know. */
function unsafeNoiseShared(): UnsafeSteps {
  return { encode: encodeFrom(({ attempt }) => `shared ${attempt}`) };
}

function encodeFrom(seedOf: (params: EncodeParams) => string): typeof encodeContribution {
  return (contribution, params) =>
    encodeContribution(contribution, params, new UniformSource(reproducibleRng(seedOf(params))));
}

export function unsafeClippingMissing(): UnsafeSteps {
  return contributeWith((strategy) => ({ ...strategy, clipNorm: 1e9 }));
}

/** Accounted as sampled, but everybody takes part. */
function unsafeSamplingMissing(): UnsafeSteps {
  return contributeWith((strategy) => ({ ...strategy, samplingProbability: 1 }));
}

function contributeWith(
  change: (strategy: Extract<Strategy, { kind: "dpSgd" }>) => Extract<Strategy, { kind: "dpSgd" }>,
): UnsafeSteps {
  return {
    contribute: (context, ask, data, rng) =>
      trainTask.contribute(withStrategy(context, change), ask, data, rng),
  };
}

function withStrategy(
  context: TrainContext,
  change: (strategy: Extract<Strategy, { kind: "dpSgd" }>) => Extract<Strategy, { kind: "dpSgd" }>,
): TrainContext {
  const { strategy } = context.spec;
  assert(strategy.kind === "dpSgd", "planted bugs are in dpSgd");
  return { ...context, spec: { ...context.spec, strategy: change(strategy) } };
}

/** A customer's rows are clipped one by one. */
export function unsafeRowsAsUnits(): UnsafeSteps {
  return {
    contribute: (context, ask, data, rng) =>
      trainTask.contribute(context, ask, { ...data, train: rowsApart(data.train) }, rng),
  };
}

function rowsApart(data: EncodedData): EncodedData {
  return { ...data, unitStarts: Uint32Array.from({ length: data.rowCount + 1 }, (_, row) => row) };
}
