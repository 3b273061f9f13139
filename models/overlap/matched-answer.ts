/**
 * What an exact matching comes to: how many identifiers one, two, all members have, and which two share how many; with
 * noise where the charter demands it, and small counts held back. Pure: randomness is an argument.
 */
import type { UniformSource } from "../../shared/base/uniform.ts";
import { discreteLaplace, type Fraction } from "../../shared/privacy/noise/scalar.ts";
import type { Answer, Cell, Estimate, Table } from "../answers/answer.ts";

/** Exact, as the coordinator has them. */
export interface MatchedCounts {
  /** How many identifiers exactly k members have; k − 1 is the index. */
  readonly byMembers: readonly number[];
  /** How many two members share; symmetric. */
  readonly pairs: readonly (readonly number[])[];
}

export interface MatchedTerms {
  /** ε of the answer, per identifier in one member's set; null: no noise. */
  readonly epsilon: number | null;
  /** Counts below it are held back. */
  readonly cellMin: number;
  /** What members are called, in the order of the counts. */
  readonly names: readonly string[];
}

/** ε is taken down to a whole number of these, so that noise is drawn from whole numbers. */
const EPSILON_STEPS = 1_000_000;

/**
 * Discrete Laplace noise, half of ε for either table. An identifier that comes into one member's set moves from one
 * count by members to the next: ℓ1 sensitivity 2; and into its pairs with all others: N − 1.
 *
 * @see Ghosh, Roughgarden and Sundararajan, Universally utility-maximizing privacy mechanisms, STOC 2009.
 */
export function matchedAnswer(
  counts: MatchedCounts,
  terms: MatchedTerms,
  source: UniformSource,
): Answer {
  const { epsilon, names } = terms;
  const tell = (sensitivity: number) => {
    const scale = epsilon === null ? null : scaleOf(sensitivity, epsilon / 2);
    return (count: number): number | Estimate => (scale ? noised(count, scale, source) : count);
  };
  const [tellHistogram, tellPair] = [tell(2), tell(names.length - 1)];
  const histogram = counts.byMembers.map(tellHistogram);
  const pairs = counts.pairs.map((row, i) => row.map((count, j) => (j > i ? tellPair(count) : 0)));
  return withheld(histogram, pairs, terms);
}

/** b = sensitivity/ε, never less than that. */
function scaleOf(sensitivity: number, epsilon: number): Fraction {
  const steps = Math.max(1, Math.floor(epsilon * EPSILON_STEPS));
  return { numerator: BigInt(sensitivity * EPSILON_STEPS), denominator: BigInt(steps) };
}

/** A count is not below 0; its interval holds no less for that. */
function noised(count: number, scale: Fraction, source: UniformSource): Estimate {
  const value = count + Number(discreteLaplace(scale, source));
  const reach = laplaceReach(Number(scale.numerator) / Number(scale.denominator));
  const atLeastNone = (x: number): number => Math.max(0, x);
  return {
    value: atLeastNone(value),
    low: atLeastNone(value - reach),
    high: atLeastNone(value + reach),
  };
}

/** The smallest m with P(|n| > m) ≤ 5 %: P(|n| > m) = 2·q^(m + 1)/(1 + q), q = e^(−1/b). */
function laplaceReach(scale: number): number {
  const q = Math.exp(-1 / scale);
  return Math.max(0, Math.ceil(-scale * Math.log(0.025 * (1 + q)) - 1));
}

/**
 * Counts by members and of pairs are tied by one equation, Σ pairs = Σ C(k, 2)·(by k members): one count held back could
 * be found from all others. So where any is, those by two members and more are all held back. Noised counts are held
 * back by what they say, which costs nothing.
 */
function withheld(
  histogram: readonly (number | Estimate)[],
  pairs: readonly (readonly (number | Estimate)[])[],
  { cellMin, names, epsilon }: MatchedTerms,
): Answer {
  const isSmall = (count: number | Estimate): boolean =>
    (typeof count === "number" ? count : count.value) < cellMin;
  const pair = (i: number, j: number): number | Estimate =>
    pairs[Math.min(i, j)]?.[Math.max(i, j)] ?? 0;
  const above = pairs.flatMap((_, i) => names.slice(i + 1).map((_, k) => pair(i, i + 1 + k)));
  const anySmall = [...histogram.slice(1), ...above].some(isSmall);
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
    epsilon === null
      ? "counts are exact"
      : `noise for ε = ${epsilon} per identifier of a member; intervals hold the true count in 95 of 100 answers`,
    `counts below ${cellMin} are held back${anySmall ? ", and with them those by two members and more, from which they could be found" : ""}`,
  ];
  return {
    title: "Customers in common, by exact matching",
    tables: [byMembers(shown), inCommon],
    charts: [],
    notes,
  };
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
