/** The charter's bound on one member's rows: sums are scaled so that they cannot overflow under it. Pure. */
import { badInput } from "../../shared/base/errors.ts";
import type { PartitionedData } from "../data.ts";

/** @throws {CloisterError} `task.too-many-rows` */
export function checkRows(rowsMax: number, { train, holdout }: PartitionedData): void {
  for (const { rowCount } of [train, holdout]) {
    if (rowCount > rowsMax)
      throw badInput("task.too-many-rows", `${rowCount} rows exceed the charter's ${rowsMax}.`);
  }
}
