/** What a question would cost and be worth, in words; and whether it is better not asked. Pure. */

import { Z_95 } from "../../models/answers/estimate.ts";
import { grouped } from "../../models/answers/figures.ts";
import { counted } from "../../shared/base/counted.ts";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import type { Outlook } from "../outlook.ts";

const VERDICTS = {
  exact: "exact, but for what members hold back",
  good: "good: intervals are small against an average cell",
  rough: "rough: intervals are a good part of an average cell",
  hopeless: "hopeless: intervals reach as far as an average cell is large",
} as const;

/** For people, one line a matter. */
export function outlookLines({ members, rounds, cost, question }: Outlook): string[] {
  const { numbers, cells, unitsPerCell, stdDev, verdict } = question;
  const cellText = cells === 1 ? "one cell" : `${grouped(String(cells))} cells`;
  const sums = rounds === 1 ? "one secure sum" : `${counted(rounds, "secure sum")}`;
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
    `Expect    ± ${short(Z_95 * stdDev)} in each number (noise of standard deviation ${short(stdDev)}), against ${short(unitsPerCell)} customers or rows in an average cell before any condition`,
    ...valueLines(question),
    `Verdict   ${VERDICTS[verdict]}`,
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
  const { verdict, stdDev, unitsPerCell } = question;
  if (cost && !cost.shares.fits) {
    const message = `ε = ${cost.epsilon} is more than is left of the charter's budget (${percent(1 - cost.shares.before)}); ask with less, or --anyway`;
    throw new CloisterError("ask.budget", message, EXIT.refused);
  }
  if (verdict !== "hopeless") return;
  const message =
    `the answer would be hopeless: ± ${short(Z_95 * stdDev)} in each number, against ${short(unitsPerCell ?? 0)} in an average cell. ` +
    "Nothing was spent; ask with a larger ε, break down by less, or insist with --anyway";
  throw new CloisterError("ask.hopeless", message, EXIT.refused);
}

const percent = (share: number): string => `${(100 * Math.max(0, share)).toFixed(1)} %`;

const plural = (count: number, what: string): string =>
  `${grouped(String(count))} ${what}${count === 1 ? "" : "s"}`;

/** Three digits, or whole ones. */
const short = (value: number): string =>
  grouped(value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
