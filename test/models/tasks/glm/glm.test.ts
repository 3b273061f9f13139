/** A regression over members' tables: pooled, plain federated and through the wire alike, and what it refuses. */
import { expect, test } from "vitest";
import type { PartitionedData } from "../../../../models/data.ts";
import { joinedData } from "../../../../models/data-parts.ts";
import { tableEncoder } from "../../../../models/features/encoder.ts";
import { glmTask } from "../../../../models/tasks/glm/glm.ts";
import type { GlmContext } from "../../../../models/tasks/glm/problem.ts";
import { plannedReleases } from "../../../../models/tasks/privacy-events.ts";
import { isolatesFew, unitsOf } from "../../../../models/tasks/query/differencing.ts";
import { vectorParts } from "../../../../models/tasks/vector-parts.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { GlmTask } from "../../../../shared/charter/glm-spec.ts";
import { DataSchema } from "../../../../shared/charter/schema.ts";
import { referenceFit } from "../../../support/glm-reference.ts";
import {
  cellsOf,
  emptyLike,
  glmAnswer,
  glmContext,
  glmRun,
  numberIn,
  plainSum,
} from "../../../support/glm-run.ts";
import { enrolled, PRIVACY } from "../../../support/manifests.ts";
import { secureSum } from "../../../support/secure-sum.ts";
import { rng } from "../../fixtures.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "sick", missing: "allow" },
  unit: { column: "patient" },
  features: [
    { name: "age", type: "number", min: 18, max: 90 },
    { name: "pressure", type: "number", min: 60, max: 200, missing: "indicator" },
    { name: "ward", type: "category", categories: ["a", "b", "c"] },
  ],
  others: [
    { name: "visits", type: "number", min: 0, max: 60 },
    { name: "years", type: "number", min: 0, max: 8 },
    { name: "cost", type: "number", min: 0, max: 1e5, transform: "log" },
  ],
});
const HEADER = ["patient", "age", "pressure", "ward", "sick", "visits", "years", "cost"];
type Row = readonly [string, number, number | "", string, number | "", number, number, number];

/** Outcomes follow the columns; one patient in three has two rows. */
function rowsOf(count: number, seed: string): Row[] {
  const source = new UniformSource(reproducibleRng(`glm ${seed}`));
  return Array.from({ length: count }, (_, n) => {
    const age = Math.round(18 + 72 * source.unit());
    const drawn = Math.max(60, Math.min(200, Math.round(1400 + 300 * source.normal()) / 10));
    const pressure = source.unit() < 0.15 ? "" : drawn;
    const ward = ["a", "b", "c"][source.below(3)] ?? "a";
    const eta =
      (age - 55) / 25 + (pressure === "" ? 0.4 : (pressure - 140) / 60) - (ward === "c" ? 1 : 0);
    const sick = source.unit() < 1 / (1 + Math.exp(-eta)) ? 1 : 0;
    const years = Math.round(80 * source.unit()) / 10;
    let visits = 0;
    for (let left = -0.4 * years * Math.exp(eta / 2); visits < 60; visits++) {
      left -= Math.log(1 - source.unit());
      if (left > 0) break;
    }
    const cost = Math.round(100 * Math.exp(5 + eta + source.normal())) / 100;
    const patient = `${seed}-${n % 3 === 2 ? n - 1 : n}`;
    return [
      patient,
      age,
      pressure,
      ward,
      n % 40 === 7 ? "" : sick,
      visits,
      years,
      Math.min(8000, cost),
    ];
  });
}

function member(rows: readonly Row[]): PartitionedData {
  const isHoldout = (id: string): boolean => id.endsWith("7");
  const encoder = tableEncoder(SCHEMA, HEADER, { table: "t.csv", isHoldout, allowOneClass: true });
  for (const [i, row] of rows.entries()) encoder.add(row.map(String), i + 1, i + 2);
  return encoder.finish().data;
}

const TABLES = [rowsOf(240, "north"), rowsOf(150, "south"), rowsOf(60, "east")];
const MEMBERS = TABLES.map(member);
const [FIRST] = MEMBERS;
if (!FIRST) throw new Error("there are members");
const EMPTY = emptyLike(FIRST);
const ALL: PartitionedData = {
  train: joinedData(MEMBERS.map(({ train }) => train)),
  holdout: joinedData(MEMBERS.map(({ holdout }) => holdout)),
};
const ROSTER = ["h-1", "h-2", "h-3"].map((id) => enrolled(id, "ab".repeat(32)));
const COLUMNS = ["age", "pressure", "ward"];

const through =
  (context: GlmContext, privacy: typeof PRIVACY | null) =>
  (parts: readonly Float64Array[], askKind: string, round: number): Float64Array =>
    secureSum(parts, glmTask.shapeOf(context, askKind), { roster: ROSTER, privacy }, round);

/** The table itself, from the text: intercept, age, pressure or its middle, its absence, wards b and c. */
function reference(family: GlmTask["family"], target: 4 | 5 | 7) {
  const rows = TABLES.flat().filter((row) => row[target] !== "" && (target !== 5 || row[6] > 0));
  const x = rows.map((row) => {
    const [, age, pressure, ward] = row;
    const isMissing = pressure === "";
    const wards = ["b", "c"].map((name) => (ward === name ? 1 : 0));
    return [1, age, isMissing ? 130 : pressure, isMissing ? 1 : 0, ...wards];
  });
  const offset = rows.map((row) => (target === 5 ? Math.log(row[6]) : 0));
  const y = rows.map((row) => Number(row[target]));
  return { ...referenceFit(family, x, y, offset), rows, x, offset };
}

test.each([
  ["logistic", 4, {}],
  ["linear", 7, { target: "cost" }],
  ["poisson", 5, { target: "visits", exposure: "years" }],
] as const)("%s: pooled, federated and secure are one fit, and the table's own", (family, target, more) => {
  const context = glmContext(SCHEMA, { family, columns: COLUMNS, ...more }, 3);
  const pooled = glmRun(context, [ALL, EMPTY, EMPTY]);
  const federated = glmRun(context, MEMBERS);
  const secure = glmRun(context, MEMBERS, through(context, null));
  const expected = reference(family, target);
  const answers = [pooled, federated, secure].map((state) => glmAnswer(context, state));
  for (const answer of answers) {
    const found = cellsOf(answer, "coefficient").filter((cell) => cell !== null);
    const errors = cellsOf(answer, "standard error").filter((cell) => cell !== null);
    expect(found).toHaveLength(expected.beta.length);
    for (const [j, cell] of found.entries()) {
      expect(Math.abs(numberIn(cell) - (expected.beta[j] ?? 0))).toBeLessThan(1e-6);
      expect(numberIn(errors[j]) / (expected.standardErrors[j] ?? 1)).toBeCloseTo(1, 6);
    }
    expect(Number(answer.tables[1]?.rows[0]?.[1])).toBe(expected.rows.length);
    expect(Number(answer.tables[1]?.rows[2]?.[1]) / expected.deviance).toBeCloseTo(1, 8);
  }
  const parameters = expected.beta.length + (family === "linear" ? 1 : 0);
  const aic = 2 * parameters - 2 * logLikelihood(family, expected, Number(target));
  expect(numberIn(answers[0]?.tables[1]?.rows[5]?.[1]) / aic).toBeCloseTo(1, 8);
  // The ring carries limbs exactly.
  expect(answers[2]).toEqual(answers[1]);
  expect(pooled.done).toBe(pooled.total);
  expect(pooled.done).toBeLessThan(10);
});

function logLikelihood(
  family: GlmTask["family"],
  { rows, x, offset, beta, deviance }: ReturnType<typeof reference>,
  target: number,
): number {
  let sum = 0;
  for (const [i, row] of rows.entries()) {
    const y = Number(row[target]);
    const eta = (x[i] ?? []).reduce(
      (all, value, j) => all + value * (beta[j] ?? 0),
      offset[i] ?? 0,
    );
    if (family === "logistic") sum -= Math.log1p(Math.exp(y === 1 ? -eta : eta));
    if (family === "linear")
      sum -=
        0.5 *
        (Math.log((2 * Math.PI * deviance) / rows.length) +
          ((y - eta) ** 2 * rows.length) / deviance);
    if (family === "poisson") sum += y * eta - Math.exp(eta);
    for (let k = 2; family === "poisson" && k <= y; k++) sum -= Math.log(k);
  }
  return sum;
}

test("coefficients come with ratios, references and what is missing", () => {
  const spec = { family: "logistic", columns: COLUMNS, reference: { ward: "b" } };
  const context = glmContext(SCHEMA, spec, 3);
  const answer = glmAnswer(context, glmRun(context, MEMBERS));
  expect(cellsOf(answer, "column")).toEqual([
    "(intercept)",
    "age",
    "pressure",
    "pressure is missing",
    "ward = anything else",
    "ward = a",
    "ward = c",
  ]);
  const [, age] = cellsOf(answer, "coefficient");
  const [, ratio] = cellsOf(answer, "odds ratio");
  expect(numberIn(ratio)).toBeCloseTo(Math.exp(numberIn(age)), 12);
  expect(
    cellsOf(answer, "p").every((p) => p === null || (numberIn(p) >= 0 && numberIn(p) <= 1)),
  ).toBe(true);
  expect(answer.notes.join("\n")).toContain("categories are compared with ward = b");
  expect(answer.notes.join("\n")).toContain(
    "no coefficient, for want of rows: ward = anything else",
  );
});

test("per half range is the same fit in another unit", () => {
  const spec = { family: "linear", target: "cost", columns: ["age"] };
  const [unit, half] = (["unit", "halfRange"] as const).map((per) => {
    const context = glmContext(SCHEMA, { ...spec, per }, 3);
    return cellsOf(glmAnswer(context, glmRun(context, MEMBERS)), "coefficient").map(numberIn);
  });
  // From 18 to 90, and from 0 to 100,000.
  expect(half?.[1]).toBeCloseTo(((unit?.[1] ?? 0) * 36) / 50_000, 12);
});

test("conditions choose rows, and a condition that none meets leaves none", () => {
  const spec = { family: "linear", target: "cost", columns: ["age"] };
  const old = glmContext(SCHEMA, { ...spec, where: [{ column: "age", is: ">=", value: 60 }] }, 3);
  const rows = TABLES.flat().filter(([, age]) => age >= 60);
  const expected = referenceFit(
    "linear",
    rows.map(([, age]) => [1, age]),
    rows.map((row) => row[7]),
  );
  const [, slope] = cellsOf(glmAnswer(old, glmRun(old, MEMBERS)), "coefficient");
  expect(Math.abs(numberIn(slope) - (expected.beta[1] ?? 0))).toBeLessThan(1e-6);
  const none = glmContext(
    SCHEMA,
    {
      ...spec,
      where: [
        { column: "age", is: ">=", value: 90 },
        { column: "age", is: "<", value: 90 },
      ],
    },
    3,
  );
  expect(glmRun(none, MEMBERS).failure?.code).toBe("glm.no-rows");
});

test("a failure ends the run with its cause, and there is no answer", () => {
  const isOld = MEMBERS.map(({ train, holdout }) => {
    const split = (data: typeof train): typeof train => ({
      ...data,
      labels: data.labels.map((_, row) => ((data.numbers[2 * row] ?? 0) > 0 ? 1 : 0)),
    });
    return { train: split(train), holdout: split(holdout) };
  });
  const context = glmContext(SCHEMA, { family: "logistic", columns: ["age"] }, 3);
  const state = glmRun(context, isOld);
  expect(state.failure?.code).toBe("glm.separation");
  expect(glmTask.progress(state).failure?.message).toContain('"age"');
  expect(glmTask.nextAsk(context, state)).toBeNull();
  expect(glmTask.answer?.(context, state)).toBeNull();
  const short = glmContext(SCHEMA, { family: "logistic", columns: COLUMNS, rounds: 2 }, 3);
  expect(glmRun(short, MEMBERS).failure?.code).toBe("glm.not-settled");
});

test("a member that leaves during the fit is told of", () => {
  const context = glmContext(SCHEMA, { family: "logistic", columns: COLUMNS }, 3);
  const state = glmRun(context, MEMBERS, (parts, _, round) =>
    plainSum(parts.slice(0, round > 2 ? 2 : 3)),
  );
  const answer = glmAnswer(context, state);
  const two = glmAnswer(context, glmRun(context, MEMBERS.slice(0, 2)));
  for (const [j, cell] of cellsOf(answer, "coefficient").entries()) {
    if (cell === null) continue;
    expect(Math.abs(numberIn(cell) - numberIn(cellsOf(two, "coefficient")[j]))).toBeLessThan(1e-6);
  }
  expect(answer.notes.join("\n")).toMatch(
    /members came or went during the fit: it is of the \d+ rows/,
  );
});

test("a member with few units sends none of them, and says so; one without rows is one of zeros", () => {
  const few = member(rowsOf(5, "few"));
  const context = glmContext(SCHEMA, { family: "linear", target: "cost", columns: ["age"] }, 4);
  const answer = glmAnswer(context, glmRun(context, [...MEMBERS, few]));
  const without = glmAnswer(context, glmRun(context, [...MEMBERS, EMPTY]));
  expect(answer.tables).toEqual(without.tables);
  expect(answer.notes).toContain("1 member with fewer than 5 units taking part held them back");
  expect(without.notes.join()).not.toContain("held them back");
  const open = glmRun({ ...context, cellMin: 1 }, [...MEMBERS, few]);
  expect(glmAnswer(context, open).tables).not.toEqual(without.tables);
});

test("members can tell which rows a question is about", () => {
  const where = [{ column: "age", is: ">=", value: 60 }];
  const context = glmContext(
    SCHEMA,
    { family: "logistic", columns: ["pressure", "ward"], where },
    3,
  );
  const cohorts = glmTask.cohorts?.(context, FIRST) ?? new Int32Array(0);
  const [rows] = TABLES;
  const expected = (rows ?? []).filter(([, age, , , sick]) => age >= 60 && sick !== "");
  expect(cohorts.filter((one) => one >= 0)).toHaveLength(expected.length);
  const inC = expected.filter(([, , , ward]) => ward === "c").length;
  expect(cohorts.filter((one) => one === 3)).toHaveLength(inC);
});

test("a small category, which a regression tells of anyway, stands in no earlier question's way", () => {
  const [rows = []] = TABLES;
  const few = rows.map(([patient, age, pressure, , ...rest], n): Row => {
    const ward = n < 3 ? "c" : n % 2 === 0 ? "a" : "b";
    return [patient, age, pressure, ward, ...rest];
  });
  const data = member(few);
  const context = glmContext(SCHEMA, { family: "logistic", columns: ["ward"] }, 3);
  const sets = glmTask.cohorts?.(context, data) ?? new Int32Array(0);
  const all = sets.map((cell) => Math.min(cell, 0));
  expect(new Set(sets).size).toBe(3); // Two wards, and patients who are not known to be sick or not.
  expect(isolatesFew(sets, all, unitsOf(data), 5)).toBe(false);
  const butOne = all.map((cell, row) => (row === all.indexOf(0) ? -1 : cell));
  expect(isolatesFew(sets, butOne, unitsOf(data), 5)).toBe(true);
  const nobody = glmTask.cohorts?.({ ...context, cellMin: 10_000 }, data);
  expect(
    nobody?.every((cell) => cell === -1),
    "what is held back is opened by nobody",
  ).toBe(true);
});

test.each([
  [{ family: "logistic", target: "cost", columns: ["age"] }, "glm.target"],
  [{ family: "poisson", target: "ward", columns: ["age"] }, "question.not-a-number"],
  [{ family: "logistic", columns: ["sick"] }, "glm.columns"],
  [{ family: "logistic", columns: ["patient"] }, "question.identifier"],
  [{ family: "logistic", columns: ["shoe"] }, "question.column"],
  [{ family: "logistic", columns: ["ward"], reference: { ward: "z" } }, "glm.reference"],
  [{ family: "logistic", columns: ["age"], reference: { age: "z" } }, "glm.reference"],
])("a question that does not fit the schema is refused: %j", (spec, code) => {
  const context = glmContext(SCHEMA, spec, 3);
  expect(() => glmTask.plannedAsks(context)).toThrow(expect.objectContaining({ code }));
});

test.each([
  { family: "linear", columns: ["age"], exposure: "years" },
  { family: "linear", columns: ["age", "age"] },
  { family: "linear", columns: ["age"], target: "age" },
  { family: "linear", columns: ["age"], reference: { ward: "a" } },
])("a question that contradicts itself is refused: %j", (spec) => {
  expect(GlmTask.safeParse({ kind: "glm", ...spec }).success).toBe(false);
});

test("asks of other lengths and kinds, and stored states of other runs, are refused", () => {
  const context = glmContext(SCHEMA, { family: "logistic", columns: COLUMNS }, 3);
  const contribute = (kind: string, input: Float32Array) => () =>
    glmTask.contribute(context, { kind, input }, FIRST, rng("x"));
  expect(contribute("fit", new Float32Array(5))).toThrow("values instead of 21");
  expect(contribute("fit", new Float32Array(21).fill(Number.NaN))).toThrow("not finite");
  expect(contribute("start", new Float32Array(1))).toThrow("values instead of 0");
  expect(contribute("gradient", new Float32Array(0))).toThrow("never asks");
  const bytes = glmTask.encodeState(glmRun(context, MEMBERS));
  expect(() => glmTask.decodeState(context, bytes.subarray(8))).toThrow(
    "not one of this regression",
  );
  expect(() => glmTask.decodeState(context, bytes.subarray(0, -8))).toThrow(
    "not one of this regression",
  );
});

test("what is read, summed and told apart is declared, and every number that is sent has a name", () => {
  const where = [{ column: "cost", is: ">", value: 1 }];
  const spec = {
    family: "poisson",
    target: "visits",
    exposure: "years",
    columns: ["age", "ward"],
    where,
  };
  const exact = glmContext(SCHEMA, spec, 3);
  expect(glmTask.columnUse?.(exact)).toEqual({
    read: ["age", "ward", "visits", "years", "cost"],
    summed: ["age", "ward", "visits", "years", "cost"],
    grouped: ["ward"],
    joined: [],
  });
  const noised = glmContext(SCHEMA, spec, 3, NOISE);
  for (const context of [exact, noised])
    for (const kind of ["start", "fit"]) {
      const named = vectorParts(context, kind).reduce((sum, { length }) => sum + length, 0);
      expect(named).toBe(glmTask.shapeOf(context, kind).dimension);
      expect(vectorParts(context, kind).some(({ name }) => name === "not used")).toBe(false);
    }
});

const NOISE = { trainMultiplier: 0.02, holdoutMultiplier: 0.02, unitsExpected: 450, inflation: 1 };

test.each([
  ["logistic", { noise: 0.25 }],
  ["linear", { target: "cost", noise: 0.25 }],
] as const)("%s: through the wire with its noise, intervals hold the pooled coefficients", (family, {
  noise: multiplier,
  ...more
}) => {
  const noise = { ...NOISE, trainMultiplier: multiplier, holdoutMultiplier: multiplier };
  const columns = ["age", "ward"];
  const spec = { family, columns, rowsPerUnitMax: 2, per: "halfRange", ...more };
  const context = glmContext(SCHEMA, spec, 3, noise);
  const privacy = {
    ...PRIVACY,
    trainMultiplier: multiplier,
    holdoutMultiplier: multiplier,
    maxDropouts: 0,
    maxColluders: 0,
  };
  const exact = glmContext(SCHEMA, spec, 3);
  const truth = cellsOf(glmAnswer(exact, glmRun(exact, MEMBERS)), "coefficient").map(numberIn);
  let [inside, all] = [0, 0];
  for (let repetition = 0; repetition < 40; repetition++) {
    const add = through(context, privacy);
    const state = glmRun(context, MEMBERS, (parts, kind, round) =>
      add(parts, kind, 100 * repetition + round),
    );
    const answer = glmAnswer(context, state);
    for (const [j, cell] of cellsOf(answer, "without noise").entries()) {
      if (cell === null || typeof cell !== "object") continue;
      if (cell.low < (truth[j] ?? 0) && (truth[j] ?? 0) < cell.high) inside += 1;
      all += 1;
    }
    expect(state.done).toBe(family === "linear" ? 1 : 7);
  }
  expect(all).toBe(40 * 4);
  expect(inside / all).toBeGreaterThan(0.9);
  expect(inside / all).toBeLessThan(0.995);
});

test("both partitions pay for each round, all of them alike", () => {
  const context = glmContext(
    SCHEMA,
    { family: "poisson", target: "visits", columns: COLUMNS, rounds: 8 },
    3,
    NOISE,
  );
  expect(plannedReleases(context.spec, context)).toEqual(
    ["train", "holdout"].map((partition) => ({
      partition,
      event: { kind: "gaussian", noiseMultiplier: NOISE.trainMultiplier },
      count: 9,
      askKinds: ["start", "fit"],
    })),
  );
  const few = glmContext(SCHEMA, { family: "logistic", columns: COLUMNS, rounds: 4 }, 3, NOISE);
  expect(() => glmTask.plannedAsks(few)).toThrow("under noise a fit needs 5 rounds");
});

test("noise that hides the rows ends the run", () => {
  const noise = { ...NOISE, trainMultiplier: 400, holdoutMultiplier: 400 };
  const context = glmContext(SCHEMA, { family: "logistic", columns: ["age"] }, 3, noise);
  expect(glmRun(context, MEMBERS).failure?.code).toBe("glm.noise");
});
