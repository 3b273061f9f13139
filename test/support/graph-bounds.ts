/**
 * What a random regular graph and a random committee risk, exactly: hypergeometric tails in logarithms to the
 * base 2. Members that are corrupt or drop out are taken as fixed before the graph is known. Pure.
 *
 * @see Bell et al., Secure Single-Server Aggregation with (Poly)Logarithmic Overhead, CCS 2020, §3, for the first
 *   two conditions; the third is the design's own.
 */

const factorials: number[] = [0];

/** log2 n!, by adding up. */
function log2Factorial(n: number): number {
  for (let i = factorials.length; i <= n; i++)
    factorials.push((factorials[i - 1] ?? 0) + Math.log2(i));
  return factorials[n] ?? 0;
}

/** log2 of n over k; −∞ where there is no such choice. */
export function log2Choose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return log2Factorial(n) - log2Factorial(k) - log2Factorial(n - k);
}

/** log2 Σ 2^x. */
export function log2Sum(terms: readonly number[]): number {
  const largest = Math.max(Number.NEGATIVE_INFINITY, ...terms);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  return largest + Math.log2(terms.reduce((sum, term) => sum + 2 ** (term - largest), 0));
}

/** log2 P[at least `atLeast` of `draws` are marked], drawn without putting back. */
export function log2Tail(
  population: number,
  marked: number,
  draws: number,
  atLeast: number,
): number {
  const all = log2Choose(population, draws);
  const terms: number[] = [];
  for (let hits = Math.max(0, atLeast); hits <= Math.min(draws, marked); hits++)
    terms.push(log2Choose(marked, hits) + log2Choose(population - marked, draws - hits) - all);
  return log2Sum(terms);
}

export interface GraphSetting {
  readonly members: number;
  readonly degree: number;
  readonly threshold: number;
  readonly corrupt: number;
  readonly dropouts: number;
}

/** Some honest member has `threshold` corrupt neighbours: they could read its secrets of both kinds. */
export function log2TooManyCorrupt({ members, degree, threshold, corrupt }: GraphSetting): number {
  return Math.log2(members - corrupt) + log2Tail(members - 1, corrupt, degree, threshold);
}

/** Some member is left with fewer than `threshold` live neighbours: its secrets are lost, and the round. */
export function log2TooFewLive({ members, degree, threshold, dropouts }: GraphSetting): number {
  return Math.log2(members) + log2Tail(members - 1, dropouts, degree, degree - threshold + 1);
}

/**
 * The honest survivors fall apart: the circle is cut in two places, by degree/2 removed members in a row each.
 * Bounded by the number of pairs of places times the chance that two given rows are removed as a whole.
 */
export function log2Disconnected({ members, degree, corrupt, dropouts }: GraphSetting): number {
  const removed = corrupt + dropouts;
  const rows = log2Choose(members - degree, removed - degree) - log2Choose(members, removed);
  return log2Choose(members, 2) + rows;
}

/**
 * Enough of a committee is corrupt for two sets of survivors to be certified: each corrupt one signs both, each
 * honest one signs one.
 */
export function log2TwoCertificates(
  members: number,
  corrupt: number,
  committee: number,
  confirmationsMin: number,
): number {
  return log2Tail(members, corrupt, committee, 2 * confirmationsMin - committee);
}
