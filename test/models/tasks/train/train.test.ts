/** The training task as a fold over members, without network or masks. */
import { expect, test } from "vitest";
import type { EncodedData, PartitionedData } from "../../../../models/data.ts";
import { architectureOf } from "../../../../models/engine/architecture.ts";
import { plainBackend } from "../../../../models/engine/plain.ts";
import { selectUnits } from "../../../../models/engine/units.ts";
import { defaultTrainTask, fedAvgTask } from "../../../../models/tasks/defaults.ts";
import { plannedDimension } from "../../../../models/tasks/planned-dimension.ts";
import { taskFor } from "../../../../models/tasks/registry.ts";
import type { TaskContext } from "../../../../models/tasks/task.ts";
import type { TrainState } from "../../../../models/tasks/train/state.ts";
import { modelOf, trainTask } from "../../../../models/tasks/train/train.ts";
import type { Rng } from "../../../../shared/base/env.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import type { TrainTask } from "../../../../shared/charter/task-spec.ts";
import { TaskSpec, TrainTask as TrainTaskSpec } from "../../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../../support/charters.ts";
import { membersOf, rng, schemaOf, tableOf } from "../../fixtures.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 4 }]);
const noise = { trainMultiplier: 1, holdoutMultiplier: 5, unitsExpected: 600 };

function contextOf(spec: TrainTask, noised = false): TaskContext<TrainTask> {
  return { spec, schema, noise: noised ? noise : null, rowsMax: 1000, memberCount: 3 };
}

test("a plan's dimension is that of the vector it will release, a count beside the loss included", () => {
  const { paramCount } = architectureOf(schema, dpSgd(1).model);
  const charter = { ...smallCharter(memberIds(3)), schema };
  expect(plannedDimension(charter, dpSgd(1))).toBe(paramCount + 1);
  expect(plannedDimension(charter, adaptive(1))).toBe(paramCount + 2);
});

const ADAPTIVE = { targetQuantile: 0.5, learningRate: 0.2 };

function adaptive(rounds: number, clipNorm = 1): TrainTask {
  const base = dpSgd(rounds, "momentum");
  if (base.strategy.kind !== "dpSgd") throw new Error("dpSgd is dpSgd");
  return { ...base, strategy: { ...base.strategy, clipNorm, adaptiveClipping: ADAPTIVE } };
}

function local(strategy: object): TrainTask {
  const base = fedAvgTask({ rounds: 20 });
  const spec = { ...base, strategy: { rounds: 20, learningRate: 0.01, ...strategy } };
  return TrainTaskSpec.parse(spec);
}

function dpSgd(rounds: number, optimizer: "momentum" | "adam" = "adam"): TrainTask {
  const base = defaultTrainTask({ noised: true, rounds });
  if (base.strategy.kind !== "dpSgd") throw new Error("the noised default is dpSgd");
  const learningRate = optimizer === "adam" ? 0.05 : 0.5;
  const steps = { optimizer, learningRate, momentum: 0.9 };
  const strategy = { ...base.strategy, samplingProbability: 0.5, ...steps };
  return { ...base, strategy, evaluation: { everyRounds: 5, bins: 64, rowsPerUnitMax: 2 } };
}

function round(
  context: TaskContext<TrainTask>,
  state: TrainState,
  members: readonly PartitionedData[],
  random: Rng,
): TrainState {
  const ask = trainTask.nextAsk(context, state);
  if (ask === null) throw new Error("the task has ended");
  const { dimension } = trainTask.shapeOf(context, ask.kind);
  const sum = new Float64Array(dimension);
  for (const member of members) {
    const part = trainTask.contribute(context, ask, member, random);
    expect(part.length).toBe(dimension);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
  }
  return trainTask.absorb(context, state, sum);
}

function run(
  context: TaskContext<TrainTask>,
  members: readonly PartitionedData[],
  from = trainTask.begin(context),
  random = rng("run"),
): TrainState {
  let state = from;
  while (trainTask.nextAsk(context, state) !== null) state = round(context, state, members, random);
  return state;
}

const separable: [string, TrainTask, boolean][] = [
  ["federated averaging", fedAvgTask({ rounds: 20 }), false],
  ["SCAFFOLD", local({ kind: "scaffold", localOptimizer: "sgd", learningRate: 0.5 }), false],
  [
    "FedYogi on rows weighted by a count",
    {
      ...local({ kind: "fedAvg", server: { kind: "yogi", learningRate: 0.1 } }),
      loss: { kind: "focal", positiveWeight: "balanced" },
    },
    false,
  ],
  ["distributed SGD by units", dpSgd(40), false],
  ["distributed SGD as a noised run sums it, its noise left out", dpSgd(40), true],
  ["distributed SGD with momentum", dpSgd(40, "momentum"), false],
  ["adaptive clipping", adaptive(40), false],
  ["adaptive clipping as a noised run sums it, its noise left out", adaptive(40), true],
];
test.each(separable)("three members learn a separable problem by %s", (_, spec, noised) => {
  const context = contextOf(spec, noised);
  const begin = trainTask.begin(context);
  const state = run(context, membersOf(schema, 3, 200), begin);
  const { done, total, loss, metrics } = trainTask.progress(state);
  expect(done).toBe(total);
  expect(loss).toBeGreaterThan(0);
  expect(loss).toBeLessThan(0.45);
  expect(metrics?.rocAuc).toBeGreaterThan(0.93);
  expect(modelOf(context, state).params).toEqual(state.params);
  expect(begin).toEqual(trainTask.begin(context));
});

test.each(separable)("a stored state of %s continues to the same end", (_, spec, noised) => {
  const context = contextOf(spec, noised);
  const members = membersOf(schema, 2, 40);
  let state = trainTask.begin(context);
  let restored = state;
  for (let r = 0; r < 7; r++) {
    state = round(context, state, members, rng(`round ${r}`));
    const bytes = trainTask.encodeState(restored);
    restored = trainTask.decodeState(context, bytes);
    expect(trainTask.encodeState(restored)).toEqual(bytes);
    restored = round(context, restored, members, rng(`round ${r}`));
    expect(restored).toEqual(state);
  }
});

test("a state that is cut short or of another run is refused", () => {
  const context = contextOf(dpSgd(3));
  const bytes = trainTask.encodeState(trainTask.begin(context));
  for (const length of [0, 50, bytes.length - 1]) {
    const decode = () => trainTask.decodeState(context, bytes.subarray(0, length));
    expect(decode).toThrow("not one of this training run");
  }
  expect(() => trainTask.decodeState(contextOf(dpSgd(4)), bytes)).toThrow("not one of this");
});

test("a noised run refuses moments and federated averaging", () => {
  const fedAvg = { ...fedAvgTask(), scaling: "bounds" as const };
  const moments = { ...dpSgd(2), scaling: "moments" as const };
  expect(() => trainTask.begin(contextOf(fedAvg, true))).toThrow("fedAvg carries no guarantee");
  expect(() => trainTask.begin(contextOf(moments, true))).toThrow("cannot open exact moments");
  expect(() => trainTask.shapeOf(contextOf(moments, true), "moments")).toThrow();
});

test("an ask that the run never makes, or of the wrong length, is refused", () => {
  const context = contextOf(dpSgd(2));
  const data = { train: emptyTable(), holdout: emptyTable() };
  const contribute = (kind: string, length: number) => () =>
    trainTask.contribute(context, { kind, input: new Float32Array(length) }, data, rng("x"));
  expect(contribute("update", 0)).toThrow('never asks for "update"');
  expect(contribute("moments", 0)).toThrow('never asks for "moments"');
  expect(contribute("gradient", 3)).toThrow("instead of");
});

function emptyTable(): EncodedData {
  return tableOf(schema, 0, () => 0);
}

test("a member without records contributes zeros to every ask", () => {
  const empty = { train: emptyTable(), holdout: emptyTable() };
  for (const [, spec, noised] of separable) {
    const context = contextOf(spec, noised);
    let state = trainTask.begin(context);
    for (
      let ask = trainTask.nextAsk(context, state);
      ask;
      ask = trainTask.nextAsk(context, state)
    ) {
      const part = trainTask.contribute(context, ask, empty, rng("x"));
      expect(part.every((x) => x === 0)).toBe(true);
      state = trainTask.absorb(context, state, part);
    }
    expect(state.metrics).toBeNull();
    expect(state.params).toEqual(trainTask.begin(context).params);
  }
});

test("one unit moves a noised vector by at most the stated sensitivity", () => {
  const spec = dpSgd(2);
  if (spec.strategy.kind !== "dpSgd") throw new Error("dpSgd");
  const sure = { ...spec, strategy: { ...spec.strategy, samplingProbability: 1, clipNorm: 0.01 } };
  const context = contextOf(sure, true);
  const one = tableOf(schema, 1, () => 40);
  const wrong = { ...one, labels: one.labels.map((y) => 1 - y) };
  const { paramCount } = architectureOf(schema, sure.model);
  for (const kind of ["gradient", "evaluate"]) {
    const { release, dimension } = trainTask.shapeOf(context, kind);
    if (release.kind !== "noised") throw new Error("noised");
    for (const scale of [0, 1, 30, 1e30]) {
      const input = new Float32Array(4 + paramCount).fill(scale);
      const data = { train: wrong, holdout: wrong };
      const part = trainTask.contribute(context, { kind, input }, data, rng(`${scale}`));
      expect(part.length).toBe(dimension);
      const norm = Math.hypot(...part);
      expect(norm).toBeLessThanOrEqual(release.sensitivity);
    }
  }
});

test("a bounded vector stays within the stated magnitude, even where training diverges", () => {
  const base = fedAvgTask();
  const strategy = { ...base.strategy, learningRate: 1e6, clipNorm: 0.5 };
  const specs: TrainTask[] = [dpSgd(2), { ...base, strategy }];
  for (const spec of specs) {
    const context = contextOf(spec);
    const data = { train: tableOf(schema, 300, () => 3), holdout: tableOf(schema, 99, () => 1) };
    let state = trainTask.begin(context);
    for (
      let ask = trainTask.nextAsk(context, state);
      ask;
      ask = trainTask.nextAsk(context, state)
    ) {
      const { release } = trainTask.shapeOf(context, ask.kind);
      if (release.kind !== "bounded") throw new Error("bounded");
      const part = trainTask.contribute(context, ask, data, rng("x"));
      for (const x of part) expect(Math.abs(x)).toBeLessThanOrEqual(release.magnitudeMax);
      if (release.exact) for (const x of part) expect(Number.isInteger(x)).toBe(true);
      state = trainTask.absorb(context, state, part);
    }
  }
});

test("the moments round standardises every column over all members", () => {
  const context = contextOf(fedAvgTask());
  const members = membersOf(schema, 3, 50);
  const { scaling } = round(context, trainTask.begin(context), members, rng("x"));
  const values = members.flatMap(({ train }) =>
    Array.from({ length: train.rowCount }, (_, row) => train.numbers[2 * row + 1] ?? Number.NaN),
  );
  const known = values.filter((x) => !Number.isNaN(x));
  expect(known.length).toBeLessThan(values.length);
  const mean = known.reduce((sum, x) => sum + x, 0) / known.length;
  const variance = known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / known.length;
  expect(scaling?.[1]).toBeCloseTo(mean, 5);
  expect(scaling?.[3]).toBeCloseTo(1 / Math.sqrt(variance), 4);
});

test("each strategy evaluates when the specification says, and after the last round", () => {
  const spec = dpSgd(7);
  const context = contextOf({ ...spec, evaluation: { ...spec.evaluation, everyRounds: 3 } });
  const kinds: string[] = [];
  let state = trainTask.begin(context);
  for (let ask = trainTask.nextAsk(context, state); ask; ask = trainTask.nextAsk(context, state)) {
    kinds.push(ask.kind === "evaluate" ? "e" : "g");
    const { dimension } = trainTask.shapeOf(context, ask.kind);
    state = trainTask.absorb(context, state, new Float64Array(dimension));
  }
  expect(kinds.join("")).toBe("gggegggege");
  expect(trainTask.progress(state)).toMatchObject({ done: 10, total: 10 });
});

test("the defaults are valid specifications, and the registry finds their task", () => {
  for (const noised of [true, false]) {
    const spec = defaultTrainTask({ noised });
    expect(TaskSpec.parse(spec)).toEqual(spec);
    expect(taskFor(spec)).toBe(trainTask);
  }
});

test.each([
  [0.001, false],
  [0.001, true],
  [1000, false],
  [1000, true],
] as const)("a clipping bound that begins at %d goes to the median of the norms (noised: %s)", (clipNorm, noised) => {
  const context = contextOf(still(adaptive(120, clipNorm)), noised);
  const members = membersOf(schema, 3, 200);
  const state = run(context, members);
  const norms = members.flatMap(({ train }) => normsOf(context, state, train));
  const within = norms.filter((norm) => norm <= state.clipNorm).length / norms.length;
  expect(Math.abs(within - 0.5)).toBeLessThan(0.05);
});

/** The model hardly moves, so that the norms stay what they are. */
function still(spec: TrainTask): TrainTask {
  return { ...spec, strategy: { ...spec.strategy, learningRate: 1e-9 } };
}

function normsOf(
  context: TaskContext<TrainTask>,
  { scaling, params }: TrainState,
  data: EncodedData,
): number[] {
  const units = selectUnits(data, 1, 16, new UniformSource(rng("all")));
  const backend = plainBackend(architectureOf(context.schema, context.spec.model));
  const sum = backend.clippedGradientSum(params, scaling ?? new Float32Array(), data, units, 1);
  return [...sum.norms];
}

test("one unit moves an adaptive release by its stated sensitivity at most, whatever bound is asked for", () => {
  // Much noise on few units: the count weighs as much as it ever does.
  const context = { ...contextOf(adaptive(3), true), noise: { ...noise, trainMultiplier: 100 } };
  const { train } = membersOf(schema, 1, 30)[0] ?? { train: emptyTable() };
  const { release } = trainTask.shapeOf(context, "gradient");
  if (release.kind !== "noised") throw new Error("the run is noised");
  const always = { ...context, spec: everyUnit(context.spec) };
  let largest = 0;
  for (const clipNorm of [2 ** -30, 0.01, 0.3, 2, 1e6, 2 ** 30]) {
    const ask = trainTask.nextAsk(always, { ...trainTask.begin(always), clipNorm });
    if (!ask) throw new Error("the task has just begun");
    const sums = [train, withoutLastUnit(train)].map((data) =>
      trainTask.contribute(always, ask, { train: data, holdout: emptyTable() }, rng("draws")),
    );
    const [all, without] = sums as [Float64Array, Float64Array];
    const moved = Math.hypot(...all.map((value, i) => value - (without[i] ?? 0)));
    expect(moved).toBeLessThanOrEqual(release.sensitivity * (1 + 1e-6));
    largest = Math.max(largest, moved);
  }
  // The bound is met, not merely kept by a wide margin: a unit far beyond its clipping bound.
  expect(largest).toBeGreaterThan(0.95 * release.sensitivity);
});

test.each([
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
])("a clipping bound of %d is no bound: the ask is refused", (bound) => {
  const context = contextOf(adaptive(3), true);
  const { kind, input } = trainTask.nextAsk(context, trainTask.begin(context)) ?? {
    kind: "",
    input: new Float32Array(),
  };
  input[input.length - 1] = bound;
  const data = { train: emptyTable(), holdout: emptyTable() };
  const ask = { kind, input };
  expect(() => trainTask.contribute(context, ask, data, rng("x"))).toThrow("clipping bound");
});

function everyUnit(spec: TrainTask): TrainTask {
  if (spec.strategy.kind !== "dpSgd") throw new Error("dpSgd is dpSgd");
  return { ...spec, strategy: { ...spec.strategy, samplingProbability: 1 } };
}

function withoutLastUnit(data: EncodedData): EncodedData {
  const unitStarts = data.unitStarts.subarray(0, data.unitStarts.length - 1);
  return { ...data, unitStarts };
}
