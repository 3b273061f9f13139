/** From the options of `cloister ask`, or a file's content, to the plan of a run. Pure. */
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import { type Charter, parseOrRefuse } from "../../shared/charter/charter.ts";
import { Plan } from "../../shared/charter/manifest.ts";
import { checkColumn, understood } from "./conditions.ts";
import { type Group, parseGroups } from "./groups.ts";
import { parseNumber } from "./reader.ts";
import { parseWhere } from "./where.ts";

/** As typed. */
export interface QuestionOptions {
  readonly count?: boolean;
  readonly where: readonly string[];
  readonly by: readonly string[];
  readonly rowsPerUnit?: string;
  readonly epsilon?: string;
  readonly exact?: boolean;
  readonly purpose?: string;
}

export interface Question {
  readonly plan: Plan;
  readonly warnings: readonly string[];
}

/** @throws {CloisterError} If an option makes no sense, alone or under the charter: what to change. */
export function questionOf(options: QuestionOptions, charter: Charter): Question {
  const { room, schema } = charter;
  if (!options.count) throw usage("what is asked? --count, or a file with the question");
  const { where, warnings } = understood(schema, options.where.flatMap(parseWhere));
  const by = options.by.flatMap((source) => groupsOf(source, charter));
  const rows = options.rowsPerUnit;
  const task = {
    kind: "query",
    where,
    by,
    ...(rows !== undefined && { rowsPerUnitMax: numberOf("--rows-per-unit", rows) }),
    statistic: { kind: "count" },
  };
  const { purpose } = options;
  const plan = { room, task, privacy: privacyOf(options, charter), ...(purpose && { purpose }) };
  return { plan: parseOrRefuse(Plan, plan, "the question"), warnings };
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
  const { count, where, by, rowsPerUnit, epsilon, exact, purpose } = options;
  if (count || where.length > 0 || by.length > 0 || rowsPerUnit !== undefined)
    throw usage(`${path} holds the question: leave out --count, --where, --by, --rows-per-unit`);
  const isPlan = typeof content === "object" && content !== null && "task" in content;
  if (isPlan) {
    if (epsilon !== undefined || exact || purpose !== undefined)
      throw usage(`${path} is a whole plan: leave out --epsilon, --exact, --purpose`);
    return {
      plan: parseOrRefuse(Plan, { room: charter.room, ...content }, path),
      warnings: [],
    };
  }
  const privacy = privacyOf(options, charter);
  const plan = { room: charter.room, task: content, privacy, ...(purpose && { purpose }) };
  return { plan: parseOrRefuse(Plan, plan, path), warnings: [] };
}

/** Numbers need edges and categories have none; the columns that may part sums are the charter's word. */
function groupsOf(source: string, { schema, columns }: Charter): Group[] {
  return parseGroups("--by", source).map((group) => {
    const { column } = group;
    checkColumn(schema, "--by", column, { source, at: source.indexOf(column) });
    if (columns?.[column]?.group === true) return group;
    const why = `the charter does not let sums be broken down by column "${column}"`;
    const may = Object.entries(columns ?? {}).flatMap(([name, rule]) => (rule.group ? [name] : []));
    const hint = may.length > 0 ? `it does by ${may.join(", ")}` : "nor by any other";
    throw new CloisterError(
      "ask.group",
      `--by ${JSON.stringify(source)}: ${why}; ${hint}`,
      EXIT.refused,
    );
  });
}

/** Nothing is spent, and nothing is opened exactly, without somebody having said so. */
function privacyOf({ epsilon, exact }: QuestionOptions, { privacy }: Charter): Plan["privacy"] {
  if (epsilon !== undefined && exact) throw usage("--epsilon and --exact: give one of them");
  if (epsilon !== undefined) {
    const value = numberOf("--epsilon", epsilon);
    if (value > 0) return { epsilon: value };
    throw badInput("ask.option", `--epsilon ${epsilon}: not a number above 0`);
  }
  if (exact || !privacy.budget) return "none";
  const without = privacy.unnoisedRuns === "allowed" ? ", or --exact for sums without noise" : "";
  throw usage(`how much may it cost? --epsilon, up to ${privacy.budget.epsilon}${without}`);
}

function numberOf(option: string, text: string): number {
  const value = parseNumber(text);
  if (value !== null) return value;
  throw badInput("ask.option", `${option} ${text}: not a number`);
}

const usage = (message: string): CloisterError =>
  new CloisterError("ask.usage", message, EXIT.usage);
