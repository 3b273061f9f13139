/** A question in words, for who is to approve it; its conditions as `cloister ask` reads them. Pure. */
import type { OverlapTask } from "../../shared/charter/overlap-spec.ts";
import type { Condition, Group, QueryTask } from "../../shared/charter/query-spec.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";

/** What a task asks: members approve this, and not a name for it. Null: its kind says it. */
export function askedText(task: TaskSpec): string | null {
  if (task.kind === "query") return questionText(task);
  return task.kind === "overlap" ? overlapText(task) : null;
}

/** How many customers members share, and what these come to. */
function overlapText({
  column,
  sizes,
  values,
  valuesFrom,
  valueMax,
  identifiersPerUnitMax,
}: OverlapTask): string {
  const most = valueMax === undefined ? "as much as one row may" : valueMax;
  const whose = valuesFrom?.join(" and of ") ?? "every member";
  return [
    `how many customers two members share, by ${quoted(column)}, of each up to ${identifiersPerUnitMax}`,
    ...(values === undefined
      ? []
      : [
          `what those of ${whose} come to in ${quoted(values)} whom another has too, ${most} each at most`,
        ]),
    `sizes ${sizes}`,
  ].join("; ");
}

/** All that a query asks. */
function questionText({ statistic, by, where }: QueryTask): string {
  const { kind, ...settings } = statistic;
  const details = Object.entries(settings).map(
    ([name, value]) => `${name} ${JSON.stringify(value)}`,
  );
  const groups = by.length === 0 ? "" : ` by ${by.map(groupText).join(", ")}`;
  const rows = where.length === 0 ? "all rows" : `rows with ${conditionsText(where)}`;
  return `${[kind, ...details].join(", ")}${groups}; of ${rows}`;
}

function groupText({ column, edges }: Group): string {
  return edges ? `${quoted(column)} at ${edges.join(", ")}` : quoted(column);
}

export function conditionsText(conditions: readonly Condition[]): string {
  return conditions.map(conditionText).join(" and ");
}

function conditionText(condition: Condition): string {
  const column = quoted(condition.column);
  switch (condition.is) {
    case "missing":
      return `${column} is missing`;
    case "present":
      return `${column} is not missing`;
    case "between":
      return `${column} between ${condition.low} and ${condition.high}`;
    case "in":
      return `${column} in ${condition.values.map(quoted).join(", ")}`;
    default: {
      const { is, value } = condition;
      return `${column} ${is} ${typeof value === "number" ? value : quoted(value)}`;
    }
  }
}

/** Where it would not be one word. */
function quoted(text: string): string {
  return /^[\p{L}\p{N}_.-]+$/u.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
