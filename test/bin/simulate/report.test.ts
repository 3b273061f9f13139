/** Tables, pictures and options of a simulation. */
import { expect, test } from "vitest";
import type { Played } from "../../../bin/simulate/baselines.ts";
import { chartSvg } from "../../../bin/simulate/chart.ts";
import { type SimulateOptions, wantedOf } from "../../../bin/simulate/options.ts";
import type { Result } from "../../../bin/simulate/play.ts";
import {
  noteLines,
  plotOf,
  roundsCsv,
  spreadOf,
  tableLines,
} from "../../../bin/simulate/report.ts";
import { joinedData, selectedUnits } from "../../../models/data-parts.ts";
import { schemaOf, tableOf } from "../../models/fixtures.ts";

function run(rocAuc: number, more: Partial<Played> = {}): Played {
  const metrics = { rocAuc, prAuc: rocAuc / 2, recallAt1pctFpr: 0, recallAt5pctFpr: 0.5 };
  return { seed: "a,b", metrics, secure: metrics, rounds: [], aborted: 0, failure: null, ...more };
}

const failed = { metrics: null, aborted: 21, failure: { code: "x", message: "round 3: gone" } };
const opened = { round: 0, askKind: "evaluate", aborted: 2, survivors: 9, loss: null };
const result: Result = {
  lines: [
    { kind: "pooled", epsilon: null, setting: null, runs: [run(0.95)] },
    { kind: "alone", epsilon: null, setting: null, runs: [run(0.7)] },
    {
      kind: "federated",
      epsilon: null,
      setting: null,
      runs: [run(0.9, { rounds: [{ ...opened, metrics: run(0.9).metrics }] }), run(0.8), run(0.94)],
    },
    { kind: "federated", epsilon: 3, setting: null, runs: [run(0.85), run(0, failed)] },
  ],
  memberCount: 10,
  trainUnits: 100,
  holdoutRows: 20,
  notes: ["a note"],
};

test("medians and ranges over seeds; of no runs there is none", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, low: 1, high: 4 });
  expect(spreadOf([])).toEqual({ median: Number.NaN, low: Number.NaN, high: Number.NaN });
});

test("the table has a line for each setting, and says what failed or was aborted", () => {
  const [head = "", , ...rows] = tableLines(result);
  expect(rows).toHaveLength(4);
  for (const row of rows) expect(row.length).toBe(head.length);
  expect(rows[2]).toContain("| federated, no noise     | 0.9000 (0.8000–0.9400) |");
  expect(rows[3]).toMatch(/ε = 3 .*\| 0\.8500 .*\| 21 .*\| 1 of 2 /);
  const notes = noteLines(result).join("\n");
  for (const part of ["a note", "round 3: gone", "Nothing in a simulation is protected"])
    expect(notes).toContain(part);
});

test("rounds are written one a line, texts with commas in quotation marks", () => {
  expect(roundsCsv(result).split("\n").slice(0, 2)).toEqual([
    "epsilon,seed,round,kind,survivors,aborted,loss,rocAuc,prAuc",
    'none,"a,b",0,evaluate,9,2,,0.9,0.45',
  ]);
});

test("the picture has a title, a description with the figures, labels, and a form for dark screens", () => {
  const svg = plotOf(result, "rocAuc", "10 <members>");
  expect(svg).toContain('role="img" aria-labelledby="title description"');
  expect(svg).toContain('<title id="title">ROC-AUC against ε: 10 &lt;members>');
  expect(svg).toContain(
    "no noise 0.900, ε = 3 0.850; records pooled 0.950; each member alone 0.700",
  );
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).toContain("privacy budget ε of the run");
  expect(svg.match(/<circle/g)).toHaveLength(3); // Two points, and one in the legend.
});

test("a better value stands higher, and all values are within the frame", () => {
  const point = (tick: number, value: number) => ({ tick, value, low: value - 0.01, high: value });
  const points = [point(0, 0.61), point(1, 0.92), point(2, Number.NaN)];
  const common = { title: "t", description: "d", xLabel: "x", yLabel: "y", ticks: ["a", "b", "c"] };
  const svg = chartSvg({ ...common, series: [{ name: "s", points }] });
  const heights = [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map((m) => Number(m[1]));
  expect(heights[0]).toBeGreaterThan(heights[1] ?? 0);
  for (const height of heights) expect(height).toBeGreaterThan(0);
  expect(svg).not.toContain("NaN");
  expect(svg).toContain(">0.6</text>");
  expect(chartSvg({ ...common, series: [{ name: "s", points: [] }] })).not.toContain("NaN");
});

test("parts of a table put together again are the table", () => {
  const schema = schemaOf(["number", { onehot: 3 }]);
  const table = tableOf(schema, 9, (unit) => 1 + (unit % 2));
  const part = (...units: number[]) => selectedUnits(table, Uint32Array.from(units));
  expect(joinedData([part(0, 1, 2), part(), part(3, 4, 5, 6, 7, 8)])).toEqual(table);
  expect(selectedUnits(part(), new Uint32Array(0)).rowCount).toBe(0);
});

const base: SimulateOptions = { data: "x.csv", label: "y", members: "5" };

test("options left out have the documented values", () => {
  expect(wantedOf(base)).toEqual({
    members: 5,
    split: null,
    skew: 0,
    epsilons: null,
    delta: null,
    holdout: 0.2,
    sides: { test: null, skip: null },
    dropProbability: 0,
    seeds: ["cloister/0", "cloister/1", "cloister/2"],
    metric: "rocAuc",
  });
  expect(wantedOf({ ...base, epsilon: "8,3,8", seeds: "1" })).toMatchObject({ epsilons: [8, 3] });
  const { sides } = wantedOf({ ...base, test: "fold=9,10", skip: "a=b=c" });
  expect(sides.test).toEqual({ column: "fold", values: ["9", "10"] });
  expect(sides.skip).toEqual({ column: "a", values: ["b=c"] });
});

test.each([
  [{ members: "2" }, "--members 2: not a whole number from 3 to 200"],
  [{ members: "201" }, "--members 201"],
  [{ drop: "1" }, "--drop 1: not 0 or more and below 1"],
  [{ drop: "-0.1" }, "--drop -0.1"],
  [{ epsilon: "3,x" }, "--epsilon x: not numbers above 0"],
  [{ epsilon: "," }, "--epsilon ,: not numbers above 0"],
  [{ epsilon: "0" }, "--epsilon 0"],
  [{ delta: "0" }, "--delta 0"],
  [{ seeds: "0" }, "--seeds 0: not a whole number from 1 to 1000"],
  [{ seeds: "0x2" }, "--seeds 0x2"],
  [{ seed: "" }, "--seed: not a text"],
  [{ skew: "9" }, "--skew 9: not a number from 0 to 3"],
  [{ holdout: "1" }, "--holdout 1"],
  [{ test: "fold" }, "--test fold: not COLUMN=VALUE,VALUE"],
  [{ skip: "=1" }, "--skip =1: not COLUMN=VALUE,VALUE"],
  [{ test: "fold=1", holdout: "0.3" }, "give one of them"],
  [
    { charter: "c.yaml", label: undefined, test: "fold=1" },
    "--test: the charter says that already",
  ],
  [{ metric: "auc" }, "--metric auc: not one of rocAuc, prAuc"],
  [{ split: "org" }, "give one of them"],
  [{ charter: "c.yaml" }, "--label: the charter says that already"],
])("%j is refused in words", (change, message) => {
  const { label, ...others } = { ...base, ...change };
  const options = label === undefined ? others : { ...others, label };
  expect(() => wantedOf(options)).toThrow(message);
});

test("without a charter the label and the members must be named", () => {
  expect(() => wantedOf({ data: "x.csv", members: "5" })).toThrow("--label is missing");
  expect(() => wantedOf({ data: "x.csv", label: "y" })).toThrow("--members is missing");
  expect(() => wantedOf({ data: "x.csv", label: "y", split: "org", skew: "1" })).toThrow("--skew");
  expect(wantedOf({ data: "x.csv", charter: "c.yaml" }).members).toBeNull();
});
