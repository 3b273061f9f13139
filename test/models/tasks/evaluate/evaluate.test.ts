/** A released model over members' held-out rows: pooled, federated and through the wire; by segment; and what is refused. */
import { expect, test } from "vitest";
import type { Estimate } from "../../../../models/answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../../../models/data.ts";
import { joinedData } from "../../../../models/data-parts.ts";
import { metricsOfScores } from "../../../../models/metrics/ranking.ts";
import { modelOf as treeModelOf } from "../../../../models/tasks/boost/boost.ts";
import { crowdingNotes } from "../../../../models/tasks/evaluate/crowding.ts";
import { begunEvaluation, evaluateTask } from "../../../../models/tasks/evaluate/evaluate.ts";
import { netInput, netScores, treesInput } from "../../../../models/tasks/evaluate/model.ts";
import type { EvaluateContext } from "../../../../models/tasks/evaluate/shape.ts";
import { isolatesFew, unitsOf } from "../../../../models/tasks/query/differencing.ts";
import { modelOf } from "../../../../models/tasks/train/train.ts";
import { inputHashOf } from "../../../../shared/charter/evaluate-spec.ts";
import { TaskSpec } from "../../../../shared/charter/task-spec.ts";
import { boosted, boostTaskOf, unnoisedContext } from "../../../support/boosted.ts";
import { enrolled, PRIVACY } from "../../../support/manifests.ts";
import { secureSum } from "../../../support/secure-sum.ts";
import { membersOf, rng, schemaOf, tableOf } from "../../fixtures.ts";
import { federation, run, trainSpec } from "../federation.ts";

const SCHEMA = schemaOf(["number", { onehot: 3 }]);
const MEMBERS = membersOf(SCHEMA, 3, 300);
const ROSTER = ["bank-1", "bank-2", "bank-3"].map((id) => enrolled(id, "ab".repeat(32)));
const EXACT = { roster: ROSTER, privacy: null, encoding: undefined };
const NOISED = { roster: ROSTER, privacy: { ...PRIVACY, maxColluders: 0 }, encoding: undefined };
const RUN = "12".repeat(32);

const TRAINED = federation(
  SCHEMA,
  trainSpec({
    strategy: {
      kind: "fedAvg",
      rounds: 4,
      localEpochs: 2,
      batchSize: 32,
      learningRate: 0.2,
      clipNorm: 10,
    },
  }),
  MEMBERS,
);
const NET = modelOf(TRAINED.context, run(TRAINED));
const INPUT = netInput(NET);
const MADE = { kind: "net", spec: TRAINED.context.spec.model };

function asked(
  spec: object = {},
  noise: EvaluateContext["noise"] = null,
  made = MADE,
  input = INPUT,
) {
  const model = { run: RUN, made, inputHash: inputHashOf(input) };
  const parsed = TaskSpec.parse({ kind: "evaluate", model, ...spec });
  if (parsed.kind !== "evaluate") throw new Error("an evaluation is one");
  return { spec: parsed, schema: SCHEMA, noise, rowsMax: 10_000, memberCount: 3 };
}

const noiseOf = (holdoutMultiplier: number): EvaluateContext["noise"] => ({
  trainMultiplier: 1000,
  holdoutMultiplier,
  unitsExpected: 900,
});

const partsOf = (context: EvaluateContext, members = MEMBERS, input = INPUT): Float64Array[] =>
  members.map((data, k) =>
    evaluateTask.contribute(context, { kind: "evaluate", input }, data, rng(`member ${k}`)),
  );

function answered(context: EvaluateContext, sum: Float64Array, input = INPUT) {
  const begun = begunEvaluation(context, input);
  const again = evaluateTask.decodeState(context, evaluateTask.encodeState(begun));
  expect(again).toEqual(begun);
  const state = evaluateTask.absorb(context, again, sum);
  const stored = evaluateTask.decodeState(context, evaluateTask.encodeState(state));
  expect(evaluateTask.nextAsk(context, stored)).toBeNull();
  expect(stored.input).toHaveLength(0);
  expect(evaluateTask.progress(stored)).toMatchObject({ done: 1, failure: null });
  const answer = evaluateTask.answer?.(context, stored);
  if (!answer) throw new Error("a complete evaluation has an answer");
  return answer;
}

function table(answer: ReturnType<typeof answered>, name: string) {
  const found = answer.tables.find((one) => one.name === name);
  if (!found) throw new Error(`there is a table ${name}`);
  return found.rows;
}

const added = (parts: readonly Float64Array[]): Float64Array =>
  (parts[0] ?? new Float64Array(0)).map((_, i) =>
    parts.reduce((sum, part) => sum + (part[i] ?? 0), 0),
  );

const pooled = (pick: (data: PartitionedData) => EncodedData): EncodedData =>
  joinedData(MEMBERS.map(pick));

test("pooled, federated and through the wire it is one answer, and that of the scores within what bins leave open", () => {
  const context = asked();
  const parts = partsOf(context);
  const wired = secureSum(parts, evaluateTask.shapeOf(context, "evaluate"), EXACT);
  expect(wired).toEqual(added(parts));
  const whole = { train: pooled((d) => d.train), holdout: pooled((d) => d.holdout) };
  expect(partsOf(context, [whole])[0]).toEqual(wired);
  const answer = answered(context, wired);
  const exact = metricsOfScores(netScores(NET, whole.holdout), whole.holdout.labels);
  const figures = new Map(table(answer, "figures").map(([name, ...cells]) => [name, cells]));
  for (const [name, value] of [
    ["ROC-AUC", exact?.rocAuc],
    ["PR-AUC", exact?.prAuc],
  ] as const) {
    const [, low, high] = figures.get(name) ?? [];
    expect(value).toBeGreaterThanOrEqual(Number(low));
    expect(value).toBeLessThanOrEqual(Number(high));
    expect(Number(high) - Number(low)).toBeLessThan(0.05);
  }
  expect(exact?.rocAuc).toBeGreaterThan(0.9);
  const { positives, negatives } = exact?.counts ?? {};
  expect(table(answer, "rows")).toEqual([
    ["positive", positives],
    ["negative", negatives],
  ]);
});

test("rows that the model was trained on do not judge it, unless the plan says that it saw none", () => {
  const rows = (context: EvaluateContext): number =>
    added(partsOf(context)).reduce((sum, count) => sum + count, 0);
  const held = MEMBERS.reduce((sum, { holdout }) => sum + holdout.rowCount, 0);
  const all = MEMBERS.reduce((sum, { train }) => sum + train.rowCount, held);
  expect(rows(asked())).toBe(held);
  expect(rows(asked({ rows: "all" }))).toBe(all);
  expect(evaluateTask.plannedAsks(asked())[0]?.partition).toBe("holdout");
  expect(evaluateTask.plannedAsks(asked({ rows: "all" }))[0]?.partition).toBe("all");
});

test("trees are evaluated as their own training evaluates them", () => {
  const boosting = unnoisedContext(boostTaskOf({ trees: 5 }), SCHEMA, 3);
  const state = boosted(boosting, MEMBERS);
  const input = treesInput(treeModelOf(boosting, state));
  const context = asked(
    { bins: 64 },
    null,
    { kind: "trees", spec: boosting.spec.model } as never,
    input,
  );
  const answer = answered(context, added(partsOf(context, MEMBERS, input)), input);
  const [rocAuc] = table(answer, "figures").flatMap(([name, value]) =>
    name === "ROC-AUC" ? [value] : [],
  );
  expect(rocAuc).toBe(state.metrics?.rocAuc);
});

test("a member refuses a model that is not the one that was approved, by one bit of one weight", () => {
  const context = asked();
  const other = INPUT.slice();
  other[other.length - 1] = Math.fround((other.at(-1) ?? 0) * (1 + 2 ** -22));
  expect(other).not.toEqual(INPUT);
  expect(() => partsOf(context, MEMBERS, other)).toThrow("not the one that the members approved");
  expect(() => begunEvaluation(context, other)).toThrow("not the one that the members approved");
  const short = INPUT.subarray(1);
  expect(() => partsOf(asked({}, null, MADE, short), MEMBERS, short)).toThrow("values instead of");
});

test("without its model a run asks nothing and says so", () => {
  const context = asked();
  const begun = evaluateTask.begin(context);
  expect(evaluateTask.nextAsk(context, begun)).toBeNull();
  expect(evaluateTask.progress(begun).failure?.code).toBe("evaluate.model-gone");
  const stored = evaluateTask.decodeState(context, evaluateTask.encodeState(begun));
  expect(stored).toEqual(begun);
  expect(() => evaluateTask.decodeState(context, new Uint8Array(17))).toThrow(
    "not one of this task",
  );
});

test("no unit moves the vector by more than the noise is for", () => {
  const holdout = tableOf(SCHEMA, 40, (unit) => 1 + (unit % 9));
  const end = holdout.unitStarts[39] ?? 0;
  const without = {
    rowCount: end,
    numbers: holdout.numbers.slice(0, end),
    codes: holdout.codes.slice(0, end),
    labels: holdout.labels.slice(0, end),
    unitStarts: holdout.unitStarts.slice(0, 40),
  };
  for (const rowsPerUnitMax of [1, 4]) {
    const context = asked({ rowsPerUnitMax, bins: 32 }, noiseOf(5));
    const { release } = evaluateTask.shapeOf(context, "evaluate");
    if (release.kind !== "noised") throw new Error("it is noised");
    expect([release.partition, release.noiseMultiplier]).toEqual(["holdout", 5]);
    const train = tableOf(SCHEMA, 5, () => 1);
    const members = [holdout, without].map((part) => ({ train, holdout: part }));
    const [all, less] = members.map((data) => partsOf(context, [data])[0] ?? new Float64Array(0));
    // The last unit's rows are drawn last: everybody else's are the same in both.
    const moved = Math.hypot(...(all ?? []).map((x, i) => x - (less?.[i] ?? 0)));
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThanOrEqual(release.sensitivity * (1 + 1e-12));
  }
});

test("under noise figures come with intervals that hold what the exact counts tell", () => {
  const exact = asked({ bins: 16 });
  const figuresOf = (context: EvaluateContext, sum: Float64Array) =>
    new Map(table(answered(context, sum), "figures").map(([name, value]) => [name, value]));
  const truth = figuresOf(exact, added(partsOf(exact)));
  const context = asked({ bins: 16 }, noiseOf(2));
  const shape = evaluateTask.shapeOf(context, "evaluate");
  let [held, all] = [0, 0];
  for (let attempt = 0; attempt < 12; attempt++) {
    const privacy = { ...NOISED.privacy, holdoutMultiplier: 2 };
    const sum = secureSum(partsOf(context), shape, { ...NOISED, privacy }, attempt);
    for (const [name, value] of figuresOf(context, sum)) {
      const { low, high } = value as Estimate;
      all += 1;
      if (low <= Number(truth.get(name)) && Number(truth.get(name)) <= high) held += 1;
    }
  }
  expect(held / all).toBeGreaterThan(0.85);
});

test("by segment: every category's rows, and small parts of a member are held back and told", () => {
  const context = asked({ by: "f1" });
  const answer = answered(context, added(partsOf(context)));
  const segments = table(answer, "by f1");
  expect(segments.map(([name]) => name)).toEqual(["(other)", "c0", "c1", "c2"]);
  const count = (of: (data: EncodedData, row: number) => boolean): number => {
    let rows = 0;
    for (const { holdout } of MEMBERS)
      for (let row = 0; row < holdout.rowCount; row++) if (of(holdout, row)) rows += 1;
    return rows;
  };
  for (const [code, [, positives, negatives]] of segments.entries()) {
    expect(positives).toBe(count((d, row) => d.codes[row] === code && d.labels[row] === 1));
    expect(negatives).toBe(count((d, row) => d.codes[row] === code && d.labels[row] === 0));
  }
  expect(answer.notes.join()).not.toContain("held");
  const ranges = table(answer, "by f1, bins").filter(([, figure]) => figure === "ROC-AUC");
  expect(ranges.map(([name]) => name)).toEqual(["(other)", "c0", "c1", "c2"]);
  for (const [s, [, , low, high]] of ranges.entries()) {
    const rocAuc = Number(segments[s]?.[3]);
    expect(Number(low)).toBeLessThanOrEqual(rocAuc);
    expect(Number(high)).toBeGreaterThanOrEqual(rocAuc);
    expect(Number(high) - Number(low)).toBeGreaterThan(0);
  }
  const few = { ...context, cellMin: 100 };
  const hidden = answered(few, added(partsOf(few)));
  expect(hidden.notes.join()).toContain("held these rows back");
  expect(hidden.notes.join()).toContain("c0 (3)");
  expect(table(hidden, "by f1").every(([, positives]) => positives === null)).toBe(true);
});

test("rows that bins do not tell apart are warned of, where most are in one bin or beyond the outermost", () => {
  const counts = (...rows: number[]) => ({
    negatives: Float64Array.from(rows),
    positives: Float64Array.from(rows, (n) => n / 10),
  });
  expect(crowdingNotes(counts(95, 3, 2, 0)).join()).toContain(
    "95 % of all rows have scores in one bin, that of log-odds below -4: the figures cannot tell",
  );
  expect(crowdingNotes(counts(0, 0, 1, 0)).join()).toContain("that of log-odds from 0 to 4");
  expect(crowdingNotes(counts(30, 25, 25, 20)).join()).toContain(
    "30 % of all rows have scores in the lowest bin, 20 % in the highest, which hold everything beyond",
  );
  expect(crowdingNotes(counts(20, 30, 30, 20))).toEqual([]);
  expect(crowdingNotes(counts(10, 89, -3, 1))).toEqual([]);
  expect(crowdingNotes(counts(0, 0, 0, 0))).toEqual([]);
});

test("an answer warns of a model whose scores are all alike", () => {
  const context = asked();
  const sum = new Float64Array(partsOf(context)[0]?.length ?? 0);
  const { bins } = context.spec;
  [sum[0], sum[bins]] = [900, 100];
  expect(answered(context, sum).notes.join()).toContain("100 % of all rows have scores in one bin");
});

test("a column that no sum may be opened by breaks no evaluation down", () => {
  const used = evaluateTask.columnUse?.(asked({ by: "f1" }));
  expect(used).toMatchObject({ summed: ["f1"], grouped: ["f1"] });
});

test("without segments a member's few positives are held back as well", () => {
  const [first] = MEMBERS;
  if (!first) throw new Error("there is a member");
  const labels = first.holdout.labels.map((_, row) => (row < 3 ? 1 : 0));
  const members = [{ train: first.train, holdout: { ...first.holdout, labels } }];
  const context = asked();
  const [part] = partsOf(context, members);
  expect([...(part ?? [])].slice(64)).toEqual([...Array(65).fill(0), 1]);
  const { notes, tables } = answered(context, part ?? new Float64Array(0));
  expect(notes.join()).toContain("all rows (1)");
  expect(tables).toEqual([]);
});

test("an evaluation counts the positives: an answer about all but one of them is one too many", () => {
  const [first] = MEMBERS;
  const sets = first && evaluateTask.cohorts?.(asked({ rows: "all" }), first);
  if (!sets) throw new Error("there is a member, and sets");
  const labels = [...first.train.labels, ...first.holdout.labels];
  const butOne = Int32Array.from(labels, (label, row) =>
    label === 1 && row !== labels.indexOf(1) ? 0 : -1,
  );
  expect(isolatesFew(sets, butOne, unitsOf(first), 5)).toBe(true);
  expect(
    isolatesFew(
      sets,
      sets.map((cell) => Math.min(cell, 0)),
      unitsOf(first),
      5,
    ),
  ).toBe(false);
});

test("broken down, the figures of all rows have the noise of all segments, and a segment's has its own", () => {
  const halfWidth = (spec: object, name: string, row: number): number => {
    const context = asked({ bins: 8, ...spec }, noiseOf(1));
    const shape = evaluateTask.shapeOf(context, "evaluate");
    const privacy = { ...NOISED.privacy, holdoutMultiplier: 1 };
    const sum = secureSum(partsOf(context), shape, { ...NOISED, privacy });
    const { low, high } = table(answered(context, sum), name)[row]?.[1] as Estimate;
    return (high - low) / 2;
  };
  const whole = halfWidth({}, "rows", 0);
  expect(halfWidth({ by: "f1" }, "rows", 0) / whole).toBeCloseTo(Math.sqrt(4), 0);
  expect(halfWidth({ by: "f1" }, "rows", 0) / whole).toBeGreaterThan(1.6);
  const one = halfWidth({ by: "f1" }, "by f1", 1) / whole;
  expect(one).toBeGreaterThan(0.75);
  expect(one).toBeLessThan(1.3);
});

test("members without positives, or without any held-out row, answer like everybody", () => {
  const none = tableOf(SCHEMA, 0, () => 1);
  const [first] = MEMBERS;
  if (!first) throw new Error("there is a member");
  const negative = { ...first.holdout, labels: new Uint8Array(first.holdout.rowCount) };
  const members = [
    first,
    { train: first.train, holdout: none },
    { train: first.train, holdout: negative },
  ];
  const context = asked();
  const parts = partsOf(context, members);
  expect(parts.map(({ length }) => length)).toEqual([130, 130, 130]);
  expect(table(answered(context, added(parts)), "rows")[0]).toEqual([
    "positive",
    first.holdout.labels.reduce((sum, label) => sum + label, 0),
  ]);
  const nobody = answered(context, parts[2] ?? new Float64Array(0));
  expect(nobody.tables).toEqual([]);
  expect(nobody.notes.join()).toContain("no figure is told");
});

test("a member's own report: the global model beside its own, exact, and honest where there are no positives", () => {
  const [first] = MEMBERS;
  if (!first || !evaluateTask.ownReport) throw new Error("there is a member, and a report");
  const ask = { kind: "evaluate", input: INPUT };
  const backwards = { ...NET, params: NET.params.map((x) => -x) };
  const own = [{ runId: "fe".repeat(32), model: backwards }];
  const report = evaluateTask.ownReport(asked(), ask, first, own);
  const exact = metricsOfScores(netScores(NET, first.holdout), first.holdout.labels);
  const rows = new Map(report.tables[0]?.rows.map(([name, ...cells]) => [name, cells]));
  expect(Number(rows.get("ROC-AUC")?.[0])).toBeCloseTo(exact?.rocAuc ?? Number.NaN, 12);
  expect(Number(rows.get("ROC-AUC")?.[1])).toBeCloseTo(1 - (exact?.rocAuc ?? Number.NaN), 12);
  expect(report.tables[0]?.columns.map(({ name }) => name)).toContain(
    "own model of run fefefefefefe",
  );
  const labels = new Uint8Array(first.holdout.rowCount);
  const negative = { ...first, holdout: { ...first.holdout, labels } };
  const without = evaluateTask.ownReport(asked(), ask, negative, []);
  expect(without.notes.join()).toContain("no figure is told");
  expect(without.tables[0]?.rows).toEqual([
    ["rows", 300],
    ["positive rows", 0],
  ]);
});

test.each([
  [{ by: "f0" }, "has numbers"],
  [{ by: "label" }, "is the label"],
  [{ by: "unit" }, "tells customers apart"],
  [{ by: "salary" }, 'no column "salary"'],
  [{ by: "f1", bins: 4096, rows: "all" }, null],
])("%j", (spec, words) => {
  const planned = () => evaluateTask.plannedAsks(asked(spec));
  if (words === null) expect(planned).not.toThrow();
  else expect(planned).toThrow(words);
});

test("bins are a power of two, shares lie within their bounds", () => {
  for (const spec of [
    { bins: 48 },
    { thresholds: [1] },
    { falsePositiveRates: [0] },
    { alertBudgets: [-1] },
  ])
    expect(() => asked(spec)).toThrow();
});
