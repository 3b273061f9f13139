/** Schedules inside a run: step sizes and clipping bounds by the round's number, the same at members and coordinator. */
import { expect, test } from "vitest";
import { releasesOf } from "../../../models/tasks/privacy-events.ts";
import type { TaskContext } from "../../../models/tasks/task.ts";
import { trainTask } from "../../../models/tasks/train/train.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { PRIVACY, signedManifest, TRAIN_TASK } from "../../support/manifests.ts";
import { membersOf, rng, schemaOf } from "../fixtures.ts";
import { distance, federation, round, run, trainSpec } from "./federation.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }]);
const members = membersOf(schema, 2, 60);
const DP_SGD = {
  kind: "dpSgd",
  rounds: 6,
  samplingProbability: 1,
  clipNorm: 0.2,
  learningRate: 1,
  momentum: 0,
};
const HALVING = { kind: "step", everyRounds: 1, factor: 0.5 };
const spec = (strategy: object): TrainTask =>
  trainSpec({ model: { hidden: [4] }, strategy: { ...DP_SGD, ...strategy } });
const NOISE = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 120 };

/** Where a run is after each training round. */
function path(task: TrainTask, noised: boolean): Float32Array[] {
  const federated = federation(schema, task, members);
  const context: TaskContext<TrainTask> = { ...federated.context, noise: noised ? NOISE : null };
  let state = trainTask.begin(context);
  return Array.from({ length: 6 }, () => {
    state = round({ ...federated, context }, state);
    return state.params;
  });
}

test.each([
  false,
  true,
])("a bound that falls clips each round as its own fixed bound would (noise's layout: %s)", (noised) => {
  const scheduled = path(spec({ clipSchedule: HALVING }), noised);
  const federated = federation(schema, spec({}), members);
  for (const t of [0, 1, 4]) {
    const fixed = spec({ clipNorm: 0.2 * 0.5 ** t });
    const context = { ...federated.context, spec: fixed, noise: noised ? NOISE : null };
    const begun = trainTask.begin(context);
    const before = { ...begun, params: scheduled[t - 1] ?? begun.params };
    const { params } = round({ ...federated, context }, before);
    expect(distance(params, scheduled[t] ?? [])).toBeLessThan(1e-6);
    expect(distance(params, before.params)).toBeGreaterThan(1e-4);
  }
});

test("a learning rate that falls takes each round's step as a fixed rate would", () => {
  const scheduled = path(spec({ learningRateSchedule: HALVING }), false);
  const all = path(spec({ learningRate: 0.25 }), false);
  const start = trainTask.begin(federation(schema, spec({}), members).context).params;
  expect(distance(scheduled[0] ?? [], start)).toBeCloseTo(4 * distance(all[0] ?? [], start), 5);
  const steps = scheduled.map((params, t) => distance(params, scheduled[t - 1] ?? start));
  for (const [t, step] of steps.entries())
    if (t > 0) expect(step / (steps[t - 1] ?? 1)).toBeLessThan(0.7);
});

test("one unit moves a noised vector by its stated sensitivity at most in every round of a falling bound", () => {
  const federated = federation(schema, spec({ clipSchedule: HALVING, rounds: 12 }), members);
  const context = { ...federated.context, noise: NOISE };
  const { release } = trainTask.shapeOf(context, "gradient");
  if (release.kind !== "noised") throw new Error("the run is noised");
  const [member] = members;
  if (!member) throw new Error("there are members");
  let state = trainTask.begin(context);
  for (let t = 0; t < 12; t++) {
    const ask = trainTask.nextAsk(context, state);
    if (!ask) throw new Error("there are twelve rounds");
    const { train, holdout } = member;
    const fewer = { ...train, unitStarts: train.unitStarts.subarray(0, -1) };
    const [all, without] = [train, fewer].map((data) =>
      trainTask.contribute(context, ask, { train: data, holdout }, rng("draws")),
    );
    const moved = distance(all ?? [], without ?? []);
    expect(moved).toBeLessThanOrEqual(release.sensitivity * (1 + 1e-9));
    expect(moved).toBeGreaterThan(0.1 * release.sensitivity);
    state = round({ ...federated, context }, state);
  }
});

test.each([
  -1,
  6,
  0.5,
  Number.NaN,
])("a round numbered %d is none of the plan's: the ask is refused", (number) => {
  const { context } = federation(schema, spec({ clipSchedule: HALVING }), members);
  const ask = trainTask.nextAsk(context, trainTask.begin(context));
  const [member] = members;
  if (!ask || !member) throw new Error("there are rounds and members");
  ask.input[ask.input.length - 1] = number;
  expect(() => trainTask.contribute(context, ask, member, rng("x"))).toThrow("round is none");
});

test("members train by the round's rate: a run whose rate falls ends elsewhere, a constant schedule does not", () => {
  const local = { kind: "fedAvg", rounds: 4, learningRate: 0.3, localOptimizer: "sgd" };
  const end = (more: object): Float32Array =>
    run(federation(schema, trainSpec({ strategy: { ...local, ...more } }), members)).params;
  const plain = end({});
  expect(end({ learningRateSchedule: { kind: "constant" } })).toEqual(plain);
  expect(distance(end({ learningRateSchedule: HALVING }), plain)).toBeGreaterThan(1e-3);
});

test("a plan with weights by a declared share, schedules and early stopping releases what one without them does", () => {
  const charter = smallCharter(memberIds(3));
  const plain = signedManifest(charter, { privacy: PRIVACY });
  if (TRAIN_TASK.kind !== "train") throw new Error("it is a training task");
  const evaluation = { everyRounds: 1, bins: 8, rowsPerUnitMax: 16 };
  const loss = { kind: "focal", positiveWeight: "balanced", positiveShare: 0.1 } as const;
  const strategy = {
    ...TRAIN_TASK.strategy,
    clipSchedule: { kind: "constant", warmupRounds: 1 },
  } as const;
  const task = (parts: object) => ({ ...TRAIN_TASK, evaluation, ...parts }) as TrainTask;
  const more = {
    loss,
    strategy,
    evaluation: { ...evaluation, earlyStopping: { patience: 1, minImprovement: 0 } },
  };
  const releases = [task({}), task(more)].map((one) =>
    releasesOf(charter, { ...plain, task: one }),
  );
  expect(releases[1]).toEqual(releases[0]);
  expect(releases[0]?.map(({ partition, count }) => [partition, count])).toEqual([
    ["train", 2],
    ["holdout", 2],
  ]);
});
