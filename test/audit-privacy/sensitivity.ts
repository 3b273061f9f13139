/**
 * How far one customer moves what a member sends, without noise: the sum with and without it, computed and rounded
 * by the real steps, as grid steps apart. Pure.
 */
import { encodeContribution } from "../../agent/gate/encode.ts";
import type { EncodedData } from "../../models/data.ts";
import { architectureFor, type TrainContext } from "../../models/tasks/train/shape.ts";
import { trainTask } from "../../models/tasks/train/train.ts";
import type { WireManifest } from "../../models/tasks/wire.ts";
import { assert } from "../../shared/base/assert.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { gridSensitivity } from "../../shared/privacy/mechanism/grid.ts";
import { tableOf } from "../models/fixtures.ts";
import { PRIVACY } from "../support/manifests.ts";
import { RUN_ID } from "../support/secure-sum.ts";
import { adversaries, withUnit } from "./adversaries.ts";
import {
  evaluationInput,
  type RandomModel,
  ROWS_PER_UNIT_MAX,
  randomModel,
} from "./random-model.ts";
import type { UnsafeSteps } from "./unsafe-gate.ts";

/** Members encode without noise where the coordinator adds it: the same clipping, the same grid. */
const NOISELESS: WireManifest = {
  roster: Array.from({ length: 3 }, (_, i) => ({
    memberId: `bank-${i}`,
    identityKey: "",
    enrolmentSignature: "",
  })),
  privacy: { ...PRIVACY, noisePlacement: "central" },
};

export interface SensitivityAudit {
  readonly models: number;
  /** Pairs of neighbouring data sets. */
  readonly pairs: number;
  /** ‖difference‖₂ over G(1 + η) + √d. Infinite where a data set made the step fail: that too can be seen. */
  readonly worst: number;
  /** Which customer, over which model. */
  readonly worstCase: string;
  /** Kinds of layers seen. */
  readonly parts: ReadonlySet<string>;
}

/** @param contribute Another than the real one: a planted bug. */
export function sensitivityAudit(
  models: number,
  seed: string,
  { contribute }: Pick<UnsafeSteps, "contribute"> = {},
): SensitivityAudit {
  const parts = new Set<string>();
  let [pairs, worst, worstCase] = [0, 0, ""];
  for (let m = 0; m < models; m++) {
    const model = randomModel(reproducibleRng(`model ${seed} ${m}`));
    for (const part of model.parts) parts.add(part);
    for (const { name, ratio } of pairsOf(model, `${seed} ${m}`, contribute)) {
      pairs += 1;
      if (ratio <= worst) continue;
      [worst, worstCase] = [ratio, `${name}; ${model.parts.join(", ")}`];
    }
  }
  return { models, pairs, worst, worstCase, parts };
}

interface Pair {
  readonly name: string;
  readonly ratio: number;
}

function* pairsOf(
  model: RandomModel,
  seed: string,
  contribute: UnsafeSteps["contribute"] = trainTask.contribute,
): Generator<Pair> {
  const { context } = model;
  const source = new UniformSource(reproducibleRng(`units ${seed}`));
  const others = tableOf(context.schema, 1 + source.below(60), (u) => 1 + (u % 4), seed);
  const { numberCount, categoryCount } = architectureFor(context);
  const widths = { numbers: numberCount, codes: categoryCount };
  const count = others.unitStarts.length - 1;
  const ring = (askKind: string, table: EncodedData): Uint32Array => {
    const input = askKind === "evaluate" ? evaluationInput(model) : model.input;
    const data = { train: table, holdout: table };
    const rng = reproducibleRng(`rows ${seed}`);
    return encoded(context, askKind, contribute(context, { kind: askKind, input }, data, rng));
  };
  for (const { name, rows } of adversaries(others, widths, source)) {
    for (const askKind of ["gradient", "evaluate"]) {
      // Whoever has more rows than may count is last, so that the choice among them shifts no other's.
      const rowsMax = askKind === "evaluate" ? 1 : ROWS_PER_UNIT_MAX;
      const place = rows.length > rowsMax ? count : source.below(count + 1);
      const neighbour = withUnit(others, rows, place);
      const ratio = ratioOf(
        () => ring(askKind, others),
        () => ring(askKind, neighbour),
      );
      yield { name: `${name}, ${askKind}`, ratio };
    }
  }
}

function encoded(context: TrainContext, askKind: string, sum: Float64Array): Uint32Array {
  const shape = trainTask.shapeOf(context, askKind);
  const params = { shape, manifest: NOISELESS, runId: RUN_ID, attempt: 0 };
  // Nothing is drawn: a source that is asked would fail.
  const nothing = new UniformSource({ fill: () => assert(false, "no noise was to be drawn") });
  return encodeContribution(sum, params, nothing);
}

function ratioOf(without: () => Uint32Array, having: () => Uint32Array): number {
  try {
    const [a, b] = [without(), having()];
    let squares = 0;
    // Modulo 2^32, as the difference of two opened sums is taken.
    for (let i = 0; i < a.length; i++) squares += (((b[i] ?? 0) - (a[i] ?? 0)) | 0) ** 2;
    return Math.sqrt(squares) / gridSensitivity(a.length);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
