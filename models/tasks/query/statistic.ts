/** What a statistic must say of itself to be asked as a question. Pure types. */
import type { QueryTask } from "../../../shared/charter/query-spec.ts";
import type { Answer } from "../../answers/answer.ts";
import type { EncodedData } from "../../data.ts";
import type { TaskContext } from "../task.ts";
import type { Axis, Cells } from "./cells.ts";
import type { RowTest } from "./filter.ts";

export type QueryContext = TaskContext<QueryTask>;

/** Of one column at least one list; see `ColumnUse`. */
export interface StatisticColumns {
  readonly summed: readonly string[];
  readonly grouped: readonly string[];
}

/** Made ready for one question. */
export interface Statistic {
  /** Each of the question's cells has these within: what is counted there is held back by itself. */
  readonly axes: readonly Axis[];
  /** Left out: all rows of a cell count. */
  readonly isCounted?: RowTest;
  /** What each cell's sums are called. The first is always the rows that count, or of units that have one. */
  readonly sums: readonly string[];
  readonly values: "integers" | "reals";
  /** ℓ2 bound of one row's part of its cell's sums. */
  readonly rowNorm: number;
  /** ℓ2 bound of the part of a unit with so many rows in so many cells. Left out: all its rows may be in one. */
  unitNorm?(rowCount: number, cellCount: number): number;
  readonly columns: StatisticColumns;
  /**
   * Adds a row that counts to its cell's sums, which begin at `at`: 1 to the first, and nothing else has an absolute
   * value above 1.
   *
   * @param isNew Whether it is the first row of its unit in the cell.
   */
  addInPlace(sums: Float64Array, at: number, data: EncodedData, row: number, isNew: boolean): void;
  answer(opened: OpenedCells): Answer;
}

/** All that was opened of a question. */
export interface OpenedCells {
  readonly cells: Cells;
  /** The question's cells without the statistic's own within. */
  readonly by: Cells;
  /** Of one of those, all cells within. Shape [cells within × sums]. */
  sumsWithin(outer: number): Float64Array;
  /** Of one cell, without its noise's standard deviation. Shape [sums]. */
  sumsOf(cell: number): Float64Array;
  /** Of the noise in each sum; 0 without noise. */
  readonly stdDev: number;
  /** Members that held back their part of a cell; 0 with noise. */
  heldBack(cell: number): number;
}
