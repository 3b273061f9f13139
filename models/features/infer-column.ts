/** One column's profile → how to encode it, or why not to. Pure. */
import type { CategoryFeature, NumberFeature } from "../../shared/charter/schema.ts";
import { signedLog } from "./cell.ts";
import { behavesLikeCodes, CODES_MAX, FEW_VALUES_MAX } from "./code-like.ts";
import { type ColumnProfile, distinctCount, distinctShare, standardDeviation } from "./profile.ts";

export type ColumnProposal =
  | { readonly feature: NumberFeature | CategoryFeature; readonly note: string }
  | { readonly feature: null; readonly note: string };

/** A category in fewer rows than this could point at a person, and teaches nothing. */
const CATEGORY_ROWS_MIN = 5;
const CATEGORIES_MAX = 50;
const NAME_LENGTH_MAX = 200;
/** Texts that differ in more than every second row are names, dates or prose. */
const IDENTIFIER_SHARE = 0.5;
/** A logarithm is taken where it makes the spread of the inputs so many times wider. */
const LOG_GAIN_MIN = 1.5;
/**
 * The same for decimals that are never negative: amounts, rates, times, of which ratios mean something. Measured
 * (docs/models.md): a mean of amounts that stays as it is beside amounts by their logarithms costs a net 0.005 of ROC-AUC.
 */
const AMOUNT_LOG_GAIN_MIN = 1.2;

/** @param wanted What the user says the column is, or null. */
export function proposeColumn(
  column: ColumnProfile,
  wanted: "number" | "category" | null,
): ColumnProposal {
  const skip = (note: string): ColumnProposal => ({ feature: null, note });
  if (column.name === "") return skip("it has no name");
  if (column.name.length > NAME_LENGTH_MAX) return skip("its name is too long");
  if (distinctCount(column) === 0) return skip("it is empty");
  const isConstant = distinctCount(column) === 1 && column.missingCount === 0;
  if (isConstant) return skip("it is the same in every row");
  if (wanted === "number") return { feature: numberFeature(column), note: "number as asked" };
  if (wanted === "category") return categoryProposal(column, "category as asked");
  if (column.textCount === 0 && column.numberCount > 0) return proposeNumbers(column);
  if (distinctShare(column) > IDENTIFIER_SHARE && distinctCount(column) > CATEGORIES_MAX) {
    return skip("nearly every row has its own text: an identifier, a date or prose");
  }
  const numberShare = column.numberCount / (column.numberCount + column.textCount);
  const mixed = `${column.numberCount} of its cells are numbers, the others are texts`;
  return categoryProposal(column, numberShare > 0.5 ? mixed : "text");
}

function proposeNumbers(column: ColumnProfile): ColumnProposal {
  const count = distinctCount(column);
  if (looksLikeId(column)) {
    return { feature: null, note: "whole numbers without gaps, each once: an identifier" };
  }
  if (column.min === column.max) {
    return categoryProposal(column, "one value or none");
  }
  if (column.isInteger && count >= 3 && count <= FEW_VALUES_MAX) {
    return categoryProposal(column, `only ${count} whole numbers: taken as codes`);
  }
  if (
    column.isInteger &&
    count > FEW_VALUES_MAX &&
    count <= CODES_MAX &&
    behavesLikeCodes(column)
  ) {
    return categoryProposal(column, "neighbouring numbers behave unlike each other: codes");
  }
  return { feature: numberFeature(column), note: column.isInteger ? "whole numbers" : "decimals" };
}

/** Whole numbers, all different as far as they were counted, that nearly fill their range. */
function looksLikeId(column: ColumnProfile): boolean {
  const { isInteger, numberCount, missingCount, fullAfter, min, max } = column;
  const seen = fullAfter === null ? numberCount : fullAfter - 1;
  const allDiffer = seen > CODES_MAX && distinctCount(column) === seen;
  return isInteger && missingCount === 0 && allDiffer && max - min < 2 * numberCount;
}

function numberFeature(column: ColumnProfile): NumberFeature {
  const { name, missingCount } = column;
  const { min, max } = outwardBounds(column.min, column.max);
  const rawSpread = (2 * standardDeviation(column.raw)) / (max - min);
  const logSpread = (2 * standardDeviation(column.log)) / (signedLog(max) - signedLog(min));
  const gainMin = column.isInteger || column.min < 0 ? LOG_GAIN_MIN : AMOUNT_LOG_GAIN_MIN;
  const transform = logSpread > gainMin * rawSpread ? "log" : "none";
  const missing = missingCount > 0 ? "indicator" : "refuse";
  return { name, type: "number", min, max, transform, missing };
}

/**
 * Bounds around a range, rounded outward to two significant digits of the bound, or finer where the
 * range is narrow (two digits of its width). The exact extremes belong to single rows and stay
 * unsaid.
 */
export function outwardBounds(min: number, max: number): { min: number; max: number } {
  if (min === max) return { min: Math.min(0, 2 * min), max: Math.max(1, 2 * max) };
  const width = max - min;
  const outward = (bound: number, round: (x: number) => number): number => {
    if (bound === 0) return 0;
    const size = Math.max(Math.min(Math.abs(bound), width), 1e-9 * width);
    const step = 10 ** (Math.floor(Math.log10(size)) - 1);
    return Number((round(bound / step) * step).toPrecision(15));
  };
  return {
    min: Math.min(
      min,
      outward(min, (x) => Math.floor(x + 1e-9)),
    ),
    max: Math.max(
      max,
      outward(max, (x) => Math.ceil(x - 1e-9)),
    ),
  };
}

function categoryProposal(column: ColumnProfile, note: string): ColumnProposal {
  const { name } = column;
  const usable = [...column.levels]
    .filter(([text, { count }]) => count >= CATEGORY_ROWS_MIN && text.length <= NAME_LENGTH_MAX)
    .sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1));
  const categories = usable.slice(0, CATEGORIES_MAX).map(([text]) => text);
  if (categories.length === 0) {
    return { feature: null, note: `no text is in ${CATEGORY_ROWS_MIN} rows or more` };
  }
  if (column.textCount === 0) categories.sort(byNumber);
  const feature: CategoryFeature = {
    name,
    type: "category",
    categories,
    encoding: "onehot",
    dimension: 8,
  };
  const restCount = column.levels.size - categories.length;
  const rest = column.fullAfter === null ? String(restCount) : "many";
  return {
    feature,
    note: rest === "0" ? note : `${note}; rarer values: ${rest}, as "anything else"`,
  };
}

/** Spellings of "no value" come last. */
function byNumber(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x - y;
}
