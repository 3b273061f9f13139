/**
 * Telephone numbers in the form of ITU-T E.164: +, country code, national number. What a number without country code
 * means is declared, never guessed from the number. Pure.
 */

export interface PhoneRule {
  readonly type: "phone";
  /** Of numbers that do not name one. Digits, without "+". */
  readonly countryCode: string;
  /** What is dialled before a national number within the country, and is no part of it. May be empty. */
  readonly trunkPrefix: string;
  /** What is dialled before a country code. */
  readonly internationalPrefix: string;
  /** How digits without any prefix are read: spreadsheets eat leading zeros, and some systems leave out the "+". */
  readonly bare: "national" | "international";
}

const DIGITS_MIN = 8;
/** E.164, §6.2.1. */
const DIGITS_MAX = 15;
const BETWEEN = /[\s./\p{Pd}\p{Cf}]/gu;

/**
 * @param text NFKC, without white space around it.
 * @returns "+" and digits; null where it is no such number, or one with an extension.
 */
export function normalPhone(text: string, rule: PhoneRule): string | null {
  const dialled = text.replace(/^tel:/i, "").replace(BETWEEN, "");
  // "+49 (0) 171 …": the zero is for callers from within, and goes with its brackets.
  const optional = `(${rule.trunkPrefix})`;
  const isAbroad = dialled.startsWith("+") || dialled.startsWith(rule.internationalPrefix);
  const plain = isAbroad ? dialled.replace(optional, "") : dialled;
  const digits = plain.replace(/[()]/g, "");
  if (!/^\+?\d+$/.test(digits)) return null;
  const number = internationalDigits(digits, rule);
  const fits = number.length >= DIGITS_MIN && number.length <= DIGITS_MAX;
  return fits && !number.startsWith("0") ? `+${number}` : null;
}

function internationalDigits(digits: string, rule: PhoneRule): string {
  const { countryCode, trunkPrefix, internationalPrefix, bare } = rule;
  if (digits.startsWith("+")) return withoutTrunk(digits.slice(1), rule);
  // An empty or shared beginning: the longer prefix is asked first.
  if (digits.startsWith(internationalPrefix))
    return withoutTrunk(digits.slice(internationalPrefix.length), rule);
  if (trunkPrefix !== "" && digits.startsWith(trunkPrefix))
    return countryCode + digits.slice(trunkPrefix.length);
  return bare === "national" ? countryCode + digits : withoutTrunk(digits, rule);
}

/** "+49 0171 …" is wrong but common: within the declared country no national number begins with the trunk prefix. */
function withoutTrunk(digits: string, { countryCode, trunkPrefix }: PhoneRule): string {
  const wrong = countryCode + trunkPrefix;
  if (trunkPrefix === "" || !digits.startsWith(wrong)) return digits;
  return countryCode + digits.slice(wrong.length);
}
