/** Tails and quantiles against second methods: closed forms, binomial sums, and series with 340 digits. */
import { expect, test } from "vitest";
import {
  chiSquareTail,
  fisherTail,
  studentQuantile,
  studentTwoSided,
} from "../../../models/statistics/distributions.ts";
import { incompleteBeta, incompleteGamma } from "../../../models/statistics/special.ts";
import { binomialUpperTail } from "../../../shared/base/binomial.ts";
import { normalTail } from "../../../shared/base/normal.ts";

const BOUND = 1e-12;
const off = (value: number, truth: number): number => Math.abs(value / truth - 1);

/** e^(−x/2)·Σ (x/2)^k/k!, k below half the degrees: the upper tail where degrees are even. */
function poissonSum(x: number, degrees: number): number {
  let term = Math.exp(-x / 2);
  let sum = 0;
  for (let k = 0; k < degrees / 2; k++) {
    sum += term;
    term *= x / 2 / (k + 1);
  }
  return sum;
}

test.each([
  2, 8, 40, 200,
])("χ² with %i degrees of freedom is a Poisson sum, down to 10⁻³⁰⁰", (degrees) => {
  for (const x of [0.01, 1, 0.9 * degrees, degrees + 2, 5 * degrees, 700, 1380]) {
    const truth = poissonSum(x, degrees);
    if (truth > 1e-303) expect(off(chiSquareTail(x, degrees), truth)).toBeLessThan(BOUND);
  }
});

test("χ² with one degree of freedom is a squared normal", () => {
  for (const z of [1e-3, 0.5, 1.96, 6, 20, 37])
    expect(off(chiSquareTail(z * z, 1), 2 * normalTail(z))).toBeLessThan(BOUND);
});

test("a beta law's tails are a binomial one's", () => {
  for (const [a, b] of [
    [3, 5],
    [40, 2],
    [700, 900],
  ] as const) {
    for (const x of [1e-4, 0.07, 0.4, 0.6, 0.99]) {
      const law = { trials: a + b - 1, success: x, failure: 1 - x };
      const other = { trials: a + b - 1, success: 1 - x, failure: x };
      const { lower, upper } = incompleteBeta(x, 1 - x, a, b);
      const [below, above] = [binomialUpperTail(a, law), binomialUpperTail(b, other)];
      if (below > 1e-300) expect(off(lower, below)).toBeLessThan(BOUND);
      if (above > 1e-300) expect(off(upper, above)).toBeLessThan(BOUND);
    }
  }
});

test("Student's law with one and two degrees of freedom has a closed form", () => {
  for (const t of [1e-6, 0.3, 1, 12.7, 1e5]) {
    expect(off(studentTwoSided(t, 1), (2 / Math.PI) * Math.atan(1 / t))).toBeLessThan(BOUND);
    const root = Math.sqrt(2 + t * t);
    expect(off(studentTwoSided(-t, 2), 2 / (root * (root + t)))).toBeLessThan(BOUND);
  }
});

test("far tails, as their series gives them with 340 digits", () => {
  expect(off(incompleteGamma(1000, 300).lower, 2.41492014829678e-221)).toBeLessThan(BOUND);
  expect(off(incompleteGamma(0.01, 1).upper, 0.00221623462322799)).toBeLessThan(BOUND);
  expect(off(incompleteBeta(0.5, 0.5, 0.5, 300).upper, 2.25673892384457e-92)).toBeLessThan(BOUND);
  expect(off(studentTwoSided(40, 30), 1.37260451944064e-27)).toBeLessThan(BOUND);
  expect(off(fisherTail(800, 3, 300), 9.5457704789714e-143)).toBeLessThan(BOUND);
});

test("Student's and F's limits are the normal law and χ², and are reached without a step", () => {
  expect(studentTwoSided(5, Number.POSITIVE_INFINITY)).toBe(2 * normalTail(5));
  expect(fisherTail(4, 3, Number.POSITIVE_INFINITY)).toBe(chiSquareTail(12, 3));
  for (const t of [0.5, 3, 25])
    expect(off(studentTwoSided(t, 0.999999e5), studentTwoSided(t, 1.000001e5))).toBeLessThan(1e-5);
  expect(off(fisherTail(1.5, 3, 0.99e7), fisherTail(1.5, 3, 1.01e7))).toBeLessThan(1e-7);
  expect(off(studentTwoSided(37, 1e6), 1.8299730861801e-299)).toBeLessThan(BOUND);
});

test.each([
  [1, 12.706],
  [2, 4.303],
  [10, 2.228],
  [30, 2.042],
  [120, 1.98],
  [Number.POSITIVE_INFINITY, 1.96],
])("the table's two-sided point of Student's t at 5 per cent, %d degrees of freedom: %d", (degrees, table) => {
  // Fisher and Yates, Statistical tables, table III.
  const quantile = studentQuantile(0.05, degrees);
  expect(quantile).toBeCloseTo(table, 3);
  expect(off(studentTwoSided(quantile, degrees), 0.05)).toBeLessThan(BOUND);
});

test("tables' 5 % points of χ² and F", () => {
  // Abramowitz and Stegun, tables 26.8 and 26.9.
  expect(chiSquareTail(3.84146, 1)).toBeCloseTo(0.05, 6);
  expect(chiSquareTail(18.307, 10)).toBeCloseTo(0.05, 5);
  expect(fisherTail(4.96, 1, 10)).toBeCloseTo(0.05, 3);
  expect(fisherTail(2.71, 5, 20)).toBeCloseTo(0.05, 3);
});

test("what lies at the ends", () => {
  expect(chiSquareTail(0, 3)).toBe(1);
  expect(fisherTail(0, 2, 3)).toBe(1);
  expect(studentTwoSided(0, 7)).toBeCloseTo(1, 14);
  expect(studentTwoSided(Number.POSITIVE_INFINITY, 7)).toBe(0);
  expect(chiSquareTail(Number.POSITIVE_INFINITY, 7)).toBe(0);
});
