/** Rows are bounded as their noise says, and intervals cover the pooled coefficients as often as they say. */
import { expect, test } from "vitest";
import { symmetricEigen } from "../../../models/glm/eigen.ts";
import type { Family } from "../../../models/glm/family.ts";
import { unpacked } from "../../../models/glm/matrix.ts";
import {
  heardColumns,
  matrixWeight,
  type NoisedRound,
  nextBeta,
  noisedDispersion,
  roundNorm,
  type Solved,
  solveRounds,
} from "../../../models/glm/noised.ts";
import { fitLayout, fitSums, type Problem, startSums } from "../../../models/glm/row-sums.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { referenceFit } from "../../support/glm-reference.ts";
import { COUNT_MAX, plainRows, problemOf, rowsOf, tableFor } from "./tables.ts";

const FAMILIES: readonly Family[] = ["logistic", "linear", "poisson"];

/** One member's sums of a round before noise, as they are released: divided by the response's scale. */
function roundSums(
  problem: Problem,
  beta: Float64Array,
  data: Parameters<typeof rowsOf>[0],
): Float64Array {
  const { family, design, response } = problem;
  const weight = matrixWeight(family, design.rowSquareMax);
  const { extras } = fitLayout(beta.length);
  if (family === "linear") return startSums(problem, rowsOf(data), weight).subarray(0, extras + 1);
  const bounds = { matrixWeight: weight, meanMax: response.scale };
  return fitSums(problem, beta, rowsOf(data), bounds).subarray(0, extras);
}

test.each(FAMILIES)("%s: no row's part exceeds the norm that its noise is by", (family) => {
  const problem = problemOf(family);
  const bound = roundNorm(family, problem.design.rowSquareMax);
  const data = tableFor(family, 300, "norms");
  const source = new UniformSource(reproducibleRng("norms"));
  let largest = 0;
  for (let row = 0; row < data.rowCount; row++) {
    // The worst rows: numbers at their bounds, targets at theirs.
    const numbers = data.numbers.slice(4 * row, 4 * row + 4);
    if (row % 2 === 0) numbers[0] = row % 4 === 0 ? 18 : 90;
    if (row % 3 === 0) numbers[1] = 1e5;
    numbers[2] =
      family === "logistic" ? row % 2 : row % 2 === 0 ? 0 : family === "linear" ? 100 : COUNT_MAX;
    const one = { ...data, rowCount: 1, numbers, codes: data.codes.slice(row, row + 1) };
    const beta = Float64Array.from({ length: 7 }, () => 3 * source.normal());
    const part = roundSums(problem, beta, one);
    largest = Math.max(largest, Math.hypot(...part));
    expect(Math.max(...part.map(Math.abs))).toBeLessThanOrEqual(1);
  }
  expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-12));
  expect(largest).toBeGreaterThan(0.8 * bound);
});

interface Played {
  readonly solved: Solved;
  readonly last: NoisedRound;
  readonly squares: number;
  readonly noise: { readonly information: number; readonly gradient: number };
}

/** A noised run over all rows in one place: floating-point noise will do for a test. */
function played(
  problem: Problem,
  data: Parameters<typeof rowsOf>[0],
  multiplier: number,
  rounds: number,
  seed: string,
): Played {
  const { family, design, response } = problem;
  const count = design.columns.length;
  const source = new UniformSource(reproducibleRng(seed));
  const deviation = multiplier * roundNorm(family, design.rowSquareMax) * response.scale;
  const weight = matrixWeight(family, design.rowSquareMax);
  const noise = { information: deviation / weight, gradient: deviation };
  const { gradient, extras } = fitLayout(count);
  let beta = new Float64Array(count);
  // As a run does: from the mean, which a first sum tells.
  const mean = plainRows(data).y.reduce((sum, y) => sum + y / data.rowCount, 0);
  if (family !== "linear") beta[0] = Math.log(family === "poisson" ? mean : mean / (1 - mean));
  const opened: NoisedRound[] = [];
  let [used, squares]: [number[], number] = [[], 0];
  let solved: Solved | null = null;
  for (let round = 0; round < rounds; round++) {
    const sums = roundSums(problem, beta, data).map(
      (value) => value * response.scale + deviation * source.normal(),
    );
    const information = unpacked(
      sums.slice(0, gradient).map((x) => x / weight),
      count,
    );
    opened.push({ beta, information, gradient: sums.slice(gradient, extras) });
    squares = sums[extras] ?? 0;
    if (round === 0) used = heardColumns({ beta, information, gradient: beta }, noise);
    solved = solveRounds(opened, used, noise, 0);
    beta = nextBeta(beta, solved) as Float64Array<ArrayBuffer>;
  }
  const last = opened.at(-1);
  if (!solved || !last) throw new Error("no round was played");
  return { solved, last, squares, noise };
}

/** Pooled coefficients of columns in [−1, 1], of those that have rows. */
function pooled(problem: Problem, data: Parameters<typeof rowsOf>[0]) {
  const { x, y } = plainRows(data);
  const scaled = x.map((row) =>
    row
      .map((value, j) => {
        const { centre, halfWidth } = problem.design.columns[j] ?? { centre: 0, halfWidth: 1 };
        return (value - centre) / halfWidth;
      })
      .filter((_, j) => j !== 4),
  );
  const targets = problem.family === "linear" ? y.map((value) => (value - 50) / 50) : y;
  return referenceFit(problem.family, scaled, targets);
}

test.each([
  ["logistic", 1500, 0.8, 6],
  ["linear", 1500, 1, 1],
  ["poisson", 1000, 0.04, 6],
] as const)("%s: intervals of the noise cover pooled coefficients in 93 to 97 of 100", (family, rows, multiplier, rounds) => {
  const problem = problemOf(family);
  const data = tableFor(family, rows, "coverage");
  const reference = pooled(problem, data);
  let [covered, all, sumOfSquares] = [0, 0, 0];
  for (let repetition = 0; repetition < 100; repetition++) {
    const { solved } = played(problem, data, multiplier, rounds, `${family} ${repetition}`);
    const { used, beta, noise, drowned, isSettled } = solved;
    expect(used).toEqual([0, 1, 2, 3, 5, 6]);
    expect([drowned, isSettled]).toEqual([[], true]);
    for (const [k, j] of used.entries()) {
      const error =
        ((beta[j] ?? 0) - (reference.beta[k] ?? 0)) / Math.sqrt(noise[k * used.length + k] ?? 0);
      if (Math.abs(error) < 1.96) covered += 1;
      sumOfSquares += error ** 2;
      all += 1;
    }
  }
  expect(Math.abs(Math.sqrt(sumOfSquares / all) - 1)).toBeLessThan(0.07);
  expect(covered / all).toBeGreaterThan(0.93);
  expect(covered / all).toBeLessThan(0.97);
});

test("what is left of a linear target is told with its noise, and without what noise takes from it", () => {
  const problem = problemOf("linear");
  const data = tableFor("linear", 2500, "residuals");
  const reference = pooled(problem, data);
  let [mean, naive] = [0, 0];
  for (let repetition = 0; repetition < 150; repetition++) {
    const { solved, last, squares, noise } = played(problem, data, 3, 1, `left ${repetition}`);
    const { dispersion } = noisedDispersion(solved, last, squares, noise);
    mean += dispersion / 150;
    naive += (squares - times(last.gradient, solved.beta)) / (data.rowCount - 6) / 150;
  }
  expect(Math.abs(mean / reference.dispersion - 1)).toBeLessThan(0.08);
  expect(naive / reference.dispersion).toBeLessThan(0.92);
});

function times(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

test("rounds that were still on their way are told", () => {
  const problem = problemOf("poisson");
  const data = tableFor("poisson", 400, "coverage");
  expect(played(problem, data, 1e-4, 9, "settled").solved.isSettled).toBe(false);
});

test("columns that noise drowns are said to be, and the rest stays finite", () => {
  const problem = problemOf("logistic");
  const data = tableFor("logistic", 300, "drowned");
  const { solved } = played(problem, data, 20, 6, "drowned");
  expect(solved.used.length - solved.drowned.length).toBeLessThan(6);
  for (const value of solved.beta) expect(Math.abs(value)).toBeLessThan(1e3);
});

test("eigenvectors of a symmetric matrix are what they are called", () => {
  const n = 6;
  const source = new UniformSource(reproducibleRng("eigen"));
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      matrix[i * n + j] = source.normal();
      matrix[j * n + i] = matrix[i * n + j] ?? 0;
    }
  const { values, vectors } = symmetricEigen(matrix, n);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++) {
      let product = 0;
      for (let j = 0; j < n; j++) product += (matrix[i * n + j] ?? 0) * (vectors[j * n + k] ?? 0);
      expect(product).toBeCloseTo((values[k] ?? 0) * (vectors[i * n + k] ?? 0), 12);
    }
});
