/** Federated Newton steps end at the pooled fit, member by member summed in fixed point; what cannot be fitted says why. */
import { expect, test } from "vitest";
import type { EncodedData } from "../../../models/data.ts";
import type { Source } from "../../../models/glm/design.ts";
import { fromParts, toParts } from "../../../models/glm/exact-floats.ts";
import type { Family } from "../../../models/glm/family.ts";
import { wideFixedPoint, wideSums, wideVector } from "../../../models/glm/fixed-sum.ts";
import {
  akaike,
  coefficientsOf,
  dispersionOf,
  samplingCovariance,
} from "../../../models/glm/inference.ts";
import { advanceFit, beginFit, type Fit, nullModel } from "../../../models/glm/newton.ts";
import { readFit, readStart } from "../../../models/glm/read-sums.ts";
import { fitSums, type Problem, startSums } from "../../../models/glm/row-sums.ts";
import { referenceFit } from "../../support/glm-reference.ts";
import { joined } from "../boost-fixtures.ts";
import { plainRows, problemOf, rowsOf, SOURCES, tableFor } from "./tables.ts";

const FAMILIES: readonly Family[] = ["logistic", "linear", "poisson"];
const MEMBERS = [130, 61, 0, 112];

function membersFor(family: Family): EncodedData[] {
  return MEMBERS.map((rows, k) => tableFor(family, rows, `member ${k}`));
}

/** Members' sums as they travel: 200 members of a million rows each decide the unit, whoever is there. */
function added(parts: readonly Float64Array[]): Float64Array {
  const point = wideFixedPoint(1_000_000, 200);
  const vectors = parts.map((part) => wideVector(part, point));
  const total = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (let i = 0; i < total.length; i++) total[i] = (total[i] ?? 0) + (vector[i] ?? 0);
  return wideSums(total, point);
}

function fitted(problem: Problem, members: readonly EncodedData[], ridge = 0) {
  const columnNames = problem.design.columns.map(({ name }) => name);
  const rules = { family: problem.family, columnNames, ridge, tolerance: 1e-7, rowsPerColumn: 3 };
  const count = columnNames.length;
  const opened = added(members.map((data) => startSums(problem, rowsOf(data))));
  const start = readStart(problem, count, opened);
  let fit: Fit = beginFit(rules, start);
  let rounds = 1;
  let sums = null;
  while (!fit.isSettled) {
    const beta = fromParts(toParts(fit.beta));
    const parts = members.map((data) => fitSums(problem, beta, rowsOf(data)));
    sums = readFit(problem, count, added(parts));
    fit = advanceFit(rules, fit, sums);
    rounds += 1;
    if (rounds > 20) throw new Error("it never settles");
  }
  if (sums === null) throw new Error("no sums were opened");
  return { fit, sums, start, rounds };
}

/** In the columns' own units, as the answer tells them. */
function answered(problem: Problem, { fit, sums }: ReturnType<typeof fitted>) {
  const { family } = problem;
  const { used, beta } = fit;
  const { dispersion, degrees } = dispersionOf(family, sums.deviance, sums.rows, used.length);
  const sampling = samplingCovariance(sums, used, 0, dispersion);
  const response =
    family === "linear" ? { centre: 50, halfWidth: 50 } : { centre: 0, halfWidth: 1 };
  const estimated = { used, beta, sampling, noise: null, drowned: [], degrees };
  return coefficientsOf(problem.design.columns, response, estimated);
}

function faultOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("nothing was thrown");
}

/** Of those columns that have rows: nothing is "anything else". */
const kept = (row: readonly number[]): number[] => row.filter((_, j) => j !== 4);

test.each(
  FAMILIES,
)("%s: coefficients, errors and deviance of four members are the pooled ones", (family) => {
  const problem = problemOf(family);
  const members = membersFor(family);
  const result = fitted(problem, members);
  const { x, y } = plainRows(joined(members));
  const reference = referenceFit(family, x.map(kept), y);

  const coefficients = answered(problem, result);

  expect(coefficients[4]).toBeNull();
  const found = coefficients.filter((one) => one !== null);
  expect(found).toHaveLength(reference.beta.length);
  for (const [j, one] of found.entries()) {
    expect(Math.abs(one.value - (reference.beta[j] ?? 0))).toBeLessThan(1e-8);
    const error = reference.standardErrors[j] ?? 0;
    expect(Math.abs(one.standardError / error - 1)).toBeLessThan(1e-6);
  }
  const unit = family === "linear" ? 2500 : 1;
  expect(unit * result.sums.deviance).toBeCloseTo(reference.deviance, 6);
  expect(result.rounds).toBeLessThan(9);
});

test("an exposure is what counts are proportional to", () => {
  const problem = problemOf("poisson", SOURCES, true);
  const members = membersFor("poisson");
  const result = fitted(problem, members);
  const { x, y, exposure } = plainRows(joined(members));
  const reference = referenceFit("poisson", x.map(kept), y, exposure.map(Math.log));
  const found = answered(problem, result).filter((one) => one !== null);
  for (const [j, one] of found.entries())
    expect(Math.abs(one.value - (reference.beta[j] ?? 0))).toBeLessThan(1e-8);
});

test.each(FAMILIES)("%s: null deviance and AIC are those of their definitions", (family) => {
  const members = membersFor(family);
  const problem = problemOf(family);
  const { start, sums, fit } = fitted(problem, members);
  const { x, y } = plainRows(joined(members));
  const unit = family === "linear" ? 2500 : 1;
  const alone = referenceFit(
    family,
    x.map(() => [1]),
    y,
  );
  const plain = referenceFit(family, x.map(kept), y);
  expect(unit * nullModel(family, start).deviance).toBeCloseTo(alone.deviance, 6);
  let logLikelihood = 0;
  for (const [i, value] of y.entries()) {
    const eta = kept(x[i] ?? []).reduce((sum, one, j) => sum + one * (plain.beta[j] ?? 0), 0);
    logLikelihood += logDensity(family, value, eta, plain.deviance / y.length);
  }
  const columns = fit.used.length;
  const { rows } = start;
  const saturated = family === "poisson" ? start.saturated : 0;
  const deviance = unit * sums.deviance;
  const parameters = columns + (family === "linear" ? 1 : 0);
  expect(akaike(family, { deviance, rows, columns, saturated })).toBeCloseTo(
    2 * parameters - 2 * logLikelihood,
    6,
  );
});

function logDensity(family: Family, y: number, eta: number, variance: number): number {
  if (family === "logistic") return -Math.log1p(Math.exp(y === 1 ? -eta : eta));
  if (family === "linear")
    return -0.5 * Math.log(2 * Math.PI * variance) - (y - eta) ** 2 / (2 * variance);
  let logFactorial = 0;
  for (let i = 2; i <= y; i++) logFactorial += Math.log(i);
  return y * eta - Math.exp(eta) - logFactorial;
}

test("a step that makes the fit worse is halved, and given up in the end", () => {
  const problem = problemOf("logistic");
  const names = problem.design.columns.map(({ name }) => name);
  const rules = {
    family: problem.family,
    columnNames: names,
    ridge: 0,
    tolerance: 1e-7,
    rowsPerColumn: 3,
  };
  const rows = rowsOf(tableFor("logistic", 200, "worse"));
  const begun = beginFit(rules, readStart(problem, names.length, startSums(problem, rows)));
  const sumsAt = ({ beta }: Fit) => readFit(problem, names.length, fitSums(problem, beta, rows));
  const accepted = advanceFit(rules, begun, sumsAt(begun));
  const worse = { ...sumsAt(accepted), deviance: 1e6 };
  const once = advanceFit(rules, accepted, worse);
  for (const [j, value] of once.beta.entries())
    expect(value).toBeCloseTo(((begun.beta[j] ?? 0) + (accepted.beta[j] ?? 0)) / 2, 12);
  // Rows that came or went are no reason.
  expect(advanceFit(rules, accepted, { ...worse, rows: 199 }).halvings).toBe(0);
  const fault = faultOf(() => {
    let fit = once;
    for (let i = 0; i < 20; i++) fit = advanceFit(rules, fit, worse);
  });
  expect(fault.code).toBe("glm.stuck");
});

test("a penalty is that of the penalised likelihood: its gradient is zero", () => {
  const problem = problemOf("logistic");
  const { fit, sums } = fitted(problem, membersFor("logistic"), 3);
  for (const j of fit.used)
    expect(Math.abs((sums.gradient[j] ?? 0) - (j === 0 ? 0 : 3 * (fit.beta[j] ?? 0)))).toBeLessThan(
      1e-5,
    );
});

test("columns that tell one another are named, and with a penalty do no harm", () => {
  const [age] = SOURCES;
  if (age?.kind !== "number") throw new Error("age is a number");
  const twin: Source = {
    ...age,
    name: "months",
    min: 0,
    max: 1200,
    read: (data, row) => 12 * age.read(data, row),
  };
  const still: Source = { ...age, name: "century", read: () => 21 };
  const members = membersFor("logistic");
  const twins = faultOf(() => fitted(problemOf("logistic", [...SOURCES, twin]), members));
  expect(twins.code).toBe("glm.collinear");
  expect(twins.message).toContain('Column "months" is a combination of "(intercept)", "age":');
  const constant = faultOf(() => fitted(problemOf("logistic", [still]), members));
  expect(constant.message).toContain('Column "century" is the same in every row');
  const { fit } = fitted(problemOf("logistic", [...SOURCES, twin]), members, 0.1);
  expect(fit.isSettled).toBe(true);
});

test.each([
  "logistic",
  "poisson",
] as const)("%s: a category without a single event is a separation, and named", (family) => {
  const members = membersFor(family).map((data) => {
    const numbers = data.numbers.slice();
    for (let row = 0; row < data.rowCount; row++)
      if (data.codes[row] === 3) numbers[4 * row + 2] = 0;
    return { ...data, numbers };
  });
  const fault = faultOf(() => fitted(problemOf(family), members));
  expect(fault.code).toBe("glm.separation");
  expect(fault.message).toContain('told apart perfectly by "region = west":');
  expect(fitted(problemOf(family), members, 0.5).fit.isSettled).toBe(true);
});

test("labels that a number tells without exception are a separation", () => {
  const members = membersFor("logistic").map((data) => {
    const numbers = data.numbers.slice();
    for (let row = 0; row < data.rowCount; row++)
      numbers[4 * row + 2] = (numbers[4 * row] ?? 0) > 50 ? 1 : 0;
    return { ...data, numbers };
  });
  const fault = faultOf(() => fitted(problemOf("logistic"), members));
  expect(fault.code).toBe("glm.separation");
  expect(fault.message).toContain('"age"');
});

test("targets that leave nothing to fit are told by name", () => {
  const flat = (value: number) => (data: EncodedData) => ({
    ...data,
    numbers: data.numbers.map((one, i) => (i % 4 === 2 ? value : one)),
  });
  const code = (family: Family, members: readonly EncodedData[]): string =>
    faultOf(() => fitted(problemOf(family), members)).code;
  const [members] = [membersFor("logistic")];
  expect(code("logistic", members.map(flat(1)))).toBe("glm.one-class");
  expect(code("poisson", members.map(flat(0)))).toBe("glm.no-events");
  expect(code("linear", members.map(flat(3)))).toBe("glm.constant-target");
  expect(code("linear", [tableFor("linear", 0, "none")])).toBe("glm.no-rows");
  expect(code("linear", [tableFor("linear", 17, "few")])).toBe("glm.too-few-rows");
});
