/** Which option of `cloister ask` a field of the plan came from, so that what is wrong is said of what was typed. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { faultOf } from "../../../shared/base/fault.ts";
import { PlanRequest } from "../../../shared/charter/manifest.ts";
import type { QuestionOptions } from "./options.ts";

/** By the beginning of a field's path, the more exact ones first. */
const OPTIONS: readonly (readonly [path: string, option: string, of: keyof QuestionOptions])[] = [
  ["task.statistic.bins", "--bins", "bins"],
  ["task.statistic.shares", "--shares", "shares"],
  ["task.statistic.k", "--most", "most"],
  ["task.statistic.columns", "--crosstab", "crosstab"],
  ["task.statistic.columns", "--correlation", "correlation"],
  ["task.statistic.groups", "--compare", "compare"],
  ["task.statistic.between", "--drift", "drift"],
  ["task.sizeExpected", "--size", "size"],
  ["task.valueMax", "--value-max", "valueMax"],
  ["task.rowsPerUnitMax", "--rows-per-unit", "rowsPerUnit"],
  ["task.by", "--by", "by"],
  ["task.where", "--where", "where"],
  ["task.model", "--evaluate", "evaluate"],
  ["purpose", "--purpose", "purpose"],
];

/** @throws {CloisterError} `ask.option`: what is wrong with which option, and what to write. */
export function checkedPlan(plan: object, options: QuestionOptions): PlanRequest {
  const parsed = PlanRequest.safeParse(plan);
  if (parsed.success) return parsed.data;
  const { path, reason } = faultOf(parsed.error, plan);
  const found = OPTIONS.find(
    ([start, , of]) =>
      options[of] !== undefined && (path === start || path.startsWith(`${start}.`)),
  );
  if (!found) throw badInput("ask.option", `the question at "${path}": ${reason}`);
  const [, option, of] = found;
  const typed = options[of];
  // Of an option that was given several times it is all of them that do not fit.
  const what = Array.isArray(typed) ? option : `${option} ${typed}`;
  throw badInput("ask.option", `${what}: ${reason}`);
}
