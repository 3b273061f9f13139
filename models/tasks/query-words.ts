/** A question's conditions in words, as `cloister ask` reads them. Pure. */
import type { Condition } from "../../shared/charter/query-spec.ts";

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
