/** Tests of `shared/secagg/graph.ts`: who shares masks with whom. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBitmap, toBitmap } from "../../../shared/base/member-set.ts";
import { buildGraph, type Graph } from "../../../shared/secagg/graph.ts";
import { unsafeSecret, upTo } from "../../support/group.ts";

const seedOf = (number: number): Uint8Array => unsafeSecret(`graph ${number}`);

/** Some members of a larger roster, an even degree below completeness, and a seed. */
const setting = fc
  .record({
    members: fc.uniqueArray(fc.nat(500), { minLength: 5, maxLength: 90 }),
    half: fc.integer({ min: 1, max: 20 }),
    seed: fc.nat(),
  })
  .map(({ members, half, seed }) => ({
    members: members.sort((a, b) => a - b),
    degree: 2 * Math.min(half, Math.floor((members.length - 2) / 2)),
    seed: seedOf(seed),
  }));

/** Everyone that can be reached from the first member. */
function reached(graph: Pick<Graph, "neighbours">, first: number): Set<number> {
  const seen = new Set([first]);
  for (const index of seen) for (const next of graph.neighbours(index)) seen.add(next);
  return seen;
}

test("every member has exactly `degree` neighbours, which are other members, ascending", () => {
  fc.assert(
    fc.property(setting, ({ members, degree, seed }) => {
      const graph = buildGraph(members, degree, seed);
      for (const index of members) {
        const neighbours = graph.neighbours(index);
        expect(neighbours.length).toBe(degree);
        expect(new Set(neighbours).size).toBe(degree);
        expect(neighbours).not.toContain(index);
        expect(neighbours.every((other) => members.includes(other))).toBe(true);
        expect(neighbours).toEqual([...neighbours].sort((a, b) => a - b));
      }
    }),
  );
});

test("neighbours are neighbours of each other", () => {
  fc.assert(
    fc.property(setting, ({ members, degree, seed }) => {
      const graph = buildGraph(members, degree, seed);
      for (const index of members)
        for (const other of graph.neighbours(index))
          expect(graph.neighbours(other)).toContain(index);
    }),
  );
});

test("the graph is connected, and stays so without any degree − 1 of its members", () => {
  fc.assert(
    fc.property(setting, fc.nat(), ({ members, degree, seed }, choice) => {
      const graph = buildGraph(members, degree, seed);
      expect(reached(graph, members[0] ?? -1).size).toBe(members.length);
      // The worst that so few can do: leave together, all next to one member but one.
      const victim = members[choice % members.length] ?? -1;
      const gone = new Set(graph.neighbours(victim).slice(1));
      const rest = members.filter((index) => !gone.has(index));
      const left: Pick<Graph, "neighbours"> = {
        neighbours: (index) => graph.neighbours(index).filter((other) => !gone.has(other)),
      };
      expect(reached(left, victim).size).toBe(rest.length);
    }),
  );
});

test.each([
  3, 4, 10, 64,
])("with degree n − 1 or more all %i are neighbours, whatever the seed", (n) => {
  const members = upTo(n).map((i) => 3 * i);
  for (const degree of [n - 1, n, 2 * n]) {
    const graph = buildGraph(members, degree, seedOf(degree));
    for (const index of members)
      expect(graph.neighbours(index)).toEqual(members.filter((other) => other !== index));
    expect(graph.neighbours(1)).toEqual([]);
  }
});

test("whoever is not in the graph has no neighbours", () => {
  const graph = buildGraph(upTo(20), 4, seedOf(1));
  for (const stranger of [20, 99, -1]) expect(graph.neighbours(stranger)).toEqual([]);
});

const allNeighbours = (
  members: readonly number[],
  degree: number,
  seed: Uint8Array,
): number[][] => {
  const graph = buildGraph(members, degree, seed);
  return members.map((index) => [...graph.neighbours(index)]);
};

test("the same members and seed give the same graph, another seed another", () => {
  const members = upTo(70);
  const first = allNeighbours(members, 32, seedOf(1));
  expect(allNeighbours(members, 32, seedOf(1))).toEqual(first);
  expect(allNeighbours(members, 32, seedOf(2))).not.toEqual(first);
});

test("the graph depends on places in the list, not on the indices that stand there", () => {
  const indices = upTo(40).map((i) => 7 * i + 2);
  const renamed = allNeighbours(upTo(40), 8, seedOf(3)).map((near) => near.map((i) => 7 * i + 2));
  expect(allNeighbours(indices, 8, seedOf(3))).toEqual(renamed);
});

test("the order of the list matters; a list out of a bitmap has one order only", () => {
  const members = [5, 3, 8, 1, 9, 2, 7, 0];
  const sorted = fromBitmap(toBitmap(members, 10), 10) ?? [];
  expect(sorted).toEqual([0, 1, 2, 3, 5, 7, 8, 9]);
  const graphOf = (list: readonly number[]): (readonly number[])[] => {
    const graph = buildGraph(list, 2, seedOf(4));
    return sorted.map((index) => graph.neighbours(index));
  };
  expect(graphOf(members)).not.toEqual(graphOf(sorted));
});

test("an odd degree has no regular graph here and is refused", () => {
  for (const degree of [1, 3, 7])
    expect(() => buildGraph(upTo(20), degree, seedOf(1))).toThrow("even");
  expect(() => buildGraph(upTo(20), 0, seedOf(1))).toThrow("even");
});

test("every pair is as often next to each other as every other", () => {
  const [n, degree, graphs] = [10, 4, 3000];
  const counts = upTo(n).map(() => new Array<number>(n).fill(0));
  for (let i = 0; i < graphs; i++)
    for (const [index, near] of allNeighbours(upTo(n), degree, seedOf(i)).entries())
      for (const other of near) (counts[index] ?? [])[other] = (counts[index]?.[other] ?? 0) + 1;
  const probability = degree / (n - 1);
  const spread = Math.sqrt(graphs * probability * (1 - probability));
  for (const [index, row] of counts.entries())
    for (const [other, count] of row.entries())
      if (other !== index)
        expect(Math.abs(count - graphs * probability)).toBeLessThan(4.5 * spread);
});
