/** What questions answer, against the rows that they were asked of. */
import { expect, test } from "vitest";
import { queryTask } from "../../../../models/tasks/query/query.ts";
import { rng } from "../../fixtures.ts";
import {
  ASK,
  answered,
  contextOf,
  member,
  NOISE,
  ROWS,
  type Row,
  secure,
  sum,
  TABLES,
  table,
} from "../questions.ts";

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

test("a histogram of categories has a bar for each, and one for anything else", () => {
  const answer = secure(contextOf({ kind: "histogram", column: "site" }));
  const count = (site: string): number => ROWS.filter((row) => row.site === site).length;
  const names = ["A", "B", "C", "D"].map((site) => [site, count(site)]);
  const expected = [...names, ["(other)", count("elsewhere")]];
  expect(table(answer, "rows")).toEqual(expected);
  const [series] = answer.charts[0]?.series ?? [];
  expect(series?.points.map(({ x, y }) => [x, y])).toEqual(expected);
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

test("under noise a place that nobody declared is told only where it has rows, and nothing is said of what is not there", () => {
  const groupsOf = (column: string) => {
    const statistic = { kind: "means", column: "age", groups: { column } };
    const answer = secure(contextOf(statistic, {}, NOISE));
    return { answer, groups: table(answer, "means").map(([group]) => group) };
  };
  const { answer, groups } = groupsOf("site");
  expect(groups).toEqual(["A", "B", "C", "D", "(other)"]);
  expect(table(answer, "tests")[1]).toEqual([
    "its rows within groups",
    "",
    expect.any(Number),
    "",
    "",
    "",
    "",
  ]);
  expect(answer.notes.join()).not.toContain("left out");
  const arms = groupsOf("arm");
  expect(arms.groups).toEqual(["old", "new"]);
  expect(arms.answer.notes.join()).toContain("(other) and (missing) are left out");
  // A declared group stays, however few its rows; and without noise all is told.
  const nobody = { where: [{ column: "age", is: "<", value: 20 }] };
  const statistic = { kind: "means", column: "age", groups: { column: "arm" } };
  const none = secure(contextOf(statistic, nobody, NOISE));
  expect(table(none, "means").map(([group]) => group)).toEqual(["old", "new"]);
  expect(none.notes.join()).toContain("nothing is tested: fewer than two declared groups");
  expect(table(secure(contextOf(statistic, nobody)), "means")).toHaveLength(3);
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
