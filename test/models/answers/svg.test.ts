/** Charts as SVG: told in words, in light and dark, drawn where the numbers are, whatever the numbers are. */
import { expect, test } from "vitest";
import type { Chart } from "../../../models/answers/answer.ts";
import { chartSvg } from "../../../models/answers/svg.ts";
import { BARS } from "./samples.ts";

const attributes = (svg: string, pattern: RegExp): number[][] =>
  [...svg.matchAll(pattern)].map(([, ...values]) => values.map(Number));
const line: Chart = {
  kind: "lines",
  title: "ROC",
  x: "false positives",
  y: "true positives",
  series: [
    {
      name: "model",
      points: [0, 0.5, 1].map((x) => ({ x, y: x, low: x - 0.1, high: x + 0.1 })),
    },
  ],
};

test("whoever does not see it is told, and text cannot break out", () => {
  const svg = chartSvg(BARS);
  expect(svg).toContain('role="img" aria-labelledby="title description"');
  expect(svg).toContain('<title id="title">Rows by &lt;country></title>');
  expect(svg).toContain(
    "rows against country. Intervals are of 95 %. web: DE 1,200 ± 60, FR 800 ± 60, elsewhere -20 ± 60; shop: DE 700 ± 60.",
  );
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).not.toContain("NaN");
  expect(chartSvg({ ...BARS, title: "a\u0000b" })).not.toContain("\u0000");
});

test("bars are as long as their values, on either side of zero", () => {
  const boxes = attributes(
    chartSvg(BARS),
    /<g class="s\d"><rect class="bar" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="13"/g,
  );
  const [de = [], fr = [], elsewhere = [], shop = []] = boxes;
  expect(boxes).toHaveLength(4); // The NaN is left out.
  const perRow = (de[1] ?? 0) / 1200;
  expect(fr[1]).toBeCloseTo(800 * perRow, 0);
  expect(shop[1]).toBeCloseTo(700 * perRow, 0);
  expect(elsewhere[1]).toBeCloseTo(20 * perRow, 0);
  expect((elsewhere[0] ?? 0) + (elsewhere[1] ?? 0)).toBeCloseTo(de[0] ?? 0, 0);
});

test("figures below the axis and ends of intervals are where the bars say", () => {
  const svg = chartSvg(BARS);
  const [[left = 0, width = 0] = []] = attributes(
    svg,
    /class="bar" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="13"/g,
  );
  const tick = (text: string): number =>
    Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${text}</text>`).exec(svg)?.[1]);
  expect(tick("0")).toBeCloseTo(left, 0);
  expect(tick("800") - tick("0")).toBeCloseTo((800 * width) / 1200, 0);
  const [[low = 0, high = 0] = []] = attributes(
    svg,
    /class="error" d="M([\d.]+) [\d.]+v8M[\d.]+ [\d.]+H([\d.]+)/g,
  );
  expect(low - left).toBeCloseTo((1140 * width) / 1200, 0);
  expect(high - left).toBeCloseTo((1260 * width) / 1200, 0);
});

test("a line rises as its values do, in the middle of its band", () => {
  const svg = chartSvg(line);
  const marks = attributes(svg, /<circle cx="([\d.]+)" cy="([\d.]+)" r="4"/g);
  const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = marks;
  expect(marks).toHaveLength(3);
  expect(x1 - x0).toBeCloseTo(x2 - x1, 0);
  expect(y0 - y1).toBeCloseTo(y1 - y2, 0);
  expect(y0).toBeGreaterThan(y2);
  const band = /class="area" d="M([^"]+)Z"/.exec(svg)?.[1] ?? "";
  const [, upper = ""] = band.split("L");
  expect(Number(upper.split(" ")[1])).toBeCloseTo(y1 - 0.2 * (y0 - y1), 0);
});

test("steps hold a value until the next", () => {
  const points = [1, 0.8, 0.5].map((y, i) => ({ x: 10 * i, y }));
  const svg = chartSvg({ ...line, kind: "steps", series: [{ name: "s", points }] });
  expect(svg).toMatch(/class="line" d="M[\d.]+ [\d.]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+"/);
  expect(svg).not.toContain("<circle");
});

test("bars along a scale stand side by side, and an interval does not pull the axis below zero", () => {
  const points = [0, 1, 2].map((x) => ({ x, y: 10 * x, low: 10 * x - 5, high: 10 * x + 5 }));
  const svg = chartSvg({ ...line, kind: "bars", series: [{ name: "s", points }] });
  const boxes = attributes(svg, /class="bar" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g);
  expect(boxes).toHaveLength(3);
  const [[x0 = 0, width = 0] = [], [x1 = 0] = []] = boxes;
  expect(x1 - x0).toBeGreaterThan(width);
  expect(svg).not.toContain('text-anchor="end">-');
});

test.each([
  ["no series", []],
  ["no points", [{ name: "s", points: [] }]],
  ["one point", [{ name: "s", points: [{ x: 3, y: 3 }] }]],
  ["points alike", [{ name: "s", points: [1, 2].map((x) => ({ x, y: 1e9 })) }]],
  ["open intervals", [{ name: "s", points: [{ x: 1, y: 1, low: -Infinity, high: Infinity }] }]],
  ["tiny values", [{ name: "s", points: [1, 2].map((x) => ({ x, y: x * 1e-8 })) }]],
  ["huge values", [{ name: "s", points: [1, 2].map((x) => ({ x, y: x * 1e18 })) }]],
  ["names", [{ name: "s", points: ["a", "b"].map((x) => ({ x, y: 1 })) }]],
  [
    "many names",
    [{ name: "s", points: Array.from({ length: 99 }, (_, i) => ({ x: `n${i}`, y: i })) }],
  ],
])("a chart of %s is drawn", (_, series) => {
  for (const kind of ["bars", "lines", "steps"] as const) {
    const svg = chartSvg({ ...line, kind, series });
    expect(svg.endsWith("</svg>\n")).toBe(true);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test("of many names the rest is said to be there", () => {
  const points = Array.from({ length: 99 }, (_, i) => ({ x: `n${i}`, y: i }));
  expect(chartSvg({ ...BARS, series: [{ name: "s", points }] })).toContain("… and 39 more");
});
