/** Tests of `models/overlap/matched-answer.ts`: what decoys add is taken off, intervals hold, and nothing small is found. */
import { expect, test } from "vitest";
import type { Answer, Cell } from "../../../models/answers/answer.ts";
import { decoyReach } from "../../../models/overlap/decoy-noise.ts";
import { type MatchedCounts, matchedAnswer } from "../../../models/overlap/matched-answer.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { choices } from "../../shared/privacy/accounting/exact.ts";

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

const tell = (counts: MatchedCounts, cellMin: number): Answer =>
  matchedAnswer(counts, { perPool: 0, cellMin, names });
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

test("nor is a small count told by two large ones: of those that two have who are not among what all have", () => {
  // Only a and b have 4: their 24 less the 20 of all.
  const byMembers = [100, 15, 20];
  const pairs = [
    [0, 24, 25],
    [24, 0, 26],
    [25, 26, 0],
  ];
  const few = tell({ byMembers, pairs }, 5);
  expect(column(few, 0)).toEqual([[100], [null], [null]]);
  expect(column(few, 1)[0]).toEqual([null, 24, 25]);
  expect(column(tell({ byMembers, pairs }, 4), 0)).toEqual([[100], [15], [20]]);
});

/** Three members' sets as bits, how many identifiers each combination has: what decoys do to it is played, not reckoned. */
const CELLS = [0, 60, 25, 20, 15, 30, 12, 9];

/** With all pools of three members, by the rule and not by the sums that the answer goes by. */
function playedCounts(perPool: number, coins: UniformSource): MatchedCounts {
  const cells = [...CELLS];
  const add = (sets: number): void => {
    cells[sets] = (cells[sets] ?? 0) + 1;
  };
  for (let owner = 0; owner < 3; owner++)
    for (const others of [0, 1, 2, 3, 4, 5, 6, 7].filter((set) => (set & (1 << owner)) === 0))
      for (let i = 0; i < perPool; i++) add(coins.below(2) === 1 ? others | (1 << owner) : others);
  cells[0] = 0; // What nobody has is nowhere.
  return countsOf(cells);
}

function countsOf(cells: readonly number[]): MatchedCounts {
  const byMembers = [0, 0, 0];
  const pairs = [0, 1, 2].map(() => [0, 0, 0]);
  for (const [sets, count] of cells.entries()) {
    const members = [0, 1, 2].filter((i) => (sets & (1 << i)) !== 0);
    if (members.length > 0)
      byMembers[members.length - 1] = (byMembers[members.length - 1] ?? 0) + count;
    for (const a of members)
      for (const b of members) {
        const row = pairs[a] ?? [];
        if (a !== b) row[b] = (row[b] ?? 0) + count;
      }
  }
  return { byMembers, pairs };
}

test("under decoys counts are right on average, and intervals hold them in 95 of 100 answers", () => {
  const perPool = 20;
  const truth = tell(countsOf(CELLS), 0);
  const cellsOf = (answer: Answer): Cell[] =>
    [...column(answer, 0).flat(), ...column(answer, 1).flat()].filter((cell) => cell !== null);
  const truths = cellsOf(truth);
  const rounds = 1500;
  const sums = truths.map(() => ({ error: 0, covered: 0 }));
  for (let round = 0; round < rounds; round++) {
    const noised = matchedAnswer(playedCounts(perPool, source), { perPool, cellMin: 0, names });
    for (const [i, cell] of cellsOf(noised).entries()) {
      const [sum, exact] = [sums[i], truths[i]];
      if (!sum || typeof cell !== "object" || cell === null || typeof exact !== "number")
        throw new Error("an estimate of every count");
      sum.error += cell.value - exact;
      if (cell.low <= exact && exact <= cell.high) sum.covered += 1;
    }
  }
  expect(sums).toHaveLength(9);
  for (const { error, covered } of sums) {
    // No count has more than 180 coins, of which a mean's standard error is 0.18.
    expect(Math.abs(error / rounds)).toBeLessThan(0.9);
    expect(covered / rounds).toBeGreaterThan(0.93);
    expect(covered / rounds).toBeLessThan(0.975);
  }
});

test("an interval's reach is the least that holds 95 %, by whole numbers", () => {
  for (const coins of [2, 10, 204, 816]) {
    const ways = choices(coins);
    const within = (reach: number): number => {
      const sum = ways.slice(coins / 2 - reach, coins / 2 + reach + 1).reduce((a, b) => a + b, 0n);
      return Number((sum * 10n ** 12n) >> BigInt(coins)) / 1e12;
    };
    const reach = decoyReach({ certain: 0, coins });
    expect(within(reach)).toBeGreaterThanOrEqual(0.95);
    if (reach > 0) expect(within(reach - 1)).toBeLessThan(0.95);
  }
});
