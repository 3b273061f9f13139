/** How far two answers to one question are apart. Pure. */
import type { Answer, Cell } from "../../models/answers/answer.ts";

export interface Gap {
  /** Numbers compared. */
  readonly numbers: number;
  /** The largest |a − b| / max(1, |a|); ∞ where only one has a number, or texts differ. */
  readonly worst: number;
}

export function gapOf(ours: Answer, theirs: Answer): Gap {
  const [a, b] = [cellsOf(ours), cellsOf(theirs)];
  if (a.length !== b.length) return { numbers: a.length, worst: Number.POSITIVE_INFINITY };
  let worst = 0;
  let numbers = 0;
  for (const [i, own] of a.entries()) {
    const other = b[i] ?? null;
    if (typeof own === "number") numbers += 1;
    worst = Math.max(worst, apart(own, other));
  }
  return { numbers, worst };
}

function apart(a: Cell, b: Cell): number {
  if (typeof a !== "number" || typeof b !== "number") return a === b ? 0 : Number.POSITIVE_INFINITY;
  if (Object.is(a, b)) return 0;
  const gap = Math.abs(a - b) / Math.max(1, Math.abs(a));
  return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
}

/** Of an answer without noise: texts, numbers and what is not defined. */
function cellsOf({ tables }: Answer): Cell[] {
  return tables.flatMap(({ rows }) =>
    rows.flatMap((row) =>
      row.flatMap((cell) =>
        typeof cell === "object" && cell !== null ? [cell.value, cell.low, cell.high] : [cell],
      ),
    ),
  );
}
