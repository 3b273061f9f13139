/** Are a column's whole numbers amounts or codes? Pure. */
import type { ColumnProfile, Level } from "./profile.ts";

/** Up to so many distinct values, whole numbers are taken for codes as they are. */
export const FEW_VALUES_MAX = 12;
/** Beyond so many, they are taken for amounts as they are. */
export const CODES_MAX = 60;
/** Squared differences between neighbours, in units of their sampling variance. */
const MEDIAN_DIFFERENCE_MIN = 4;
/** Of the total variation of the positive rate, per value. */
const ROUGH_SHARE_MIN = 0.25;

interface Rate {
  readonly value: number;
  readonly count: number;
  /** Share of rows that carry one of the two labels. */
  readonly rate: number;
}

/**
 * Whether neighbouring values behave unlike each other: industry 34 tells nothing about industry
 * 35, age 34 does about age 35. Each value's label rate is compared with that of its two
 * neighbours. Codes: the typical difference is beyond chance, and neighbours differ nearly as much
 * as any two.
 *
 * Deviation: our own rule, after von Neumann's ratio of successive differences (1941); chosen on
 * census, credit, bank, fraud and hospital tables, where it picks what their publishers call codes.
 */
export function behavesLikeCodes(column: ColumnProfile): boolean {
  const rates = labelRates(column.levels);
  const total = rates.reduce((sum, { count }) => sum + count, 0);
  const mean = rates.reduce((sum, { count, rate }) => sum + count * rate, 0) / total;
  const variance = mean * (1 - mean);
  if (rates.length < 3 || variance === 0) return false;
  const differences = rates.map((rate, i) =>
    difference(rate, rates[i - 1], rates[i + 1], variance),
  );
  const spread = rates.reduce((sum, { count, rate }) => sum + count * (rate - mean) ** 2, 0);
  const rough = differences.reduce((sum, x) => sum + x, 0);
  const median = differences.sort((a, b) => a - b)[Math.floor(differences.length / 2)] ?? 0;
  return median >= MEDIAN_DIFFERENCE_MIN && rough >= ROUGH_SHARE_MIN * (spread / variance);
}

function labelRates(levels: ReadonlyMap<string, Level>): Rate[] {
  const rates: Rate[] = [];
  for (const [text, { count, firstLabelCount }] of levels) {
    const value = Number(text);
    if (!Number.isNaN(value)) rates.push({ value, count, rate: firstLabelCount / count });
  }
  return rates.sort((a, b) => a.value - b.value);
}

/**
 * Squared difference between a rate and its neighbours', in units of its variance if they were
 * alike.
 */
function difference(
  own: Rate,
  before: Rate | undefined,
  after: Rate | undefined,
  variance: number,
): number {
  const neighbourCount = (before?.count ?? 0) + (after?.count ?? 0);
  const weighted =
    (before?.count ?? 0) * (before?.rate ?? 0) + (after?.count ?? 0) * (after?.rate ?? 0);
  const expected = weighted / neighbourCount;
  return (own.rate - expected) ** 2 / (variance * (1 / own.count + 1 / neighbourCount));
}
