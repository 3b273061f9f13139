/** Patients of four hospitals, one of them without any, and every statistic as a question to them. */
import { expect } from "vitest";
import type { Answer, Cell, Estimate } from "../../../models/answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../../models/data.ts";
import { joinedData } from "../../../models/data-parts.ts";
import { tableEncoder } from "../../../models/features/encoder.ts";
import { queryTask } from "../../../models/tasks/query/query.ts";
import type { QueryContext } from "../../../models/tasks/query/statistic.ts";
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

export interface Row {
  readonly age: number;
  readonly cost: number | null;
  readonly months: number;
  readonly arm: string;
  readonly site: string;
  readonly sex: string;
  readonly sick: 0 | 1;
}

const source = new UniformSource(rng("patients"));

export function drawn(): Row {
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

export const TABLES: Row[][] = [900, 500, 700].map((count) => Array.from({ length: count }, drawn));
export const ROWS = TABLES.flat();
const HEADER = ["age", "cost", "never", "months", "arm", "site", "sex", "patient", "sick"];

export function member(
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
export const ASK = { kind: "query", input: new Float32Array(0) };
const MULTIPLIERS = { trainMultiplier: 1.5, holdoutMultiplier: 1.5, unitsExpected: 2100 };
/** One of four members may collude: the others' noise is enough, and what is opened has all four's. */
export const NOISE = { ...MULTIPLIERS, inflation: Math.sqrt(4 / 3) };

export function contextOf(
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

export function answered(context: QueryContext, sum: Float64Array): Answer {
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

export function pooled(context: QueryContext): Answer {
  const both = (pick: (data: PartitionedData) => EncodedData) => joinedData(MEMBERS.map(pick));
  const data = { train: both((d) => d.train), holdout: both((d) => d.holdout) };
  return answered(context, queryTask.contribute(context, ASK, data, rng("pooled")));
}

export function federated(context: QueryContext): Answer {
  return answered(context, summed(parts(context)));
}

export function secure(context: QueryContext, attempt = 0): Answer {
  const privacy = context.noise && { ...PRIVACY, ...MULTIPLIERS, maxDropouts: 0, maxColluders: 1 };
  const manifest = { roster: ROSTER, privacy, encoding: undefined };
  const shape = queryTask.shapeOf(context, "query");
  return answered(context, secureSum(parts(context), shape, manifest, attempt));
}

/** All numbers of an answer's tables, in order. */
export function cellsOf({ tables }: Answer): Cell[] {
  return tables.flatMap(({ rows }) => rows.flat());
}

export function table(answer: Answer, name: string): readonly (readonly Cell[])[] {
  const found = answer.tables.find((one) => one.name === name);
  if (!found) throw new Error(`no table ${name}`);
  expect(new Set(found.rows.map((row) => row.length))).toEqual(new Set([found.columns.length]));
  return found.rows;
}

export const QUESTIONS: readonly [name: string, statistic: object, more?: object][] = [
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

export function isEstimate(cell: Cell): cell is Estimate {
  return typeof cell === "object" && cell !== null;
}

export const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
