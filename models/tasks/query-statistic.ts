/** What a statistic must say of itself to be asked as a question. Pure types. */
import type { QueryTask } from "../../shared/charter/query-spec.ts";
import type { Answer } from "../answers/answer.ts";
import type { EncodedData } from "../data.ts";
import type { Cells } from "./query-cells.ts";
import type { TaskContext } from "./task.ts";

export type QueryContext = TaskContext<QueryTask>;

/** Of one column at least one list; see `ColumnUse`. */
export interface StatisticColumns {
  readonly summed: readonly string[];
  readonly grouped: readonly string[];
}

/** Made ready for one question. */
export interface Statistic {
  /** What each cell's sums are called. The first is always the rows that count. */
  readonly sums: readonly string[];
  readonly values: "integers" | "reals";
  /** ℓ2 bound of one row's part of its cell's sums. */
  readonly rowNorm: number;
  readonly columns: StatisticColumns;
  /**
   * Adds a row to its cell's sums, which begin at `at`: 1 to the first where the row counts, and nothing else has an
   * absolute value above 1.
   */
  addInPlace(sums: Float64Array, at: number, data: EncodedData, row: number): void;
  answer(opened: OpenedCells): Answer;
}

/** All that was opened of a question. */
export interface OpenedCells {
  readonly cells: Cells;
  /** Of one cell, without its noise's standard deviation. Shape [sums]. */
  sumsOf(cell: number): Float64Array;
  /** Of the noise in each sum; 0 without noise. */
  readonly stdDev: number;
  /** Members that held back their part of a cell; 0 with noise. */
  heldBack(cell: number): number;
}
