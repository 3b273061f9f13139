/** Tests of `shared/secagg/params.ts`: the rules of a group of any size, and the risks they were chosen for. */
import { expect, test } from "vitest";
import { LIMITS } from "../../../shared/protocol/limits.ts";
import { groupRules, survivorsRequired, twoThirds } from "../../../shared/secagg/params.ts";
import {
  type GraphSetting,
  log2Choose,
  log2Disconnected,
  log2Sum,
  log2Tail,
  log2TooFewLive,
  log2TooManyCorrupt,
  log2TwoCertificates,
} from "../../support/graph-bounds.ts";
import { upTo } from "../../support/group.ts";

/** Groups of which every size is checked; rooms are smaller. */
const SIMULATED_MAX = 2_000;
const sizes = (from: number, to: number): number[] => upTo(to - from + 1).map((i) => from + i);

test.each([
  [3, 2, 3],
  [4, 3, 3],
  [5, 4, 4],
  [7, 6, 5],
  [10, 9, 7],
  [20, 19, 14],
  [30, 29, 21],
  [63, 62, 43],
  [64, 63, 43],
  [100, 99, 67],
  [200, 199, 134],
  [201, 58, 36],
  [300, 58, 36],
  [301, 74, 45],
  [1_000, 74, 45],
  [1_001, 90, 54],
  [10_000, 90, 54],
  [10_001, 94, 57],
  [100_000, 94, 57],
])("%i members: degree %i, threshold %i", (members, degree, threshold) => {
  expect(groupRules(members)).toMatchObject({ degree, threshold });
});

test.each([
  [3, "macs", 3, 3],
  [10, "macs", 10, 7],
  [64, "macs", 64, 43],
  [200, "macs", 200, 134],
  [201, "signatures", 201, 135],
  [327, "signatures", 327, 219],
  [328, "signatures", 327, 219],
  [1_000, "signatures", 327, 219],
  [1_001, "signatures", 489, 327],
  [2_000, "signatures", 489, 327],
])("%i members confirm by %s: of %i who may, %i must", (members, certificate, max, min) => {
  const rules = groupRules(members);
  expect([rules.certificate, rules.confirmersMax, rules.confirmationsMin]).toEqual([
    certificate,
    max,
    min,
  ]);
});

test("a third may collude with the coordinator: 2t > n + ⌊n/3⌋ for every room that confirms by MACs", () => {
  for (const members of sizes(3, 200)) {
    const { confirmersMax, confirmationsMin, certificate } = groupRules(members);
    expect([certificate, confirmersMax]).toEqual(["macs", members]);
    expect(2 * confirmationsMin).toBeGreaterThan(members + Math.floor(members / 3));
    expect(confirmationsMin).toBeLessThanOrEqual(members);
  }
});

test("colluders tolerated, 2t − n − 1, are those of the design's table", () => {
  const tolerated = [3, 4, 5, 7, 10, 20, 30, 64, 100].map(
    (members) => 2 * groupRules(members).confirmationsMin - members - 1,
  );
  expect(tolerated).toEqual([2, 1, 2, 2, 3, 7, 11, 21, 33]);
});

test("in the complete graph the shares' threshold is the confirmations' too", () => {
  for (const members of sizes(3, 200)) {
    const { degree, threshold, confirmationsMin } = groupRules(members);
    expect([degree, threshold]).toEqual([members - 1, confirmationsMin]);
  }
});

test("beyond it the degree is even, holders fit into the field, and the threshold is among neighbours", () => {
  for (const members of sizes(201, SIMULATED_MAX)) {
    const { degree, threshold } = groupRules(members);
    expect(degree % 2).toBe(0);
    expect(degree).toBeLessThan(members - 1);
    expect(degree + 1).toBeLessThanOrEqual(255);
    expect(threshold).toBeLessThanOrEqual(degree);
    // A member at the edge of a cut has half of its neighbours and itself left: too few to be opened.
    expect(threshold).toBeGreaterThan(degree / 2 + 1);
  }
});

test("fewer than three, and more than the tables hold, have no rules", () => {
  for (const members of [0, 1, 2]) expect(() => groupRules(members)).toThrow("at least 3");
  expect(() => groupRules(100_001)).toThrow("no graph");
  // Rooms have the complete graph, and its holders fit into the field.
  expect(groupRules(LIMITS.membersMax).degree).toBe(LIMITS.membersMax - 1);
  expect(LIMITS.membersMax).toBeLessThanOrEqual(255);
});

test("a sum needs two thirds, what noise needs, what the charter says, and three", () => {
  expect(sizes(3, 9).map(twoThirds)).toEqual([3, 3, 4, 5, 5, 6, 7]);
  expect(survivorsRequired(10, 10, 3)).toBe(7);
  expect(survivorsRequired(10, 2, 3)).toBe(8);
  expect(survivorsRequired(10, 2, 9)).toBe(9);
  expect(survivorsRequired(3, 3, 1)).toBe(3);
});

/** A fifth corrupt and a tenth dropped, rounded up. */
function settingOf(members: number): GraphSetting {
  const { degree, threshold } = groupRules(members);
  const [corrupt, dropouts] = [Math.ceil(members / 5), Math.ceil(members / 10)];
  return { members, degree, threshold, corrupt, dropouts };
}

const tabled = [...sizes(201, SIMULATED_MAX), 9_996, 10_000, 10_001, 99_996, 100_000];

test("no honest member has `threshold` corrupt neighbours: 2^−40 for the whole graph", () => {
  for (const members of tabled)
    expect(log2TooManyCorrupt(settingOf(members)), `${members}`).toBeLessThan(-40);
});

test("every member keeps `threshold` live neighbours: 2^−30 for the whole graph", () => {
  for (const members of tabled)
    expect(log2TooFewLive(settingOf(members)), `${members}`).toBeLessThan(-30);
});

test("honest survivors stay connected where dropouts do not know the graph: 2^−40", () => {
  for (const members of tabled)
    expect(log2Disconnected(settingOf(members)), `${members}`).toBeLessThan(-40);
});

test("two sets of survivors cannot both be certified by one committee: 2^−40", () => {
  for (const members of [...sizes(201, SIMULATED_MAX), 10_000, 100_000]) {
    const { confirmersMax, confirmationsMin } = groupRules(members);
    const corrupt = Math.ceil(members / 5);
    const risk = log2TwoCertificates(members, corrupt, confirmersMax, confirmationsMin);
    expect(risk, `${members}`).toBeLessThan(-40);
  }
});

test("known limit: in a batch of the fewest members, all corrupt ones among them, the bounds are off", () => {
  // A coordinator chooses whom it asks to deal: a fifth of the roster is three tenths of such a batch.
  for (const members of [300, 1_000, 2_000]) {
    const setting = settingOf(members);
    const batch = twoThirds(members);
    expect(log2TooManyCorrupt({ ...setting, members: batch })).toBeGreaterThan(-30);
    if (members < 1_000) continue;
    const { confirmersMax, confirmationsMin } = groupRules(members);
    const size = Math.min(confirmersMax, batch);
    const risk = log2TwoCertificates(batch, setting.corrupt, size, confirmationsMin);
    expect(risk).toBeGreaterThan(-10);
  }
});

test("where the table's degree or threshold is smaller by a step, some condition fails", () => {
  const fails = (setting: GraphSetting): boolean =>
    log2TooManyCorrupt(setting) >= -40 ||
    log2TooFewLive(setting) >= -30 ||
    log2Disconnected(setting) >= -40;
  for (const members of [300, 1_000, 10_000, 100_000]) {
    const setting = settingOf(members);
    expect(fails(setting)).toBe(false);
    expect(fails({ ...setting, threshold: setting.threshold - 1 })).toBe(true);
    for (const threshold of sizes(2, setting.degree - 2))
      expect(fails({ ...setting, degree: setting.degree - 2, threshold })).toBe(true);
  }
});

/** n over k as an integer. */
function choose(n: number, k: number): bigint {
  let result = 1n;
  for (let i = 1; i <= k; i++) result = (result * BigInt(n - k + i)) / BigInt(i);
  return k > n ? 0n : result;
}

test("tails in logarithms are the tails in integers", () => {
  for (const [population, marked, draws] of [
    [12, 5, 4],
    [60, 20, 32],
    [299, 60, 58],
  ] as const) {
    for (const atLeast of [0, 1, 3, draws - 1, draws]) {
      let exact = 0n;
      for (let hits = atLeast; hits <= Math.min(draws, marked); hits++)
        exact += choose(marked, hits) * choose(population - marked, draws - hits);
      // Shifted by 2^400, to keep the digits of what is far below 1.
      const scaled = (exact << 400n) / choose(population, draws);
      const expected = Math.log2(Number(scaled)) - 400;
      const found = log2Tail(population, marked, draws, atLeast);
      if (scaled === 0n) expect(found).toBe(Number.NEGATIVE_INFINITY);
      else expect(found).toBeCloseTo(expected, 6);
    }
  }
  expect(log2Choose(5, 6)).toBe(Number.NEGATIVE_INFINITY);
  expect(log2Sum([])).toBe(Number.NEGATIVE_INFINITY);
  expect(log2Sum([-2000, -2000])).toBeCloseTo(-1999, 9);
});
