/** Tests of `models/overlap/matched-answer.ts`: noise of the law that ε asks for, and nothing small to be found. */
import { expect, test } from "vitest";
import type { Answer, Cell } from "../../../models/answers/answer.ts";
import { matchedAnswer } from "../../../models/overlap/matched-answer.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import {
  chiSquareScore,
  discreteLaplacePmf,
  ONCE_IN_A_MILLION,
} from "../../shared/privacy/statistics.ts";

const source = new UniformSource(reproducibleRng("matched answer"));
const names = ["a", "b", "c"];
/** 100 in one set, 40 in two, 10 in all: 70 = 40 + 3·10 in pairs. */
const COUNTS = {
  byMembers: [100, 40, 10],
  pairs: [
    [0, 30, 25],
    [30, 0, 15],
    [25, 15, 0],
  ],
};

const tell = (counts: typeof COUNTS, cellMin: number, epsilon: number | null = null): Answer =>
  matchedAnswer(counts, { epsilon, cellMin, names }, source);
const column = (answer: Answer, table: number): Cell[][] =>
  (answer.tables[table]?.rows ?? []).map((row) => row.slice(1));

test("without noise counts are what they are, and a member has nothing in common with itself", () => {
  const answer = tell(COUNTS, 5);
  expect(column(answer, 0)).toEqual([[100], [40], [10]]);
  expect(column(answer, 1)).toEqual([
    [null, 30, 25],
    [30, null, 15],
    [25, 15, null],
  ]);
});

test("a small count is held back, and cannot be found from the others", () => {
  const inAll = tell(COUNTS, 11);
  expect(column(inAll, 0)).toEqual([[100], [null], [null]]);
  expect(column(inAll, 1)).toEqual(column(tell(COUNTS, 0), 1));
  const inPair = tell({ ...COUNTS, byMembers: [100, 20, 20] }, 16);
  expect(column(inPair, 0)).toEqual([[100], [null], [null]]);
  expect(column(inPair, 1)[1]).toEqual([30, null, null]);
  expect(column(tell({ ...COUNTS, byMembers: [3, 40, 10] }, 5), 0)).toEqual([[null], [40], [10]]);
});

test("noise has the law that sensitivity and ε ask for: 2 for the histogram, N − 1 for pairs", () => {
  const large = {
    byMembers: [5000, 5000, 5000],
    pairs: COUNTS.pairs.map((row) => row.map(() => 5000)),
  };
  // Three members: both sensitivities are 2, and half of ε = 2 makes b = 2.
  const answers = Array.from({ length: 2000 }, () => tell(large, 5, 2));
  const four = Array.from({ length: 1000 }, () =>
    matchedAnswer(
      {
        byMembers: [5000, 0, 0, 0],
        pairs: Array.from({ length: 4 }, () => [5000, 5000, 5000, 5000]),
      },
      { epsilon: 2, cellMin: 0, names: [...names, "d"] },
      source,
    ),
  );
  const noiseIn = (all: readonly Answer[], table: number): number[] =>
    all.flatMap((answer) =>
      column(answer, table).flatMap((row, i) =>
        row.flatMap((cell, j) =>
          cell !== null && typeof cell === "object" && (table === 0 ? cell.value > 100 : j > i)
            ? [cell.value - 5000]
            : [],
        ),
      ),
    );
  for (const [noise, scale, count] of [
    [noiseIn(answers, 0), 2, 6000],
    [noiseIn(answers, 1), 2, 6000],
    [noiseIn(four, 1), 3, 6000],
  ] as const) {
    expect(noise.length).toBe(count);
    const counts = new Array<number>(121).fill(0);
    for (const n of noise) counts[n + 60] = (counts[n + 60] ?? 0) + 1;
    const score = chiSquareScore(counts, [...discreteLaplacePmf(scale, 60)]);
    expect(score).toBeLessThan(ONCE_IN_A_MILLION);
    const wrong = chiSquareScore(counts, [...discreteLaplacePmf(scale * 1.2, 60)]);
    expect(wrong).toBeGreaterThan(ONCE_IN_A_MILLION);
  }
  const cells = answers.flatMap((answer) => column(answer, 0).flat());
  const covered = cells.filter(
    (cell) => cell !== null && typeof cell === "object" && cell.low <= 5000 && cell.high >= 5000,
  );
  // A discrete law covers a little more than 95 %.
  expect(covered.length / cells.length).toBeGreaterThan(0.945);
  expect(covered.length / cells.length).toBeLessThan(0.98);
});
