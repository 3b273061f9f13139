/** Each statistic as a question: pooled, added up and through the wire, exact and with noise, and where there is nothing. */
import { expect, test } from "vitest";
import type { Answer, Cell, Estimate } from "../../../models/answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../../models/data.ts";
import { joinedData } from "../../../models/data-parts.ts";
import { tableEncoder } from "../../../models/features/encoder.ts";
import { queryTask } from "../../../models/tasks/query.ts";
import type { QueryContext } from "../../../models/tasks/query-statistic.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { enrolled, PRIVACY } from "../../support/manifests.ts";
import { secureSum } from "../../support/secure-sum.ts";
import { rng } from "../fixtures.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "sick" },
  unit: { column: "patient" },
  features: [
    { name: "age", type: "number", min: 20, max: 100 },
    { name: "cost", type: "number", min: 0, max: 5000, transform: "log", missing: "indicator" },
    { name: "never", type: "number", min: 0, max: 1, missing: "indicator" },
  ],
  others: [
    { name: "months", type: "number", min: 0, max: 64 },
    { name: "arm", type: "category", categories: ["old", "new"] },
    { name: "site", type: "category", categories: ["A", "B", "C", "D"] },
    { name: "sex", type: "category", categories: ["f", "m"] },
  ],
});

interface Row {
  readonly age: number;
  readonly cost: number | null;
  readonly months: number;
  readonly arm: string;
  readonly site: string;
  readonly sex: string;
  readonly sick: 0 | 1;
}

const source = new UniformSource(rng("patients"));

function drawn(): Row {
  const age = 20 + Math.floor(80 * source.unit());
  const arm = source.unit() < 0.5 ? "old" : "new";
  const months = Math.min(64, Math.ceil(-Math.log(1 - source.unit()) * (arm === "new" ? 40 : 22)));
  return {
    age,
    cost: source.unit() < 0.1 ? null : Math.round(Math.exp(2 + age / 20 + source.normal())),
    months,
    arm,
    site: ["A", "B", "B", "C", "elsewhere"][source.below(5)] ?? "",
    sex: source.unit() < 0.45 ? "f" : "m",
    sick: source.unit() < 0.2 + age / 200 ? 1 : 0,
  };
}

const TABLES: Row[][] = [900, 500, 700].map((count) => Array.from({ length: count }, drawn));
const ROWS = TABLES.flat();
const HEADER = ["age", "cost", "never", "months", "arm", "site", "sex", "patient", "sick"];

function member(
  rows: readonly Row[],
  name: string,
  patientOf = (index: number) => `${name}${index}`,
): PartitionedData {
  const options = { table: name, isHoldout: (id: string) => id.endsWith("7"), allowOneClass: true };
  const encoder = tableEncoder(SCHEMA, HEADER, options);
  for (const [i, { age, cost, months, arm, site, sex, sick }] of rows.entries()) {
    const cells = [age, cost ?? "", "", months, arm, site, sex, patientOf(i), sick];
    encoder.add(cells.map(String), i + 1, i + 2);
  }
  return encoder.finish().data;
}

const MEMBERS = TABLES.map((rows, k) => member(rows, `m${k}-`));
/** One member has no rows at all. */
const ROSTER = ["h1", "h2", "h3", "h4"].map((id) => enrolled(id, "ab".repeat(32)));
const ASK = { kind: "query", input: new Float32Array(0) };
const MULTIPLIERS = { trainMultiplier: 1.5, holdoutMultiplier: 1.5, unitsExpected: 2100 };
/** One of four members may collude: the others' noise is enough, and what is opened has all four's. */
const NOISE = { ...MULTIPLIERS, inflation: Math.sqrt(4 / 3) };

function contextOf(
  statistic: object,
  more: object = {},
  noise: QueryContext["noise"] = null,
): QueryContext {
  const spec = TaskSpec.parse({ kind: "query", statistic, ...more });
  if (spec.kind !== "query") throw new Error("a query is one");
  return { spec, schema: SCHEMA, noise, rowsMax: 3000, memberCount: 4, cellMin: 1 };
}

function nobody(): PartitionedData {
  const [{ train, holdout } = { train: null, holdout: null }] = MEMBERS;
  if (train === null || holdout === null) throw new Error("there are members");
  return { train: emptied(train), holdout: emptied(holdout) };
}

function emptied(data: EncodedData): EncodedData {
  return { ...data, rowCount: 0, unitStarts: Uint32Array.of(0) };
}

const parts = (context: QueryContext): Float64Array[] =>
  [...MEMBERS, nobody()].map((data, k) => queryTask.contribute(context, ASK, data, rng(`${k}`)));

function answered(context: QueryContext, sum: Float64Array): Answer {
  const state = queryTask.absorb(context, queryTask.begin(context), sum);
  const answer = queryTask.answer?.(context, state);
  if (!answer) throw new Error("a complete question has an answer");
  return answer;
}

function summed(vectors: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (const [i, x] of vector.entries()) sum[i] = (sum[i] ?? 0) + x;
  return sum;
}

function pooled(context: QueryContext): Answer {
  const both = (pick: (data: PartitionedData) => EncodedData) => joinedData(MEMBERS.map(pick));
  const data = { train: both((d) => d.train), holdout: both((d) => d.holdout) };
  return answered(context, queryTask.contribute(context, ASK, data, rng("pooled")));
}

function federated(context: QueryContext): Answer {
  return answered(context, summed(parts(context)));
}

function secure(context: QueryContext, attempt = 0): Answer {
  const privacy = context.noise && { ...PRIVACY, ...MULTIPLIERS, maxDropouts: 0, maxColluders: 1 };
  const manifest = { roster: ROSTER, privacy, encoding: undefined };
  const shape = queryTask.shapeOf(context, "query");
  return answered(context, secureSum(parts(context), shape, manifest, attempt));
}

/** All numbers of an answer's tables, in order. */
function cellsOf({ tables }: Answer): Cell[] {
  return tables.flatMap(({ rows }) => rows.flat());
}

function table(answer: Answer, name: string): readonly (readonly Cell[])[] {
  const found = answer.tables.find((one) => one.name === name);
  if (!found) throw new Error(`no table ${name}`);
  expect(new Set(found.rows.map((row) => row.length))).toEqual(new Set([found.columns.length]));
  return found.rows;
}

const QUESTIONS: readonly [name: string, statistic: object, more?: object][] = [
  ["count", { kind: "count" }, { by: [{ column: "site" }, { column: "sick" }] }],
  ["units", { kind: "units" }, { by: [{ column: "arm" }] }],
  ["moments", { kind: "moments", column: "cost" }, { by: [{ column: "arm" }] }],
  ["histogram", { kind: "histogram", column: "age", bins: 8 }],
  ["quantiles", { kind: "quantiles", column: "cost", bins: 64 }, { by: [{ column: "arm" }] }],
  [
    "crosstab",
    { kind: "crosstab", columns: [{ column: "arm" }, { column: "sick" }, { column: "site" }] },
  ],
  ["correlation", { kind: "correlation", columns: ["age", "cost", "months"] }],
  ["t-test", { kind: "means", column: "months", groups: { column: "arm" } }],
  ["anova", { kind: "means", column: "cost", groups: { column: "age", edges: [40, 70] } }],
  [
    "drift",
    {
      kind: "drift",
      column: "cost",
      bins: 6,
      before: [{ column: "age", is: "<", value: 50 }],
      after: [{ column: "age", is: ">=", value: 50 }],
    },
  ],
  [
    "survival",
    {
      kind: "survival",
      time: "months",
      event: [{ column: "sick", is: "=", value: "1" }],
      grid: [3, 6, 12, 18, 24, 36],
      group: { column: "arm" },
    },
  ],
  ["top", { kind: "top", column: "site", k: 3 }],
];

test.each(QUESTIONS)("%s: pooled, added up and through the wire agree", (_, statistic, more) => {
  const context = contextOf(statistic, more);
  const [whole, plain, sent] = [pooled(context), federated(context), secure(context)];
  expect(sent).toEqual(plain); // Sums are whole numbers: nothing is lost on the way.
  const [own, all] = [cellsOf(plain), cellsOf(whole)];
  expect(own.length).toBe(all.length);
  for (const [i, cell] of own.entries()) expectClose(cell, all[i] ?? null);
});

/** Each member rounds its sums of reals once, to 2⁻³⁸ of a row. */
function expectClose(one: Cell, other: Cell): void {
  if (typeof one === "number" && typeof other === "number") {
    expect(Math.abs(one - other)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(other)));
  } else if (
    one !== null &&
    other !== null &&
    typeof one === "object" &&
    typeof other === "object"
  ) {
    for (const end of ["value", "low", "high"] as const) expectClose(one[end], other[end]);
  } else expect(one).toEqual(other);
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const variance = (values: readonly number[]): number =>
  sum(values.map((x) => (x - mean(values)) ** 2)) / (values.length - 1);
const costs = (rows: readonly Row[]): number[] => rows.flatMap(({ cost }) => cost ?? []);
const near = (truth: number, share = 1e-5): unknown =>
  expect.closeTo(truth, -Math.log10(2 * share * Math.abs(truth)));

test("moments are those of the members' rows, out of all tables", () => {
  const rows = table(secure(contextOf({ kind: "moments", column: "age" })), "moments");
  const ages = ROWS.map(({ age }) => age);
  expect(rows[0]?.[0]).toBe(ages.length);
  expect(rows[0]?.[1]).toEqual(near(sum(ages)));
  expect(rows[0]?.[2]).toEqual(near(mean(ages)));
  expect(rows[0]?.[4]).toEqual(near(variance(ages)));
  const cost = table(secure(contextOf({ kind: "moments", column: "cost" })), "moments");
  expect(cost[0]?.[0]).toBe(costs(ROWS).length);
  expect(cost[0]?.[2]).toEqual(near(mean(costs(ROWS).map((x) => Math.min(5000, x)))));
});

test("a histogram and quantiles are the rows' own, to within a bin", () => {
  const bins = table(secure(contextOf({ kind: "histogram", column: "age", bins: 8 })), "rows");
  const expected = Array.from(
    { length: 8 },
    (_, b) => ROWS.filter(({ age }) => age >= 20 + 10 * b && age < 30 + 10 * b).length,
  );
  expect(bins.map(([, count]) => count)).toEqual([...expected, 0]);
  expect(bins[1]?.[0]).toBe("30 to 40");
  const told = table(
    secure(contextOf({ kind: "quantiles", column: "age", shares: [0.1, 0.5], bins: 128 })),
    "quantiles",
  );
  const sorted = ROWS.map(({ age }) => age).sort((a, b) => a - b);
  for (const [k, share] of [0.1, 0.5].entries()) {
    const truth = sorted[Math.floor(share * sorted.length)] ?? 0;
    expect(Math.abs(Number(told[k]?.[1]) - truth)).toBeLessThanOrEqual(80 / 128 + 1e-4);
  }
});

test("a cross-tab's pairs add up over the other columns, and odds ratios name what they compare", () => {
  const columns = [{ column: "arm" }, { column: "sex" }, { column: "site" }];
  const answer = secure(contextOf({ kind: "crosstab", columns }));
  const count = (arm: string, sex: string): number =>
    ROWS.filter((row) => row.arm === arm && row.sex === sex).length;
  const [a, b, c, d] = [count("old", "f"), count("old", "m"), count("new", "f"), count("new", "m")];
  const ratios = table(answer, "ratios");
  expect(ratios).toHaveLength(1);
  expect(ratios[0]?.slice(0, 2)).toEqual(["sex f against m", "arm old against new"]);
  expect(ratios[0]?.[2]).toEqual(near((a * d) / (b * c)));
  const n = a + b + c + d;
  const square = (n * (a * d - b * c) ** 2) / ((a + b) * (c + d) * (a + c) * (b + d));
  expect(table(answer, "pairs")[0]?.slice(0, 4)).toEqual(["arm", "sex", near(square), 1]);
  expect(table(answer, "pairs")).toHaveLength(3);
  // Anything else and missing are counted, and in no test.
  const elsewhere = table(answer, "rows").filter(([, , site]) => site === "(other)");
  expect(sum(elsewhere.map((row) => Number(row[3])))).toBe(
    ROWS.filter(({ site }) => site === "elsewhere").length,
  );
});

test("a correlation and a t-test are the rows' own", () => {
  const r = table(
    secure(contextOf({ kind: "correlation", columns: ["age", "months"] })),
    "correlations",
  );
  const [x, y] = [ROWS.map(({ age }) => age), ROWS.map(({ months }) => months)];
  const covariance =
    sum(x.map((own, i) => (own - mean(x)) * ((y[i] ?? 0) - mean(y)))) / (x.length - 1);
  expect(r[0]?.[3]).toEqual(near(covariance / Math.sqrt(variance(x) * variance(y))));
  const statistic = { kind: "means", column: "months", groups: { column: "arm" } };
  const tests = table(secure(contextOf(statistic)), "tests");
  const [old, fresh] = ["old", "new"].map((arm) =>
    ROWS.filter((row) => row.arm === arm).map(({ months }) => months),
  ) as [number[], number[]];
  const error = Math.sqrt(variance(old) / old.length + variance(fresh) / fresh.length);
  expect(tests[0]?.slice(0, 2)).toEqual(["Welch's t", near((mean(old) - mean(fresh)) / error)]);
  expect(tests[0]?.[4]).toBe("old less new");
});

test("a survival curve is the product over the grid; drift compares shares", () => {
  const grid = Array.from({ length: 63 }, (_, j) => j + 1);
  const statistic = {
    kind: "survival",
    time: "months",
    event: [{ column: "sick", is: "=", value: "1" }],
    grid,
  };
  const curve = table(secure(contextOf(statistic)), "survival");
  let survival = 1;
  for (const [j, at] of grid.entries()) {
    const risk = ROWS.filter(({ months }) => months >= at).length;
    const events = ROWS.filter(({ months, sick }) => months === at && sick === 1).length;
    survival *= risk === 0 ? 1 : 1 - events / risk;
    expect(curve[j]?.slice(0, 3)).toEqual([at, risk, events]);
    expect(curve[j]?.[3]).toBeCloseTo(survival, 12);
  }
  const drift = secure(
    contextOf({
      kind: "drift",
      column: "sex",
      before: [{ column: "age", is: "<", value: 50 }],
      after: [{ column: "age", is: ">=", value: 60 }],
    }),
  );
  const share = (rows: readonly Row[]): number =>
    rows.filter(({ sex }) => sex === "f").length / rows.length;
  const [p, q] = [
    share(ROWS.filter(({ age }) => age < 50)),
    share(ROWS.filter(({ age }) => age >= 60)),
  ];
  const index = (p - q) * Math.log(p / q) + (q - p) * Math.log((1 - p) / (1 - q));
  expect(table(drift, "stability")[0]?.[0]).toBeCloseTo(index, 12);
  expect(table(drift, "shares")[0]).toEqual(["f", expect.closeTo(p, 12), expect.closeTo(q, 12)]);
});

test("the most frequent categories come first, and anything else last", () => {
  const rows = table(secure(contextOf({ kind: "top", column: "site", k: 2 })), "top");
  const count = (site: string): number => ROWS.filter((row) => row.site === site).length;
  expect(rows[0]).toEqual(["B", count("B"), 1, 1]);
  expect(rows).toHaveLength(3);
  expect(rows[2]).toEqual(["(other)", count("elsewhere"), null, null]);
  const all = table(secure(contextOf({ kind: "top", column: "site", k: 10 })), "top");
  expect(all.map(([name]) => name).toSorted()).toEqual(["(other)", "A", "B", "C", "D"]);
  expect(all.at(-2)).toEqual(["D", 0, 4, 4]);
});

test("rows of both kinds are in neither part of a drift", () => {
  const drift = secure(
    contextOf({
      kind: "drift",
      column: "arm",
      before: [{ column: "age", is: "<", value: 60 }],
      after: [{ column: "age", is: ">=", value: 50 }],
    }),
  );
  const share = (rows: readonly Row[]): number =>
    rows.filter(({ arm }) => arm === "old").length / rows.length;
  const [before, after] = [ROWS.filter(({ age }) => age < 50), ROWS.filter(({ age }) => age >= 60)];
  expect(table(drift, "shares")[0]).toEqual([
    "old",
    expect.closeTo(share(before), 12),
    expect.closeTo(share(after), 12),
  ]);
});

test("a unit with rows in several cells counts once in each", () => {
  const rows = (TABLES[0] ?? []).slice(0, 90);
  const data = member(rows, "m", (i) => `p${Math.floor(i / 3)}`);
  const context = contextOf({ kind: "units" }, { by: [{ column: "arm" }] });
  const answer = answered(context, queryTask.contribute(context, ASK, data, rng("units")));
  for (const [arm, units] of table(answer, "units")) {
    const own = rows.flatMap((row, i) => (row.arm === arm ? [Math.floor(i / 3)] : []));
    expect(units).toBe(new Set(own).size);
  }
});

test.each(QUESTIONS)("%s: no row weighs more than its noise is made for", (_, statistic, more) => {
  const context = contextOf(statistic, more, NOISE);
  const { release } = queryTask.shapeOf(context, "query");
  if (release.kind !== "noised") throw new Error("there is noise");
  const extremes = [20, 60, 100].map((age) => ({ ...drawn(), age, months: 64, cost: 5000 }));
  let most = 0;
  for (const row of [...extremes, ...ROWS.slice(0, 30)]) {
    const vector = queryTask.contribute(context, ASK, member([row], "one"), rng("row"));
    most = Math.max(most, Math.hypot(...vector));
  }
  expect(most).toBeLessThanOrEqual(release.sensitivity);
  expect(most).toBeGreaterThan(release.sensitivity / 2); // And the noise is made for little more.
});

test("what a pair's counts are added up over makes their noise larger", () => {
  const columns = [{ column: "arm" }, { column: "sex" }, { column: "site" }];
  const noised = table(secure(contextOf({ kind: "crosstab", columns }, {}, NOISE)), "ratios");
  const told = noised[0]?.[2] ?? null;
  if (!isEstimate(told)) throw new Error("a noised ratio has an interval");
  const count = (arm: string, sex: string): number =>
    ROWS.filter((row) => row.arm === arm && row.sex === sex).length;
  const parts = ["old", "new"].flatMap((arm) => ["f", "m"].map((sex) => 1 / count(arm, sex) ** 2));
  // Five places of the site: four declared, and anything else.
  const stdDev = 1.5 * Math.sqrt(4 / 3) * Math.sqrt(5 * sum(parts));
  expect(Math.log(told.high / told.low) / 2 / 1.96 / stdDev).toBeCloseTo(1, 1);
});

test("with noise every number has an interval, and they hold the exact ones", () => {
  let [held, all] = [0, 0];
  for (const [, statistic, more] of QUESTIONS) {
    const exact = cellsOf(pooled(contextOf(statistic, more)));
    for (let attempt = 0; attempt < 4; attempt++) {
      const answer = secure(contextOf(statistic, more, NOISE), attempt);
      const noised = cellsOf(answer);
      // Tables that rank or test by what noise leaves may have other rows.
      if (noised.length !== exact.length) continue;
      for (const [i, told] of noised.entries()) {
        const truth = exact[i];
        if (!isEstimate(told) || typeof truth !== "number") continue;
        all += 1;
        if (told.low <= truth && truth <= told.high) held += 1;
      }
    }
  }
  expect(all).toBeGreaterThan(500);
  expect(held / all).toBeGreaterThan(0.92);
  expect(held / all).toBeLessThan(0.98);
});

function isEstimate(cell: Cell): cell is Estimate {
  return typeof cell === "object" && cell !== null;
}

test.each(
  QUESTIONS,
)("%s: of no rows, and of a column without values, there is an answer", (_, statistic, more) => {
  const where = [
    { column: "age", is: "<", value: 30 },
    { column: "age", is: ">", value: 90 },
  ];
  for (const noise of [null, NOISE]) {
    for (const cell of cellsOf(secure(contextOf(statistic, { ...more, where }, noise)))) {
      if (typeof cell === "number") expect(Number.isFinite(cell)).toBe(true);
      if (isEstimate(cell)) {
        expect([cell.value, cell.low, cell.high].every(Number.isFinite)).toBe(true);
        expect(cell.low <= cell.value && cell.value <= cell.high).toBe(true);
      }
    }
  }
});

test.each([
  [{ kind: "moments", column: "never" }],
  [{ kind: "quantiles", column: "never" }],
  [{ kind: "correlation", columns: ["age", "never"] }],
  [{ kind: "means", column: "never", groups: { column: "arm" } }],
  [{ kind: "histogram", column: "never" }],
])("a column that is empty everywhere has counts of zero and nothing else: %j", (statistic) => {
  for (const cell of cellsOf(secure(contextOf(statistic)))) {
    const isKnown =
      cell === null || typeof cell === "string" || [0, 0.25, 0.5, 0.75].includes(Number(cell));
    expect(isKnown || cell === ROWS.length).toBe(true);
  }
});

test("a member's part of a cell of the statistic's own is held back as of the question's", () => {
  const statistic = { kind: "histogram", column: "cost", bins: 40 };
  const exact = table(secure(contextOf(statistic)), "rows").map(([, count]) => Number(count));
  const context = { ...contextOf(statistic), cellMin: 10 };
  const held = table(secure(context), "rows").map(([, count]) => Number(count));
  const small = held.filter((count, i) => count < (exact[i] ?? 0));
  expect(small.length).toBeGreaterThan(0);
  for (const count of held) expect(count === 0 || count >= 10).toBe(true);
  expect(secure(context).notes.join()).toContain("held them back");
});

test.each([
  [{ kind: "moments", column: "site" }, "needs a column of numbers"],
  [{ kind: "quantiles", column: "salary" }, 'no column "salary"'],
  [{ kind: "top", column: "age" }, "needs declared categories"],
  [{ kind: "correlation", columns: ["age", "age"] }, "named twice"],
  [{ kind: "crosstab", columns: [{ column: "age" }, { column: "arm" }] }, "edges"],
  [{ kind: "means", column: "age", groups: { column: "patient" } }, "tells customers apart"],
  [
    {
      kind: "survival",
      time: "months",
      event: [{ column: "sick", is: "=", value: "1" }],
      grid: [6, 3],
    },
    "must ascend",
  ],
  [
    {
      kind: "survival",
      time: "months",
      event: [{ column: "sick", is: "=", value: "yes" }],
      grid: [6],
    },
    'no category "yes"',
  ],
])("%j is refused with what to change", (statistic, words) => {
  expect(() => queryTask.plannedAsks(contextOf(statistic))).toThrow(words);
});
