/** Columns that a model cannot be fitted by, and their names: empty, told by others, or telling the target apart. Pure. */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { cholesky, solveLower, submatrix } from "./matrix.ts";

/**
 * 1 − R² of a column on others below which it is one of their combinations. Values have 24 significant bits, so true
 * combinations leave about 10⁻¹⁵; sums of doubles are as precise.
 */
const LEFT_MIN = 1e-12;
/** A column's part in a combination, in the combination's own size, from which on it is named. */
const PART_MIN = 1e-4;
const NAMES_MAX = 8;

/** Columns that are not 0 in every row. @param gram Exact sums. Shape [p × p]. */
export function usedColumns(gram: Float64Array, count: number): number[] {
  return Array.from({ length: count }, (_, j) => j).filter((j) => (gram[j * count + j] ?? 0) > 0);
}

/** The fault of columns of which one is a combination of others; null where none is. */
export function collinearity(
  gram: Float64Array,
  used: readonly number[],
  names: readonly string[],
): CloisterError | null {
  const size = used.length;
  const count = Math.sqrt(gram.length);
  const part = submatrix(gram, count, used);
  const { lower, stoppedAt } = cholesky(part, size, LEFT_MIN);
  if (stoppedAt === null) return null;
  const nameOf = (k: number): string => JSON.stringify(names[used[k] ?? 0] ?? "");
  const column = Float64Array.from(
    { length: stoppedAt },
    (_, k) => part[k * size + stoppedAt] ?? 0,
  );
  const weights = solveLower(lower, size, column, stoppedAt);
  const length = (k: number): number => Math.sqrt(part[k * size + k] ?? 0);
  const others = Array.from(weights.keys()).filter(
    (k) => Math.abs(weights[k] ?? 0) * length(k) > PART_MIN * length(stoppedAt),
  );
  const isConstant = others.length === 1 && used[others[0] ?? 0] === 0;
  const what = isConstant
    ? `Column ${nameOf(stoppedAt)} is the same in every row`
    : `Column ${nameOf(stoppedAt)} is a combination of ${listed(others.map(nameOf))}`;
  const remedy = "Leave one of them out, or give ridge a small number.";
  return badInput("glm.collinear", `${what}: their coefficients are not determined. ${remedy}`);
}

/** @param step Where coefficients run to. Shape [p]. */
export function separation(names: readonly string[], step: Float64Array): CloisterError {
  const longest = step.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const running = names
    .filter((_, j) => Math.abs(step[j] ?? 0) > longest / 4)
    .map((name) => JSON.stringify(name));
  const what = `Some rows are told apart perfectly by ${listed(running)}`;
  const remedy = "Leave these columns out, join categories, or give ridge a small number.";
  return badInput("glm.separation", `${what}: coefficients would grow without end. ${remedy}`);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).join(", ");
  return names.length > NAMES_MAX ? `${shown} and ${names.length - NAMES_MAX} more` : shown;
}
