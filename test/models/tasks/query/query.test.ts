/** A question over three members' tables: pooled, federated and through the wire, and what it refuses. */
import { expect, test } from "vitest";
import type { EncodedData, PartitionedData } from "../../../../models/data.ts";
import { joinedData } from "../../../../models/data-parts.ts";
import { tableEncoder } from "../../../../models/features/encoder.ts";
import { queryTask } from "../../../../models/tasks/query/query.ts";
import type { QueryContext } from "../../../../models/tasks/query/statistic.ts";
import { DataSchema } from "../../../../shared/charter/schema.ts";
import { TaskSpec } from "../../../../shared/charter/task-spec.ts";
import { enrolled, PRIVACY } from "../../../support/manifests.ts";
import { secureSum } from "../../../support/secure-sum.ts";
import { rng } from "../../fixtures.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "fraud" },
  unit: { column: "customer" },
  features: [
    { name: "amount", type: "number", min: 0, max: 1000, transform: "log", missing: "indicator" },
  ],
  others: [
    { name: "country", type: "category", categories: ["DE", "FR", "NL"] },
    { name: "age", type: "number", min: 18, max: 100 },
  ],
  identifiers: [{ name: "mail", type: "email" }],
});

const HEADER = ["mail", "age", "country", "amount", "customer", "fraud"];

function member(rows: readonly (readonly (string | number)[])[]): PartitionedData {
  const options = {
    table: "t.csv",
    isHoldout: (id: string) => id.endsWith("7"),
    allowOneClass: true,
  };
  const encoder = tableEncoder(SCHEMA, HEADER, options);
  for (const [i, row] of rows.entries()) encoder.add(row.map(String), i + 1, i + 2);
  return encoder.finish().data;
}

/** Customers of several rows; country, age and amount follow the row's number. */
function rowsOf(count: number, offset: number): (string | number)[][] {
  return Array.from({ length: count }, (_, i) => {
    const n = i + offset;
    const country = ["DE", "FR", "NL", "BE"][n % 4] ?? "";
    const amount = n % 10 === 3 ? "" : (n * 37) % 1000;
    return [
      `a${n}@b.example`,
      18 + (n % 60),
      country,
      amount,
      `c${Math.floor(n / 3)}`,
      n % 9 === 0 ? 1 : 0,
    ];
  });
}

const ROSTER = ["bank-1", "bank-2", "bank-3"].map((id) => enrolled(id, "ab".repeat(32)));
const TABLES = [rowsOf(400, 0), rowsOf(250, 1000), rowsOf(90, 5000)];
const MEMBERS = TABLES.map(member);

function asked(spec: object, noise: QueryContext["noise"] = null): QueryContext {
  const parsed = TaskSpec.parse({ kind: "query", statistic: { kind: "count" }, ...spec });
  if (parsed.kind !== "query") throw new Error("a query is one");
  return { spec: parsed, schema: SCHEMA, noise, rowsMax: 1000, memberCount: 3 };
}

const parts = (context: QueryContext): Float64Array[] =>
  MEMBERS.map((data, k) =>
    queryTask.contribute(context, { kind: "query", input: new Float32Array(0) }, data, rng(`${k}`)),
  );

function answered(context: QueryContext, sum: Float64Array) {
  const state = queryTask.absorb(context, queryTask.begin(context), sum);
  const stored = queryTask.decodeState(context, queryTask.encodeState(state));
  const answer = queryTask.answer?.(context, stored);
  if (!answer) throw new Error("a complete question has an answer");
  return answer;
}

test("rows by category and band are counted exactly, whatever travels", () => {
  const by = [{ column: "country" }, { column: "amount", edges: [100, 500] }];
  const context = asked({ by, where: [{ column: "age", is: ">=", value: 30 }] });
  const shape = queryTask.shapeOf(context, "query");
  const manifest = { roster: ROSTER, privacy: null, encoding: undefined };
  const sum = secureSum(parts(context), shape, manifest);
  const { tables, notes } = answered(context, sum);
  const counted = new Map(
    tables[0]?.rows.map(([country, band, rows]) => [`${country} ${band}`, rows]),
  );
  const expected = new Map<string, number>();
  for (const table of TABLES) {
    const own = new Map<string, number>();
    for (const [, age, country, amount] of table) {
      if (Number(age) < 30) continue;
      const name = country === "BE" ? "(other)" : country;
      const band =
        amount === ""
          ? "(missing)"
          : Number(amount) < 100
            ? "< 100"
            : Number(amount) < 500
              ? "100 to < 500"
              : "≥ 500";
      own.set(`${name} ${band}`, (own.get(`${name} ${band}`) ?? 0) + 1);
    }
    for (const [cell, rows] of own)
      if (rows >= 5) expected.set(cell, (expected.get(cell) ?? 0) + rows);
  }
  for (const [cell, rows] of counted) expect([cell, rows]).toEqual([cell, expected.get(cell) ?? 0]);
  expect([...counted.values()].some((rows) => Number(rows) > 50)).toBe(true);
  expect(notes.join()).toContain("held them back");
});

test("pooled members are one: the sum of their parts is the whole's, but for what each holds back", () => {
  const context = { ...asked({ by: [{ column: "fraud" }] }), cellMin: 1 };
  const both = (pick: (data: PartitionedData) => EncodedData) => joinedData(MEMBERS.map(pick));
  const pooled = { train: both((d) => d.train), holdout: both((d) => d.holdout) };
  const ask = { kind: "query", input: new Float32Array(0) };
  const whole = queryTask.contribute(context, ask, pooled, rng("pooled"));
  const sum = new Float64Array(whole.length);
  for (const part of parts(context))
    for (const [i, x] of part.entries()) sum[i] = (sum[i] ?? 0) + x;
  expect(sum).toEqual(whole);
});

test("noised counts are of one row a unit, and their interval is the noise's", () => {
  const noise = {
    trainMultiplier: 2,
    holdoutMultiplier: 2,
    unitsExpected: 400,
    inflation: Math.sqrt(3),
  };
  const context = asked({}, noise);
  const shape = queryTask.shapeOf(context, "query");
  const units = new Set(TABLES.flatMap((table, k) => table.map((row) => `${k} ${row[4]}`))).size;
  const privacy = { ...PRIVACY, maxDropouts: 1, maxColluders: 1 };
  const manifest = { roster: ROSTER, privacy, encoding: undefined };
  let inside = 0;
  for (let attempt = 0; attempt < 40; attempt++) {
    const sum = secureSum(parts(context), shape, manifest, attempt);
    const cell = answered(context, sum).tables[0]?.rows[0]?.[0];
    if (typeof cell !== "object" || cell === null)
      throw new Error("a noised count has an interval");
    expect((cell.high - cell.low) / 2).toBeCloseTo(1.96 * 2 * Math.sqrt(3), 1);
    if (units >= cell.low && units <= cell.high) inside += 1;
  }
  expect(inside).toBeGreaterThanOrEqual(34);
});

test.each([
  [{ where: [{ column: "salary", is: "=", value: 3 }] }, 'no column "salary"'],
  [{ where: [{ column: "customer", is: "=", value: "c1" }] }, "tells customers apart"],
  [{ by: [{ column: "mail" }] }, "tells customers apart"],
  [{ where: [{ column: "country", is: "=", value: "XX" }] }, 'no category "XX"'],
  [{ where: [{ column: "amount", is: ">", value: 2000 }] }, "outside"],
  [{ where: [{ column: "amount", is: "=", value: "much" }] }, "has numbers"],
  [{ by: [{ column: "amount" }] }, "edges"],
  [{ by: [{ column: "amount", edges: [5, 5] }] }, "ascend"],
  [{ by: [{ column: "country", edges: [5] }] }, "has categories"],
])("%j is refused with what to change", (spec, words) => {
  expect(() => queryTask.plannedAsks(asked(spec))).toThrow(words);
});
