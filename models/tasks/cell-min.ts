/** How few of a member's units a cell of an exact answer may have. Pure. */
import type { TaskContext } from "./task.ts";

/** Where the charter says nothing. */
const CELL_MIN = 5;

/** Fewer are held back. */
export function cellMinOf({ cellMin = CELL_MIN }: Pick<TaskContext<unknown>, "cellMin">): number {
  return cellMin;
}
