/**
 * Who shares masks with whom: a Harary graph over a random order of the members, from a public seed that
 * no single party chose. With degree n − 1 or more it is the complete graph. Pure.
 *
 * @see Bell et al., Secure Single-Server Aggregation with (Poly)Logarithmic Overhead, CCS 2020, §3.
 */
import { assert } from "../base/assert.ts";
import { UniformSource } from "../base/uniform.ts";
import { seededRng } from "../crypto/hash.ts";

export interface Graph {
  /** A member's neighbours, ascending. Empty for whoever is not in the graph. */
  neighbours(index: number): readonly number[];
  /** Who holds shares of a member's secrets: its neighbours and itself, ascending. Point = place + 1. */
  holders(index: number): readonly number[];
}

/**
 * @param members Roster indices, ascending.
 * @param degree Even, unless the graph is complete.
 * @param seed 32 bytes; unused for the complete graph.
 */
export function buildGraph(members: readonly number[], degree: number, seed: Uint8Array): Graph {
  if (degree >= members.length - 1) {
    const known = new Set(members);
    return remembered((index) =>
      known.has(index) ? members.filter((other) => other !== index) : [],
    );
  }
  assert(degree >= 2 && degree % 2 === 0, "the degree of a regular graph is even");
  const order = Uint32Array.from(members);
  new UniformSource(seededRng(seed)).shuffleInPlace(order);
  const place = new Map<number, number>();
  for (let i = 0; i < order.length; i++) place.set(order[i] ?? 0, i);
  return remembered((index) => {
    const at = place.get(index);
    if (at === undefined) return [];
    const found: number[] = [];
    for (let step = 1; step <= degree / 2; step++) {
      found.push(order[(at + step) % order.length] ?? 0);
      found.push(order[(at - step + order.length) % order.length] ?? 0);
    }
    return found.sort((a, b) => a - b);
  });
}

/** A pure cache: both lists are asked for many times a round. */
function remembered(neighboursOf: (index: number) => readonly number[]): Graph {
  const lists = new Map<number, readonly number[]>();
  const holders = new Map<number, readonly number[]>();
  const neighbours = (index: number): readonly number[] => {
    const known = lists.get(index) ?? neighboursOf(index);
    lists.set(index, known);
    return known;
  };
  return {
    neighbours,
    holders(index) {
      const known = holders.get(index) ?? [...neighbours(index), index].sort((a, b) => a - b);
      holders.set(index, known);
      return known;
    },
  };
}
