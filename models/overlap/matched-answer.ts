/**
 * What a matching comes to: how many identifiers one, two, all members have, and which two share how many; where members
 * put in decoys, without what these add on average and with intervals; small counts are held back. Pure.
 */
import type { Answer, Cell, Estimate, Table } from "../answers/answer.ts";
import {
  type DecoyNoise,
  decoyReach,
  noiseByMembers,
  noiseOfPair,
  withoutNoise,
} from "./decoy-noise.ts";

/** As the coordinator has them, members' decoys among them. */
export interface MatchedCounts {
  /** How many identifiers exactly k members have; k − 1 is the index. */
  readonly byMembers: readonly number[];
  /** How many two members share; symmetric. */
  readonly pairs: readonly (readonly number[])[];
}

export interface MatchedTerms {
  /** Decoys of one pool; 0: no noise. */
  readonly perPool: number;
  /** Counts below it are held back. */
  readonly cellMin: number;
  /** What members are called, in the order of the counts. */
  readonly names: readonly string[];
}

/** Members' noise is in the counts already: what it adds on average comes off, and the rest is the interval. */
export function matchedAnswer(counts: MatchedCounts, terms: MatchedTerms): Answer {
  const { perPool, names } = terms;
  const { length } = names;
  const tell = (noiseOf: () => DecoyNoise) => {
    if (perPool === 0) return (count: number): number => count;
    const noise = noiseOf();
    const reach = decoyReach(noise);
    return (count: number): Estimate => estimateOf(withoutNoise(count, noise), reach);
  };
  const histogram = counts.byMembers.map((count, k) =>
    tell(() => noiseByMembers(length, k + 1, perPool))(count),
  );
  const tellPair = tell(() => noiseOfPair(length, perPool));
  const pairs = counts.pairs.map((row, i) => row.map((count, j) => (j > i ? tellPair(count) : 0)));
  return withheld(histogram, pairs, terms);
}

/** A count is not below 0; its interval holds no less for that. */
function estimateOf(value: number, reach: number): Estimate {
  const atLeastNone = (x: number): number => Math.max(0, x);
  return {
    value: atLeastNone(value),
    low: atLeastNone(value - reach),
    high: atLeastNone(value + reach),
  };
}

/**
 * Counts by members and of pairs are tied by one equation, Σ pairs = Σ C(k, 2)·(by k members): one count held back could
 * be found from all others. So where any is, those by two members and more are all held back; and where of an exact count of
 * a pair few are left without those that all have. Noised counts are held back by what they say, which costs nothing.
 */
function withheld(
  histogram: readonly (number | Estimate)[],
  pairs: readonly (readonly (number | Estimate)[])[],
  { cellMin, names, perPool }: MatchedTerms,
): Answer {
  const isSmall = (count: number | Estimate): boolean =>
    (typeof count === "number" ? count : count.value) < cellMin;
  const pair = (i: number, j: number): number | Estimate =>
    pairs[Math.min(i, j)]?.[Math.max(i, j)] ?? 0;
  const above = pairs.flatMap((_, i) => names.slice(i + 1).map((_, k) => pair(i, i + 1 + k)));
  const found = [...histogram.slice(1), ...above, ...notInAll(histogram, above)];
  const anySmall = found.some(isSmall);
  const shown = histogram.map((count, k): Cell => {
    return isSmall(count) || (k > 0 && anySmall) ? null : count;
  });
  const inCommon: Table = {
    name: "Identifiers in common",
    columns: [
      { name: "member", kind: "text" },
      ...names.map((name) => ({ name, kind: "count" }) as const),
    ],
    rows: names.map((name, i) => [
      name,
      ...names.map((_, j): Cell => (i === j || isSmall(pair(i, j)) ? null : pair(i, j))),
    ]),
  };
  const notes = [
    perPool === 0
      ? "counts are exact"
      : "every member added noise of its own; intervals hold the true count in 95 of 100 answers",
    `counts below ${cellMin} are held back${anySmall ? ", and with them those by two members and more, from which they could be found" : ""}`,
  ];
  return {
    title: "Customers in common, by exact matching",
    tables: [byMembers(shown), inCommon],
    charts: [],
    notes,
  };
}

/** Of exact counts of pairs among more than two members: less what all have. It is the difference of two told numbers. */
function notInAll(
  histogram: readonly (number | Estimate)[],
  pairs: readonly (number | Estimate)[],
): number[] {
  const inAll = histogram.at(-1);
  if (typeof inAll !== "number" || histogram.length === 2) return [];
  return pairs.flatMap((count) => (typeof count === "number" ? [count - inAll] : []));
}

function byMembers(shown: readonly Cell[]): Table {
  return {
    name: "Identifiers by how many members have them",
    columns: [
      { name: "members", kind: "count" },
      { name: "identifiers", kind: "count" },
    ],
    rows: shown.map((count, k) => [k + 1, count]),
  };
}
