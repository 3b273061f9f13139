/** Reasons: exact where the model is linear, complete where it is not, and nothing for what cannot matter. */
import { expect, test } from "vitest";
import { architectureOf, isGraph } from "../../../models/engine/architecture.ts";
import type { Model } from "../../../models/model.ts";
import {
  type Explanation,
  explainer,
  GAP_MAX,
  largestReasons,
} from "../../../models/scoring/reasons.ts";
import { rowScorer } from "../../../models/scoring/row-scorer.ts";
import { ALL, encodedRows, rawModel, rawRows } from "../raw-rows.ts";

const ROWS = 200;

function explained(model: Model): { logit: number; explanation: Explanation }[] {
  const { numbers, codes } = encodedRows(model, rawRows(model, ROWS));
  const { numberCount, categoryCount, logit } = rowScorer(model);
  const explain = explainer(model);
  return Array.from({ length: ROWS }, (_, r) => {
    const at = [numbers, r * numberCount, codes, r * categoryCount] as const;
    return { logit: logit(...at), explanation: explain(...at) };
  });
}

const sumOf = ({ reasons }: Explanation): number =>
  reasons.reduce((sum, { contribution }) => sum + contribution, 0);

test("logistic regression: each feature's own term, exactly", () => {
  const model = rawModel(["when", "age", "day"], []);
  const [other = 0, mon = 0, tue = 0, when = 0, age = 0, unknown = 0, bias = 0] = model.params;
  const [whenCentre = 0, ageCentre = 0, whenScale = 1, ageScale = 1] = model.scaling;
  const explain = explainer(model);
  const known = explain(Float32Array.of(0.5, -0.25), 0, Uint16Array.of(2), 0);
  const mean = (mon + tue) / 2;
  expect(known.reasons).toEqual([
    { feature: "when", contribution: expect.closeTo(when * (0.5 - whenCentre) * whenScale, 12) },
    { feature: "age", contribution: expect.closeTo(age * (-0.25 - ageCentre) * ageScale, 12) },
    { feature: "constructor", contribution: expect.closeTo(tue - mean, 12) },
  ]);
  expect(known.baseline).toBeCloseTo(bias + mean, 12);
  const missing = explain(Float32Array.of(whenCentre, Number.NaN), 0, Uint16Array.of(0), 0);
  expect(missing.reasons.map(({ contribution }) => contribution)).toEqual([
    expect.closeTo(0, 12),
    expect.closeTo(unknown, 12),
    expect.closeTo(other - mean, 12),
  ]);
  for (const { explanation } of explained(rawModel(ALL, []))) {
    expect(Math.abs(explanation.gap)).toBeLessThan(1e-12);
    expect(explanation.steps).toBe(1);
  }
});

test.each([
  ["relu", [16, 8]],
  ["relu", [64, 32]],
  ["tanh", [16, 8]],
  ["tanh", [5]],
] as const)("nets: contributions add up to the difference of log-odds: %s %j", (activation, hidden) => {
  const model = rawModel(ALL, [...hidden], activation);
  // Far from linear: bends all along the path.
  for (let i = 0; i < model.params.length; i++) model.params[i] = 4 * (model.params[i] ?? 0);
  for (const { logit, explanation } of explained(model)) {
    expect(explanation.logit).toBeCloseTo(logit, 9);
    const gap = Math.abs(logit - explanation.baseline - sumOf(explanation));
    expect(gap).toBeLessThan(GAP_MAX);
    expect(explanation.gap).toBeCloseTo(logit - explanation.baseline - sumOf(explanation), 9);
    if (activation === "relu") expect(gap).toBeLessThan(1e-5);
    expect(explanation.steps).toBeGreaterThanOrEqual(activation === "tanh" ? 16 : 1);
    expect(explanation.steps).toBeLessThan(activation === "tanh" ? 5000 : 500);
  }
});

test.each([
  "tanh",
  "relu",
] as const)("%s: integrated gradients as the definition has them, by brute force over finite differences", (activation) => {
  const model = rawModel(["when", "age"], [5, 4], activation);
  const score = rowScorer(model);
  const [c0 = 0, c1 = 0] = model.scaling;
  const x = [0.8, -0.6] as const;
  const steps = 4000;
  const sums = [0, 0];
  const h = 1e-3;
  const logit = (a: number, b: number): number =>
    score.logit(Float32Array.of(a, b), 0, new Uint16Array(), 0);
  for (let s = 0; s < steps; s++) {
    const t = (s + 0.5) / steps;
    const [a, b] = [c0 + t * (x[0] - c0), c1 + t * (x[1] - c1)];
    sums[0] = (sums[0] ?? 0) + (logit(a + h, b) - logit(a - h, b)) / (2 * h) / steps;
    sums[1] = (sums[1] ?? 0) + (logit(a, b + h) - logit(a, b - h)) / (2 * h) / steps;
  }
  const { reasons } = explainer(model)(Float32Array.of(...x), 0, new Uint16Array(), 0);
  expect(reasons[0]?.contribution).toBeCloseTo((x[0] - c0) * (sums[0] ?? 0), 3);
  expect(reasons[1]?.contribution).toBeCloseTo((x[1] - c1) * (sums[1] ?? 0), 3);
});

test("a feature that the net does not read, and one at its centre, are no reasons", () => {
  const model = rawModel(["when", "age"], [6]);
  const network = architectureOf(model.schema, model.spec);
  const { layers } = isGraph(network) ? { layers: [] } : network;
  const from = layers[0]?.kernelOffset ?? 0;
  model.params.fill(0, from + 6, from + 18); // The rows of age and its indicator.
  for (const { explanation } of explained(model))
    expect(explanation.reasons[1]).toEqual({ feature: "age", contribution: expect.closeTo(0, 12) });
  const centre = model.scaling[0] ?? 0;
  const { reasons } = explainer(model)(Float32Array.of(centre, 0.3), 0, new Uint16Array(), 0);
  expect(reasons[0]?.contribution).toBeCloseTo(0, 12);
});

test("the largest reasons come first, and what lowers the score is none", () => {
  const reasons = [
    { feature: "a", contribution: 0.1 },
    { feature: "b", contribution: -3 },
    { feature: "c", contribution: 2 },
    { feature: "d", contribution: 0 },
  ];
  expect(largestReasons(reasons, 5).map(({ feature }) => feature)).toEqual(["c", "a"]);
  expect(largestReasons(reasons, 1).map(({ feature }) => feature)).toEqual(["c"]);
});
