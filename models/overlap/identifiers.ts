/**
 * What customers are matched by, in one spelling: members write the same address, number or account in different ways,
 * and only equal texts match. Rules are declared by the charter, the same for every member. What does not obey them is
 * counted as invalid and never matched. Pure.
 */
import { unreachable } from "../../shared/base/assert.ts";
import { normalEmail } from "./email.ts";
import { normalIban } from "./iban.ts";
import { normalPhone, type PhoneRule } from "./phone.ts";

export interface TextRule {
  readonly type: "text";
  /** `fold`: "Straße" and "STRASSE" are one. `exact`: they are two. */
  readonly letterCase: "fold" | "exact";
}

export type IdentifierRule =
  | { readonly type: "email" }
  | { readonly type: "iban" }
  | PhoneRule
  | TextRule;

/** UTF-16 code units; a longer cell is no identifier. */
const LENGTH_MAX = 320;

/**
 * The one spelling of what a cell says.
 *
 * @returns Empty where the cell is; null where it is not an identifier of this type.
 */
export function normalIdentifier(cell: string, rule: IdentifierRule): string | null {
  if (cell.length > LENGTH_MAX) return null;
  const text = cell.normalize("NFKC").trim();
  if (text === "") return "";
  switch (rule.type) {
    case "email":
      return normalEmail(text);
    case "phone":
      return normalPhone(text, rule);
    case "iban":
      return normalIban(text);
    case "text":
      return normalText(text, rule);
    default:
      return unreachable(rule);
  }
}

/** White space within counts as one space. Upper case first: only there ß and ss, or σ and ς, are one. */
function normalText(text: string, { letterCase }: TextRule): string {
  const spaced = text.replace(/\s+/gu, " ");
  if (letterCase === "exact") return spaced;
  return spaced.toUpperCase().toLowerCase().normalize("NFKC");
}
