/** From the options of `cloister ask`, or a file's content, to the plan of a run. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { type Charter, parseOrRefuse } from "../../../shared/charter/charter.ts";
import { PlanRequest } from "../../../shared/charter/manifest.ts";
import { epsilonAtOrder } from "../../../shared/privacy/accounting/rdp.ts";
import { checkedPlan } from "./checked.ts";
import { understood } from "./conditions.ts";
import type { QuestionOptions } from "./options.ts";
import { overlapOf } from "./overlap.ts";
import { groupsOf, numberOf, statisticOf, usage } from "./statistic.ts";
import { parseWhere } from "./where.ts";

export interface Question {
  readonly plan: PlanRequest;
  readonly warnings: readonly string[];
}

/** @throws {CloisterError} If an option makes no sense, alone or under the charter: what to change. */
export function questionOf(options: QuestionOptions, charter: Charter): Question {
  const { purpose, rowsPerUnit } = options;
  const { task, warnings } = askedOf(options, charter);
  const plan = {
    room: charter.room,
    task: {
      ...task,
      ...(rowsPerUnit !== undefined && {
        rowsPerUnitMax: numberOf("--rows-per-unit", rowsPerUnit),
      }),
    },
    privacy: privacyOf(options, charter),
    ...(purpose && { purpose }),
  };
  return { plan: checkedPlan(plan, options), warnings };
}

interface Asked {
  readonly task: object;
  readonly warnings: readonly string[];
}

function askedOf(options: QuestionOptions, charter: Charter): Asked {
  const { evaluate, where, by, rowsPerUnit } = options;
  const overlap = overlapOf(options, charter);
  if (overlap === null)
    return evaluate === undefined
      ? queryOf(options, charter)
      : evaluationOf(evaluate, options, charter);
  const isMore =
    evaluate !== undefined || rowsPerUnit !== undefined || where.length + by.length > 0;
  if (isMore || statisticOf(options, charter) !== null)
    throw usage("--overlap is a question of its own: leave out --where, --by and other questions");
  return { task: overlap, warnings: [] };
}

function queryOf(options: QuestionOptions, charter: Charter): Asked {
  const statistic = statisticOf(options, charter);
  if (!statistic)
    throw usage(
      "what is asked? --count, --mean COLUMN … (see --help), or a file with the question",
    );
  const { where, warnings } = understood(charter.schema, options.where.flatMap(parseWhere));
  const by = options.by.flatMap((source) => groupsOf("--by", source, charter));
  return { task: { kind: "query", where, by, statistic }, warnings };
}

/** Of a released model, on the rows that nobody trains on. */
function evaluationOf(model: string, options: QuestionOptions, charter: Charter): Asked {
  if (statisticOf(options, charter) !== null || options.where.length > 0)
    throw usage("--evaluate is a question of its own: leave out --where and other questions");
  const groups = options.by.flatMap((source) => groupsOf("--by", source, charter));
  const [group, second] = groups;
  if (second || group?.edges)
    throw badInput("ask.option", "--by: an evaluation is broken down by one column of categories");
  const by = group && { by: group.column };
  return { task: { kind: "evaluate", model, ...by }, warnings: [] };
}

/**
 * A file holds a whole plan, as `cloister run start` takes it, or the task alone: then its privacy is an option.
 *
 * @param path Where the content is from, for the errors.
 */
export function questionIn(
  content: unknown,
  path: string,
  options: QuestionOptions,
  charter: Charter,
): Question {
  const { where, by, rowsPerUnit, epsilon, exact, purpose } = options;
  const isAsked =
    options.evaluate !== undefined ||
    overlapOf(options, charter) !== null ||
    statisticOf(options, charter) !== null;
  if (isAsked || where.length > 0 || by.length > 0 || rowsPerUnit !== undefined)
    throw usage(`${path} holds the question: leave out --count, --where, --by and the like`);
  const isPlan = typeof content === "object" && content !== null && "task" in content;
  if (isPlan) {
    if (epsilon !== undefined || exact || purpose !== undefined)
      throw usage(`${path} is a whole plan: leave out --epsilon, --exact, --purpose`);
    return {
      plan: parseOrRefuse(PlanRequest, { room: charter.room, ...content }, path),
      warnings: [],
    };
  }
  const privacy = privacyOf(options, charter);
  const plan = { room: charter.room, task: content, privacy, ...(purpose && { purpose }) };
  return { plan: parseOrRefuse(PlanRequest, plan, path), warnings: [] };
}

/** Nothing is spent, and nothing is opened exactly, without somebody having said so. */
function privacyOf(
  { epsilon, exact }: QuestionOptions,
  { privacy }: Charter,
): PlanRequest["privacy"] {
  if (epsilon !== undefined && exact) throw usage("--epsilon and --exact: give one of them");
  if (epsilon !== undefined) {
    const value = numberOf("--epsilon", epsilon);
    if (value > 0) return { epsilon: value };
    throw badInput("ask.option", `--epsilon ${epsilon}: not a number above 0`);
  }
  if (exact || !privacy.budget) return "none";
  const without = privacy.unnoisedRuns === "allowed" ? ", or --exact for sums without noise" : "";
  const { epsilon: most, delta, rdpOrder } = privacy.budget;
  const least = Math.ceil(100 * epsilonAtOrder(0, delta, rdpOrder)) / 100;
  throw usage(`how much may it cost? --epsilon, from ${least} up to ${most}${without}`);
}
