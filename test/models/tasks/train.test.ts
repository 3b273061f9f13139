/** The training task as a fold over members, without network or masks. */
import { expect, test } from "vitest";
import type { EncodedData, PartitionedData } from "../../../models/data.ts";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import type { TaskContext } from "../../../models/tasks/task.ts";
import { defaultTrainTask, modelOf, trainTask } from "../../../models/tasks/train.ts";
import type { TrainState } from "../../../models/tasks/train-state.ts";
import type { Rng } from "../../../shared/base/env.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { membersOf, rng, schemaOf, tableOf } from "../fixtures.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 4 }]);
const noise = { trainMultiplier: 1, holdoutMultiplier: 5, unitsExpected: 600 };

function contextOf(spec: TrainTask, noised = false): TaskContext<TrainTask> {
  return { spec, schema, noise: noised ? noise : null, rowsMax: 1000, memberCount: 3 };
}

function dpSgd(rounds: number, optimizer: "momentum" | "adam" = "adam"): TrainTask {
  const base = defaultTrainTask({ noised: true, rounds });
  if (base.strategy.kind !== "dpSgd") throw new Error("the noised default is dpSgd");
  const learningRate = optimizer === "adam" ? 0.05 : 0.5;
  const strategy = { ...base.strategy, samplingProbability: 0.5, optimizer, learningRate };
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
  ["federated averaging", defaultTrainTask({ noised: false, rounds: 20 }), false],
  ["distributed SGD by units", dpSgd(40), false],
  ["distributed SGD as a noised run sums it, its noise left out", dpSgd(40), true],
  ["distributed SGD with momentum", dpSgd(40, "momentum"), false],
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
  const fedAvg = { ...defaultTrainTask({ noised: false }), scaling: "bounds" as const };
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
  const base = defaultTrainTask({ noised: false });
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
  const context = contextOf(defaultTrainTask({ noised: false }));
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
