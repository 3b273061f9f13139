/** Which rows of a simulation's table are for training, which held out, which neither: by what a column says. Pure. */
import { trimCell } from "../../models/features/cell.ts";
import { columnIndices } from "../../models/features/row-encoder.ts";

/** Rows by what a column says of them. */
export interface RowChoice {
  readonly column: string;
  readonly values: readonly string[];
}

/** Which rows are for training, which are held out, and which are neither. */
export interface RowSides {
  /** Held out; all others are for training. Null: a hash decides. */
  readonly test: RowChoice | null;
  /** Left out of everything. */
  readonly skip: RowChoice | null;
}

type Cells = readonly string[];

/** @throws {CloisterError} If there is no such column. */
export function isChosen(
  choice: RowChoice | null,
  header: Cells,
  path: string,
): (cells: Cells) => boolean {
  if (choice === null) return () => false;
  const column = columnIndices([choice.column], header, path)[0] ?? -1;
  const values = new Set(choice.values);
  return (cells) => values.has(trimCell(cells[column] ?? ""));
}
