/** What a question would cost and be worth, in words; and whether it is better not asked. Pure. */

import { Z_95 } from "../../../models/answers/estimate.ts";
import { grouped } from "../../../models/answers/figures.ts";
import type { MeanOutlook } from "../../../models/tasks/question-outlook.ts";
import { counted } from "../../../shared/base/counted.ts";
import { CloisterError, EXIT } from "../../../shared/base/errors.ts";
import type { Outlook } from "../../run/outlook.ts";

const VERDICTS = {
  exact: "exact, but for what members hold back",
  good: "good: intervals are small against an average cell",
  rough: "rough: intervals are a good part of an average cell",
  hopeless: "hopeless: intervals reach as far as an average cell is large",
} as const;
/** Of a question of means, which are worth no more than their errors are small against what values are spread over. */
const MEAN_VERDICTS = {
  ...VERDICTS,
  good: "good: means are known to 1 % of the declared range or better, and how many rows they are of to a tenth",
  rough:
    "rough: means are not known to 1 % of the declared range, or not to a tenth of how many rows they are of",
  hopeless:
    "hopeless: means are not known to a quarter of the declared range, or may be of no rows",
} as const;

/** For people, one line a matter. */
export function outlookLines({ members, rounds, cost, question }: Outlook): string[] {
  const { numbers, cells, unitsPerCell, rowsPerUnit, stdDev, mean, verdict } = question;
  const cellText = cells === 1 ? "one cell" : `${grouped(String(cells))} cells`;
  const sums = rounds === 1 ? "one secure sum" : counted(rounds, "secure sum");
  const asked =
    rounds === 0
      ? `Asks      ${members} members to count among themselves, without a secure sum`
      : `Asks      ${members} members for ${sums} of ${plural(numbers, "number")}, in ${cellText}`;
  if (cost === null || unitsPerCell === null)
    return [asked, "Costs     no budget: no noise is added", `Expect    ${VERDICTS[verdict]}`];
  const { epsilon, delta, budgetEpsilon, shares } = cost;
  const left = shares.fits
    ? `leaves ${percent(1 - shares.after)} of the charter's budget of ${budgetEpsilon}, of which ${percent(1 - shares.before)} are left now`
    : `is more than the ${percent(1 - shares.before)} that are left of the charter's budget of ${budgetEpsilon}`;
  return [
    asked,
    `Costs     ε = ${epsilon} at δ = ${delta}; ${left}`,
    `Expect    ± ${short(Z_95 * stdDev)} in each ${mean ? "count" : "number"} (noise of standard deviation ${short(stdDev)}), against ${short(unitsPerCell)} ${rowsPerUnit === 1 ? "customers or rows" : `customers of up to ${rowsPerUnit} rows each`} in an average cell before any condition`,
    ...(mean ? [meanLine(mean)] : []),
    ...valueLines(question),
    `Verdict   ${(mean ? MEAN_VERDICTS : VERDICTS)[verdict]}`,
  ];
}

/** What noise leaves of sums over customers in common. */
function valueLines({ values }: Outlook["question"]): string[] {
  if (values === null) return [];
  const { column, stdDev, total, isExpected } = values;
  const of = isExpected ? "is expected of all customers of a member" : "all of them may come to";
  return [
    `          ± ${short(Z_95 * stdDev)} in each sum of ${column}, against ${short(total)} that ${of}`,
  ];
}

/**
 * The rule: a question is refused where 1.96 standard deviations of the noise are an average cell or more, for then
 * most of its numbers could not be told from none; and where the room's budget does not suffice.
 *
 * @throws {CloisterError} `ask.hopeless`, `ask.budget`.
 */
export function checkWorth({ cost, question }: Outlook): void {
  const { verdict, stdDev, unitsPerCell, mean } = question;
  if (cost && !cost.shares.fits) {
    const message = `ε = ${cost.epsilon} is more than is left of the charter's budget (${percent(1 - cost.shares.before)}); ask with less, or --anyway`;
    throw new CloisterError("ask.budget", message, EXIT.refused);
  }
  if (verdict !== "hopeless") return;
  const ofMeans = mean
    ? `, and ± ${Math.min(100, Math.ceil(100 * mean.rangeShare))} % of the declared range in a mean`
    : "";
  const message =
    `the answer would be hopeless: ± ${short(Z_95 * stdDev)} in each number, against ${short(unitsPerCell ?? 0)} in an average cell${ofMeans}. ` +
    "Nothing was spent; ask with a larger ε, break down by less, or insist with --anyway";
  throw new CloisterError("ask.hopeless", message, EXIT.refused);
}

function meanLine({ column, min, max, rangeShare }: MeanOutlook): string {
  const range = `the declared range of ${column}, ${grouped(String(min))} to ${grouped(String(max))}`;
  if (rangeShare >= 1) return `          a mean may be anywhere in ${range}`;
  const half = short(rangeShare * (max - min));
  return `          at most ± ${half} in a mean, ${(100 * rangeShare).toPrecision(2)} % of ${range}`;
}

const percent = (share: number): string => `${(100 * Math.max(0, share)).toFixed(1)} %`;

const plural = (count: number, what: string): string =>
  `${grouped(String(count))} ${what}${count === 1 ? "" : "s"}`;

/** Three digits, or whole ones. */
const short = (value: number): string =>
  grouped(value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
