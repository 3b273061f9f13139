/** Models as a coordinator might send them, over random schemas: every kind of layer, sane and insane weights. Pure. */
import { architectureFor, type TrainContext } from "../../models/tasks/train/shape.ts";
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { TrainTask } from "../../shared/charter/task-spec.ts";
import { type ShortFeature, schemaOf } from "../models/fixtures.ts";

export interface RandomModel {
  readonly context: TrainContext;
  /** [scaling | params | clipping bound, where it adapts], as an ask for gradients carries them. */
  readonly input: Float32Array;
  /** What it is made of, in words. */
  readonly parts: readonly string[];
}

/** What every set of models should have seen. */
export const ALL_PARTS = [
  ..."no hidden layer,one hidden layer,two hidden layers,relu,tanh,numbers".split(","),
  ..."indicators,one-hot,embedding,adaptive,weights not finite".split(","),
];

const FEATURES: readonly (readonly [name: string, feature: ShortFeature])[] = [
  ["numbers", "number"],
  ["indicators", "missing"],
  ["one-hot", { onehot: 5 }],
  ["embedding", { embedding: 6 }],
];
/** Of one customer in a gradient; in an evaluation it is 1 to 4. */
export const ROWS_PER_UNIT_MAX = 16;

export function randomModel(rng: Rng): RandomModel {
  const source = new UniformSource(rng);
  const chosen = Array.from({ length: 1 + source.below(5) }, () => FEATURES[source.below(4)]);
  const known = chosen.filter((entry) => entry !== undefined);
  const schema = schemaOf(
    known.map(([, feature]) => feature),
    1 + source.below(4),
  );
  const depth = source.below(3);
  const hidden = Array.from({ length: depth }, () => 1 + source.below(12));
  const activation = source.below(2) === 0 ? "relu" : "tanh";
  const adaptive = source.below(3) === 0;
  const spec = TrainTask.parse({
    kind: "train",
    model: { hidden, activation },
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds: 1,
      samplingProbability: 1,
      clipNorm: 10 ** (4 * source.unit() - 2),
      rowsPerUnitMax: ROWS_PER_UNIT_MAX,
      learningRate: 1,
      ...(adaptive && { adaptiveClipping: {} }),
    },
    evaluation: { everyRounds: null, bins: 8, rowsPerUnitMax: 1 + source.below(4) },
  });
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 50 };
  const context = { spec, schema, noise, rowsMax: 10_000, memberCount: 3 };
  const { input, insane } = inputOf(context, source);
  const depthName = ["no hidden layer", "one hidden layer", "two hidden layers"][depth] ?? "";
  const parts = [depthName, ...(depth > 0 ? [activation] : []), ...known.map(([name]) => name)];
  if (adaptive) parts.push("adaptive");
  if (insane) parts.push("weights not finite");
  return { context, input, parts };
}

function inputOf(
  context: TrainContext,
  source: UniformSource,
): { input: Float32Array; insane: boolean } {
  const { numberCount, paramCount } = architectureFor(context);
  const { strategy } = context.spec;
  const spread = 10 ** (6 * source.unit() - 3);
  const scaling = Array.from({ length: 2 * numberCount }, () => 3 * source.normal());
  const params = Array.from({ length: paramCount }, () => spread * source.normal());
  const insane = source.below(8) === 0;
  if (insane) {
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, -3e38][source.below(3)] ?? 0;
    params[source.below(paramCount)] = bad;
  }
  const adaptive = strategy.kind === "dpSgd" && strategy.adaptiveClipping;
  const bound = adaptive ? [10 ** (4 * source.unit() - 2)] : [];
  return { input: Float32Array.from([...scaling, ...params, ...bound]), insane };
}

/** The same model, as an ask to evaluate carries it. */
export function evaluationInput({ context, input }: RandomModel): Float32Array {
  const { numberCount, paramCount } = architectureFor(context);
  return input.subarray(0, 2 * numberCount + paramCount);
}
