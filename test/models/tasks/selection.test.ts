/** Early stopping, the choice of the best round, and runs that diverge. */
import { expect, test } from "vitest";
import type { TaskContext } from "../../../models/tasks/task.ts";
import type { TrainState } from "../../../models/tasks/train/state.ts";
import { modelOf, trainTask } from "../../../models/tasks/train/train.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { membersOf, schemaOf } from "../fixtures.ts";
import { federation, run, trainSpec } from "./federation.ts";

const schema = schemaOf(["number", "missing"]);
const STRATEGY = { kind: "fedAvg", rounds: 12, learningRate: 0.1 };
const members = membersOf(schema, 3, 60);

function contextOf(evaluation: object, strategy: object = STRATEGY): TaskContext<TrainTask> {
  const spec = trainSpec({ strategy, evaluation: { everyRounds: 1, bins: 2, ...evaluation } });
  return { spec, schema, noise: null, rowsMax: 100, memberCount: 3 };
}

/** Feeds sums of our own making: round t moves every parameter by 1, and its evaluation says `aucs[t]`. */
function fed(context: TaskContext<TrainTask>, aucs: readonly number[]): TrainState {
  let state = trainTask.begin(context);
  for (let ask = trainTask.nextAsk(context, state); ask; ask = trainTask.nextAsk(context, state)) {
    const sum = new Float64Array(trainTask.shapeOf(context, ask.kind).dimension).fill(1);
    if (ask.kind === "evaluate") sum.set(histogram(aucs[state.trainingDone - 1] ?? 0));
    state = trainTask.absorb(context, state, sum);
    const bytes = trainTask.encodeState(state);
    expect(trainTask.decodeState(context, bytes)).toEqual(state);
  }
  return state;
}

/** Two bins with 1000 rows a class: the ROC-AUC is ½ + (share of positives − share of negatives in the upper bin) / 2. */
function histogram(auc: number): number[] {
  const above = 1000 * auc;
  return [above, 1000 - above, 1000 - above, above];
}

test("a run stops once its patience is over, and says so", () => {
  const context = contextOf({ earlyStopping: { patience: 2 } });
  const state = fed(context, [0.6, 0.7, 0.65, 0.7, 0.9]);
  expect(state.trainingDone).toBe(4);
  expect(trainTask.progress(state)).toMatchObject({ done: 8, total: 8, failure: null });
  expect(modelOf(context, state).params[0]).toBe(4);
});

test("an evaluation must be better by the least improvement to be waited for further", () => {
  const aucs = [0.6, 0.605, 0.611, 0.612, 0.613, 0.8];
  const stops = (minImprovement: number): number =>
    fed(contextOf({ earlyStopping: { patience: 2, minImprovement } }), aucs).trainingDone;
  expect(stops(0.01)).toBe(5);
  expect(stops(0.1)).toBe(3);
  expect(stops(0)).toBe(8);
});

test("the model handed out is the best evaluated round's, whatever stops the run", () => {
  const aucs = [0.6, 0.8, 0.79, 0.7, 0.6];
  const best = contextOf({ select: "best" }, { ...STRATEGY, rounds: 5 });
  const ended = fed(best, aucs);
  expect(modelOf(best, ended).params[0]).toBe(2);
  expect(ended.params[0]).toBe(5);
  const stopping = contextOf({
    select: "best",
    earlyStopping: { patience: 2, minImprovement: 0.5 },
  });
  expect(modelOf(stopping, fed(stopping, aucs)).params[0]).toBe(2);
  const last = contextOf({}, { ...STRATEGY, rounds: 5 });
  expect(modelOf(last, fed(last, aucs)).params[0]).toBe(5);
});

test("what is best is told by the metric that the plan names", () => {
  const context = contextOf(
    { select: "best", metric: "recallAt5pctFpr" },
    { ...STRATEGY, rounds: 3 },
  );
  const { selection, metrics } = fed(context, [0.6, 0.9, 0.7]);
  expect(selection.best).toEqual({ value: expect.any(Number), trainingDone: 2 });
  expect(selection.best?.value).toBeGreaterThan(metrics?.recallAt5pctFpr ?? 1);
});

test("an evaluation without metrics is none: it neither stops a run nor is best", () => {
  const context = contextOf({ select: "best", earlyStopping: { patience: 1 } });
  let state = trainTask.begin(context);
  for (let ask = trainTask.nextAsk(context, state); ask; ask = trainTask.nextAsk(context, state)) {
    const sum = new Float64Array(trainTask.shapeOf(context, ask.kind).dimension);
    if (ask.kind !== "evaluate") sum.fill(1);
    state = trainTask.absorb(context, state, sum);
  }
  expect(state.trainingDone).toBe(12);
  expect(modelOf(context, state).params[0]).toBe(12);
});

test.each([
  ["a mean update beyond a 32-bit float", { kind: "fedAvg" }, 1e39],
  ["a control variate beyond one", { kind: "scaffold" }, 1e39],
  [
    "a second moment beyond a double",
    { kind: "fedAvg", server: { kind: "adagrad", learningRate: 1 } },
    1e160,
  ],
  ["a loss that is not a number", { kind: "fedAvg" }, Number.NaN],
])("%s ends the run; the last good round's model is kept", (_, strategy, size) => {
  const context = contextOf({}, { ...STRATEGY, ...strategy });
  let state = trainTask.begin(context);
  for (const factor of [1, 1, size]) {
    const ask = trainTask.nextAsk(context, state);
    if (!ask) throw new Error("the run goes on");
    const sum = new Float64Array(trainTask.shapeOf(context, ask.kind).dimension).fill(1);
    if (ask.kind === "evaluate") sum.set(histogram(0.7));
    else if (Number.isNaN(factor)) sum[sum.length - 1] = factor;
    else for (let i = 0; i + 2 < sum.length; i++) sum[i] = factor;
    state = trainTask.absorb(context, state, sum);
  }
  expect(state.failure?.code).toBe("task.diverged");
  expect(state.failure?.message).toContain("training round 2");
  expect(trainTask.nextAsk(context, state)).toBeNull();
  expect(modelOf(context, state).params.every(Number.isFinite)).toBe(true);
  expect(state.trainingDone).toBe(1);
  expect(trainTask.decodeState(context, trainTask.encodeState(state))).toEqual(state);
});

test("where training diverges at every member the run ends at once, with the model as it was", () => {
  const steep = { kind: "fedProx", proximal: 1e9, learningRate: 1e9, localOptimizer: "sgd" };
  const spec = trainSpec({ strategy: { rounds: 12, localEpochs: 20, batchSize: 4, ...steep } });
  const federated = federation(schema, spec, members);
  const state = run(federated);
  expect(state.failure).toMatchObject({ code: "task.no-update" });
  expect(state.params).toEqual(trainTask.begin(federated.context).params);
  expect(trainTask.progress(state).failure?.message).toContain("smaller learningRate");
});

test("a gradient step that leaves the numbers ends a dpSgd run as well", () => {
  const spec = trainSpec({
    strategy: { kind: "dpSgd", rounds: 2, samplingProbability: 1, clipNorm: 1, learningRate: 1 },
  });
  const { context } = federation(schema, spec, members);
  const sum = new Float64Array(trainTask.shapeOf(context, "gradient").dimension).fill(1);
  sum[0] = 1e200;
  const state = trainTask.absorb(context, trainTask.begin(context), sum);
  expect(state.failure?.code).toBe("task.diverged");
  expect(state.params).toEqual(trainTask.begin(context).params);
});

test("a state of another version is refused by name", () => {
  const { context } = federation(schema, trainSpec({ strategy: STRATEGY }), members);
  const bytes = trainTask.encodeState(trainTask.begin(context));
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(0, 2, true);
  const decode = (): unknown => trainTask.decodeState(context, bytes);
  expect(decode).toThrow("format 2");
  expect(decode).toThrow("with the version that began it");
});
