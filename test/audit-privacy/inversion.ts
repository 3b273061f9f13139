/**
 * EDGE: gradient inversion: a batch of one customer, read off the first layer's gradient. One member holds that
 * customer, the others nothing, so that secure aggregation hides it in a sum of one.
 *
 * @see Phong et al., Privacy-Preserving Deep Learning via Additively Homomorphic Encryption, IEEE TIFS 2018, §3, for
 *   x = dW/db.
 */
import type { EncodedData } from "../../models/data.ts";
import type { TrainContext } from "../../models/tasks/train/shape.ts";
import { assert } from "../../shared/base/assert.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { TrainTask } from "../../shared/charter/task-spec.ts";
import { schemaOf } from "../models/fixtures.ts";
import { netOf } from "./net.ts";
import { type AuditRoom, auditRoom, playAudited, type RoomSetting } from "./room.ts";

/** Inputs of the victim: a chance correlation of 0.2 is one in 10^9 among so many. */
const FEATURES = 1000;
const HIDDEN = 16;

export interface Inversion {
  /** Of the recovered record with the true one: the largest of the attackers'. */
  readonly correlation: number;
  /** Largest error of a coordinate of x = dW/db at the unit of largest |db|. The record's are in [−1, 1]. */
  readonly worstError: number;
  /** z; null without noise. */
  readonly noiseMultiplier: number | null;
}

/** @param epsilon Null: no noise. */
export function inversion(epsilon: number | null, seed: string): Inversion {
  const setting: RoomSetting = {
    name: "inversion",
    epsilon,
    members: 3,
    dropouts: 0,
    colluders: epsilon === null ? 0 : 1,
    placement: "distributed",
    // The tighter this bound, the finer is the grid of an unnoised sum.
    rowsMax: 10,
  };
  const schema = schemaOf(new Array<"number">(FEATURES).fill("number"));
  const room = auditRoom(setting, schema, task(seed), 1, seed);
  const source = new UniformSource(reproducibleRng(`victim ${seed}`));
  const victim = Float32Array.from({ length: FEATURES }, () => 2 * source.unit() - 1);
  const gradient = openedGradientOf(room, victim);
  const noiseMultiplier = room.manifest.privacy?.trainMultiplier ?? null;
  return { ...recover(room.context, gradient, victim), noiseMultiplier };
}

function task(seed: string): TrainTask {
  return TrainTask.parse({
    kind: "train",
    model: { hidden: [HIDDEN], activation: "tanh", seed },
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds: 1,
      samplingProbability: 1,
      clipNorm: 1,
      learningRate: 1e-12,
      momentum: 0,
    },
    evaluation: { everyRounds: null, bins: 2 },
  });
}

function openedGradientOf(room: AuditRoom, victim: Float32Array): Float64Array {
  let seen: Float64Array | null = null;
  const alone = table([victim]);
  const bystander = table([new Float32Array(FEATURES)]);
  playAudited(room, {
    dataOf: (index) => ({ train: index === 0 ? alone : table([]), holdout: bystander }),
    onState: ({ optimizer }) => {
      seen = optimizer.first;
    },
  });
  assert(seen !== null, "the round was opened");
  return seen;
}

function table(rows: readonly Float32Array[]): EncodedData {
  return {
    rowCount: rows.length,
    numbers: Float32Array.from(rows.flatMap((row) => [...row])),
    codes: new Uint16Array(0),
    labels: new Uint8Array(rows.length).fill(1),
    unitStarts: Uint32Array.from({ length: rows.length + 1 }, (_, u) => u),
  };
}

/** Two attackers: the ratio at the loudest hidden unit, and all hidden units weighted by their own db. */
function recover(
  context: TrainContext,
  gradient: Float64Array,
  victim: Float32Array,
): Pick<Inversion, "correlation" | "worstError"> {
  const [first] = netOf(context).layers;
  assert(first !== undefined, "the net has a first layer");
  const biases = gradient.subarray(first.biasOffset, first.biasOffset + HIDDEN);
  const loudest = biases.reduce(
    (best, value, j) => (Math.abs(value) > Math.abs(biases[best] ?? 0) ? j : best),
    0,
  );
  const at = (i: number, j: number): number => gradient[first.kernelOffset + i * HIDDEN + j] ?? 0;
  const ratio = Float64Array.from(victim, (_, i) => at(i, loudest) / (biases[loudest] ?? 0));
  const weighted = Float64Array.from(victim, (_, i) =>
    biases.reduce((sum, db, j) => sum + db * at(i, j), 0),
  );
  return {
    correlation: Math.max(
      ...[ratio, weighted].map((guess) => Math.abs(correlation(guess, victim))),
    ),
    worstError: Math.max(...ratio.map((value, i) => Math.abs(value - (victim[i] ?? 0)))),
  };
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [sumA, sumB, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    sumA += x;
    sumB += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  const n = a.length;
  return (ab - (sumA * sumB) / n) / Math.sqrt((aa - sumA ** 2 / n) * (bb - sumB ** 2 / n));
}
