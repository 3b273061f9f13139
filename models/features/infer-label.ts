/** Which of a label column's two texts means "positive". Pure. */
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { ColumnProfile, Level } from "./profile.ts";

export interface LabelTexts {
  readonly column: string;
  readonly positive: string;
  readonly negative: string;
}

/** Spellings that say it themselves, in lower case: positive, negative. */
const PAIRS: readonly (readonly [string, string])[] = [
  ["1", "0"],
  ["1.0", "0.0"],
  ["1", "-1"],
  ["true", "false"],
  ["t", "f"],
  ["yes", "no"],
  ["y", "n"],
  ["positive", "negative"],
  ["fraud", "genuine"],
];

/**
 * Finds the positive text: `declared` if given; else a well-known pair (1/0, true/false, yes/no …);
 * else the rarer of the two texts.
 *
 * @throws {CloisterError} `data.label-missing`, `data.one-class`, `data.label-not-binary`,
 *   `data.label-unclear`. None tells a cell's text.
 */
export function labelTexts(
  profile: ColumnProfile,
  table: string,
  declared: string | null,
): { readonly label: LabelTexts; readonly positiveCount: number } {
  const { name: column, missingCount, levels } = profile;
  const where = `${table}: label column ${JSON.stringify(column)}`;
  if (missingCount > 0) {
    const reason = `no value in ${counted(missingCount, "row")}; leave out what has none`;
    throw badInput("data.label-missing", `${where}: ${reason}`);
  }
  const [first, second] = [...levels];
  if (first === undefined || second === undefined) {
    throw badInput("data.one-class", `${where}: the same in all rows; training needs both classes`);
  }
  if (levels.size > 2) {
    const reason = `${levels.size} different values; a label has exactly two`;
    throw badInput("data.label-not-binary", `${where}: ${reason}`);
  }
  const positive = positiveOf(first, second, declared);
  if (positive === null) {
    const unknown = "neither value is known to mean positive, or is the rarer one; name it";
    const reason = declared === null ? unknown : "the value named as positive does not occur";
    throw badInput("data.label-unclear", `${where}: ${reason}`);
  }
  const negative = positive === first ? second : first;
  const label = { column, positive: positive[0], negative: negative[0] };
  return { label, positiveCount: positive[1].count };
}

type Entry = readonly [string, Level];

function positiveOf(first: Entry, second: Entry, declared: string | null): Entry | null {
  if (declared !== null) {
    return [first, second].find(([text]) => text === declared.trim()) ?? null;
  }
  const texts = [first[0].toLowerCase(), second[0].toLowerCase()];
  for (const [positive, negative] of PAIRS) {
    if (texts[0] === positive && texts[1] === negative) return first;
    if (texts[1] === positive && texts[0] === negative) return second;
  }
  if (first[1].count === second[1].count) return null;
  return first[1].count < second[1].count ? first : second;
}
