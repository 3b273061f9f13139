/** How few of a member's units a cell of an exact answer may have. Pure. */
import { CELL_MIN } from "../../shared/charter/governance.ts";
import type { TaskContext } from "./task.ts";

/** Fewer are held back. */
export function cellMinOf({ cellMin = CELL_MIN }: Pick<TaskContext<unknown>, "cellMin">): number {
  return cellMin;
}
