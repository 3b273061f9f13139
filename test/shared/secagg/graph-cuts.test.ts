/**
 * What the regular graph does not stop: its bounds hold where members drop out without regard to the graph. A
 * coordinator that lies about who dropped out, with a fifth of the members on its side, is not such a chance.
 */
import { expect, test } from "vitest";
import { buildGraph } from "../../../shared/secagg/graph.ts";
import { groupRules, twoThirds } from "../../../shared/secagg/params.ts";
import { type Cut, smallestCut } from "../../support/graph-cuts.ts";
import { unsafeSecret, upTo } from "../../support/group.ts";
import { shuffled } from "../../vectors/second/graph.ts";

const SEEDS = 3;

/** Corrupt are the first in the roster: fixed before the graph is. */
function setting(count: number, corruptCount: number, number: number) {
  const seed = unsafeSecret(`cut ${count} ${number}`);
  const { degree, threshold } = groupRules(count);
  const corrupt = new Set(upTo(corruptCount));
  const dropoutsMax = count - twoThirds(count);
  const order = shuffled(upTo(count), seed);
  return { seed, degree, threshold, corrupt, dropoutsMax, order, count };
}

/** Checks on the product's own graph that a cut is what it claims to be. */
function expectCut(
  { count, seed, degree, threshold, corrupt }: ReturnType<typeof setting>,
  { dropouts, part }: Cut,
) {
  const graph = buildGraph(upTo(count), degree, seed);
  const inside = new Set(part);
  for (const member of part)
    for (const peer of graph.neighbours(member))
      expect(inside.has(peer) || dropouts.has(peer) || corrupt.has(peer)).toBe(true);
  for (const member of upTo(count)) {
    if (corrupt.has(member)) continue;
    const holders = [member, ...graph.neighbours(member)].filter((peer) => !dropouts.has(peer));
    expect(holders.length).toBeGreaterThanOrEqual(threshold);
  }
  expect(count - dropouts.size).toBeGreaterThanOrEqual(twoThirds(count));
}

test.each([
  [300, 40],
  [1_000, 80],
])("known limit: of %i members, a fifth colluding, the sum of fewer than %i is opened alone", (count, most) => {
  for (const number of upTo(SEEDS)) {
    const circle = setting(count, count / 5, number);
    const cut = smallestCut(circle);
    if (!cut) throw new Error("no cut: is the limit gone? Then say so here");
    expectCut(circle, cut);
    expect(cut.part.length).toBeLessThan(most);
    expect(cut.part.length).toBeLessThan(twoThirds(count) / 2);
  }
});

test.each([210, 300])("of %i members of whom none colludes no part is opened alone", (count) => {
  for (const number of upTo(2)) expect(smallestCut(setting(count, 0, number))).toBeNull();
});
