/** Coefficients and sums travel exactly; a row's part of a sum is what its definition says, and bounded. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { designOf, rowWriter, type Source } from "../../../models/glm/design.ts";
import { asSent, fromParts, toParts } from "../../../models/glm/exact-floats.ts";
import { rowTermsInPlace } from "../../../models/glm/family.ts";
import { wideFixedPoint, wideSums, wideVector } from "../../../models/glm/fixed-sum.ts";
import { fitLayout, fitSums } from "../../../models/glm/row-sums.ts";
import { plainRows, problemOf, rowsOf, SOURCES, tableFor } from "./tables.ts";

test("a double of any size that a coefficient may have is three 32-bit floats, exactly", () => {
  const double = fc.double({ min: -1e30, max: 1e30, noNaN: true });
  fc.assert(
    fc.property(fc.array(double), (drawn) => {
      const values = Float64Array.from(drawn, (value) => (Math.abs(value) < 2 ** -97 ? 0 : value));
      expect(fromParts(toParts(values)).map((x) => x + 0)).toEqual(values.map((x) => x + 0));
    }),
  );
  const ends = Float64Array.of(2 ** -97, 1 + 2 ** -52, 1 - 2 ** -53, 1e30, -1e30, 0.1, 2 ** 24 + 1);
  expect(fromParts(toParts(ends))).toEqual(ends);
});

test("what is too fine or too large to be sent becomes the nearest that is not", () => {
  const values = Float64Array.of(
    2 ** -149 * 1.25,
    1e31,
    Number.NaN,
    -Infinity,
    2 ** -100 + 2 ** -150,
  );
  const sent = asSent(values);
  expect(sent).toEqual(Float64Array.of(2 ** -149, 1e30, 0, -1e30, 2 ** -100));
  expect(fromParts(toParts(sent))).toEqual(sent);
});

test.each([
  [2, 1000],
  [5, 1_000_000],
  [200, 10_000_000],
])("%i members' sums over %i rows add up to the unit, within the ring", (members, rowsMax) => {
  const point = wideFixedPoint(rowsMax, members);
  const bound = fc.double({ min: -point.sumMax, max: point.sumMax, noNaN: true });
  const few = fc.array(bound, { minLength: 1, maxLength: members });
  fc.assert(
    fc.property(few, (sums) => {
      const units = sums.map((sum) => BigInt(Math.round(sum * point.scale)));
      const total = new Float64Array(3);
      for (const sum of sums) {
        const limbs = wideVector(Float64Array.of(sum), point);
        for (const [i, limb] of limbs.entries()) {
          expect(Number.isInteger(limb) && Math.abs(limb) <= point.limbMax).toBe(true);
          total[i] = (total[i] ?? 0) + limb;
        }
      }
      const exact = Number(units.reduce((sum, one) => sum + one, 0n));
      const [opened = 0] = wideSums(total, point);
      expect(Math.abs(opened * point.scale - exact)).toBeLessThanOrEqual(
        2 ** -52 * Math.abs(exact),
      );
      for (const limb of total) expect(Math.abs(limb)).toBeLessThan(2 ** 31);
    }),
  );
  expect(point.sumMax).toBeGreaterThanOrEqual(rowsMax * 1024);
  expect(point.scale).toBeGreaterThanOrEqual(2 ** 34);
});

test("what is beyond the bound is cut off, and what is no number is a bug", () => {
  const point = wideFixedPoint(1000, 3);
  const [cut] = wideSums(wideVector(Float64Array.of(Number.POSITIVE_INFINITY), point), point);
  expect(cut).toBe(point.sumMax);
  expect(() => wideVector(Float64Array.of(Number.NaN), point)).toThrow();
});

test("a row has one entry for each column that is not 0, and at most 1 in each", () => {
  const data = tableFor("logistic", 200, "rows");
  const design = designOf(SOURCES);
  const write = rowWriter(design);
  const { x } = plainRows(data);
  for (let row = 0; row < data.rowCount; row++) {
    const { count, columns, values } = write(data, row);
    const full = new Array<number>(design.columns.length).fill(0);
    let squares = 0;
    for (let k = 0; k < count; k++) {
      full[columns[k] ?? 0] = values[k] ?? 0;
      squares += (values[k] ?? 0) ** 2;
    }
    expect(squares).toBeLessThanOrEqual(design.rowSquareMax);
    const own = design.columns.map(
      ({ centre, halfWidth }, j) => centre + halfWidth * (full[j] ?? 0),
    );
    for (const [j, value] of (x[row] ?? []).entries()) expect(own[j]).toBeCloseTo(value, 9);
  }
});

test("a number beyond its bounds counts as the bound", () => {
  const source: Source = {
    kind: "number",
    name: "n",
    min: -3,
    max: 5,
    isLog: false,
    mayBeMissing: false,
    read: (data, row) => data.numbers[row] ?? 0,
  };
  const write = rowWriter(designOf([source]));
  const data = { ...tableFor("logistic", 2, "bounds"), numbers: Float32Array.of(-40, 9) };
  expect([write(data, 0).values[1], write(data, 1).values[1]]).toEqual([-1, 1]);
});

test("terms of a row are those of the definitions, also where probabilities are tiny", () => {
  const terms = { residual: 0, weight: 0, deviance: 0 };
  for (const eta of [-3.1, -0.2, 0, 1.7, 12]) {
    for (const y of [0, 1]) {
      rowTermsInPlace(terms, "logistic", eta, y);
      const mean = 1 / (1 + Math.exp(-eta));
      expect(terms.residual).toBeCloseTo(y - mean, 14);
      expect(terms.weight).toBeCloseTo(mean * (1 - mean), 14);
      expect(terms.deviance).toBeCloseTo(-2 * Math.log(y === 1 ? mean : 1 - mean), 9);
    }
    rowTermsInPlace(terms, "poisson", eta, 3);
    expect(terms.deviance).toBeCloseTo(
      2 * (3 * Math.log(3 / Math.exp(eta)) - 3 + Math.exp(eta)),
      9,
    );
    expect([terms.residual, terms.weight]).toEqual([3 - Math.exp(eta), Math.exp(eta)]);
  }
  rowTermsInPlace(terms, "logistic", -800, 0);
  expect(terms).toEqual({ residual: -0, weight: 0, deviance: 0 });
  rowTermsInPlace(terms, "logistic", 800, 0);
  expect(terms).toEqual({ residual: -1, weight: 0, deviance: 1600 });
});

test("sums are those of the rows one by one: gradient and information are the deviance's derivatives", () => {
  const data = tableFor("poisson", 60, "derivatives");
  const problem = problemOf("poisson", SOURCES, true);
  const count = problem.design.columns.length;
  const beta = Float64Array.from({ length: count }, (_, j) => 0.3 - 0.1 * j);
  const { gradient, extras } = fitLayout(count);
  const at = (b: Float64Array): Float64Array => fitSums(problem, b, rowsOf(data));
  const here = at(beta);
  const step = 1e-5;
  for (let j = 0; j < count; j++) {
    const up = at(beta.map((value, k) => value + (k === j ? step : 0)));
    const down = at(beta.map((value, k) => value - (k === j ? step : 0)));
    const slope = ((up[extras] ?? 0) - (down[extras] ?? 0)) / (2 * step);
    expect(here[gradient + j]).toBeCloseTo(-slope / 2, 6);
    for (let i = 0; i <= j; i++) {
      const curve = ((up[gradient + i] ?? 0) - (down[gradient + i] ?? 0)) / (2 * step);
      expect(here[i * count - (i * (i + 1)) / 2 + j]).toBeCloseTo(-curve, 6);
    }
  }
});
