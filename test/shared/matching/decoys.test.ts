/** Decoys: which member puts in which, what the others can tell, and what they do to a whole matching's counts. */
import { describe, expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import type { Rng } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { framedHash } from "../../../shared/crypto/hash.ts";
import { LABELS } from "../../../shared/crypto/labels.ts";
import { osRng } from "../../../shared/edge/os.ts";
import { decoyStandIns, decoysMax } from "../../../shared/matching/decoys.ts";
import { matchSet } from "../../../shared/matching/set.ts";
import { MatchPlay, matchRoom, plainCounts } from "../../support/matching.ts";
import { choices } from "../privacy/accounting/exact.ts";

const pools = { runId: "a".repeat(64), memberCount: 3, decoys: 16 };
const putIn = (index: number, rng: Rng = osRng): Set<string> =>
  new Set(decoyStandIns(pools, index, rng).map(toHex));
const both = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> =>
  new Set([...a].filter((value) => b.has(value)));
const ALL_HEADS: Rng = { fill: (bytes) => bytes.fill(0xff) };
const ALL_TAILS: Rng = { fill: (bytes) => bytes.fill(0) };

test("by its coins a member puts in all of its own pools, or none; of the others' pools always those that it is in", () => {
  for (const index of [0, 1, 2]) {
    const [all, none] = [putIn(index, ALL_HEADS), putIn(index, ALL_TAILS)];
    expect(all.size).toBe(decoysMax(3, pools.decoys));
    // Four pools of its own; of each other member two of the four.
    expect(none.size).toBe(2 * 2 * pools.decoys);
    expect(both(none, all)).toEqual(none);
  }
  expect(decoysMax(5, 100)).toBe(100 * 8 * 6);
  expect(decoyStandIns({ ...pools, decoys: 0 }, 0, ALL_HEADS)).toEqual([]);
});

test("the others find the same decoys, whoever has coins for them; another run has none of them", () => {
  const sure = [0, 1, 2].map((index) => putIn(index, ALL_TAILS));
  const [a, b, c] = sure as [Set<string>, Set<string>, Set<string>];
  // The third member's pool of both others, of which it shows nothing.
  const shared = both(a, b);
  expect(shared.size).toBe(pools.decoys);
  expect(both(shared, c).size).toBe(0);
  expect(both(shared, putIn(2, ALL_HEADS))).toEqual(shared);
  const other = decoyStandIns({ ...pools, runId: "b".repeat(64) }, 0, ALL_HEADS).map(toHex);
  expect(both(putIn(0, ALL_HEADS), new Set(other)).size).toBe(0);
  // Not the hash of what an identifier could be, however it is spelled.
  const [first = ""] = a;
  expect(first).not.toBe(toHex(framedHash(LABELS.matchIdentifier, `${pools.runId}120`)));
});

/** How many values exactly each combination of sets has, as whoever sees all fully masked sets can count them. */
function cellsOf(sets: readonly Set<string>[]): number[] {
  const owners = new Map<string, number>();
  for (const [i, set] of sets.entries())
    for (const value of set) owners.set(value, (owners.get(value) ?? 0) | (1 << i));
  const cells = new Array<number>(1 << sets.length).fill(0);
  for (const sets of owners.values()) cells[sets] = (cells[sets] ?? 0) + 1;
  return cells;
}

/** For each combination of the others, the number of member 0's decoys among what they have; 600 draws. */
function tallied(rng: Rng): number[][] {
  const others = [putIn(1, ALL_TAILS), putIn(2, ALL_TAILS)];
  return Array.from({ length: 150 }, () => {
    const cells = cellsOf([putIn(0, rng), ...others]);
    // With all heads or tails of the others known, what is left is this member's.
    return [1, 3, 5, 7].map((sets) => (cells[sets] ?? 0) - known(sets));
  });
}

/** Of the others' pools, all coins tails: {0} in the combination and not their owner. */
const known = (sets: number): number =>
  [1, 2].filter((owner) => (sets & 1) === 1 && (sets & (1 << owner)) === 0).length * pools.decoys;

/** Of counts against Bin(16, ½), in standard deviations of χ². */
function score(counts: readonly number[]): number {
  const ways = choices(pools.decoys).map((n) => Number(n) / 2 ** pools.decoys);
  const edges = [0, 6, 7, 8, 9, 10, 11, pools.decoys + 1];
  let chi = 0;
  for (let i = 0; i + 1 < edges.length; i++) {
    const [low = 0, high = 0] = [edges[i], edges[i + 1]];
    const expected = counts.length * ways.slice(low, high).reduce((a, b) => a + b, 0);
    chi += (counts.filter((n) => n >= low && n < high).length - expected) ** 2 / expected;
  }
  const freedoms = edges.length - 2;
  return (chi - freedoms) / Math.sqrt(2 * freedoms);
}

describe("to all others together", () => {
  test("what a member adds to each combination has the law that it is charged for, each by itself", () => {
    const drawn = tallied(reproducibleRng("coins of decoys"));
    expect(score(drawn.flat())).toBeLessThan(6);
    for (const [a, b] of [
      [0, 1],
      [0, 3],
      [2, 3],
    ] as const) {
      const products = drawn.map((row) => ((row[a] ?? 0) - 8) * ((row[b] ?? 0) - 8));
      const mean = products.reduce((sum, one) => sum + one, 0) / products.length;
      // Variance 4 each: the mean of 150 products has the standard error ⅓.
      expect(Math.abs(mean)).toBeLessThan(1.7);
    }
  });

  test.each([
    ["puts all in", ALL_HEADS],
    ["puts none in", ALL_TAILS],
    ["flips a coin for eight at a time", byteCoins(reproducibleRng("coins of bytes"))],
  ])("a planted bug is caught: it %s", (_, rng) => {
    expect(score(tallied(rng).flat())).toBeGreaterThan(6);
  });
});

function byteCoins(rng: Rng): Rng {
  return {
    fill(bytes) {
      rng.fill(bytes);
      for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) < 128 ? 0 : 0xff;
    },
  };
}

const SETS = [
  ["a", "b", "c", "d"],
  ["b", "c", "e"],
  ["c", "d", "f", "b"],
];

test("a whole matching's counts are the true ones and what the coins add, never what they do not", () => {
  const decoys = 6;
  const room = matchRoom(3, 8, 16, decoys);
  const truth = plainCounts(SETS);
  const counts = (rng: Rng) => new MatchPlay(room, SETS, {}, mixed(rng)).begin().run().counts;
  // All heads: each pool moves up by one member. Three pools of two others, six of one, three of none.
  expect(counts(ALL_HEADS)).toEqual({
    byMembers: truth.byMembers.map((n, k) => n + decoys * ([3, 6, 3][k] ?? 0)),
    pairs: truth.pairs.map((row, i) => row.map((n, j) => (i === j ? 0 : n + decoys * 5))),
  });
  // All tails: one pool of each two members is all that they share.
  expect(counts(ALL_TAILS)).toEqual({
    byMembers: truth.byMembers.map((n, k) => n + decoys * ([6, 3, 0][k] ?? 0)),
    pairs: truth.pairs.map((row, i) => row.map((n, j) => (i === j ? 0 : n + decoys))),
  });
});

/** Coins are drawn byte by byte, six to a pool; keys, dummies and shuffles take more at a time, and are left as they are. */
function mixed(coins: Rng): Rng {
  return { fill: (bytes) => (bytes.length === 1 ? coins : osRng).fill(bytes) };
}

test("room for decoys is no room for identifiers, and every set is as long as every other", () => {
  const { params } = matchRoom(3, 8, 4, 6);
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `id-${n}`);
  const [full, empty] = [matchSet(params, 0, ids(8), ALL_HEADS), matchSet(params, 0, [], osRng)];
  expect(full.count).toBe(8 + decoysMax(3, 6));
  expect(full.standIns.length).toBe(empty.standIns.length);
  expect(empty.count).toBeLessThanOrEqual(decoysMax(3, 6));
  expect(() => matchSet(params, 0, ids(9), osRng)).toThrow("more than 8 different identifiers");
});
