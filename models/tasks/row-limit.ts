/** The charter's bound on one member's rows: sums are scaled so that they cannot overflow under it. Pure. */
import { badInput } from "../../shared/base/errors.ts";
import type { PartitionedData } from "../data.ts";

/** @throws {CloisterError} `task.too-many-rows` */
export function checkRows(rowsMax: number, { train, holdout }: PartitionedData): void {
  for (const { rowCount } of [train, holdout]) check(rowsMax, rowCount);
}

/** For sums over both partitions. @throws {CloisterError} `task.too-many-rows` */
export function checkAllRows(rowsMax: number, { train, holdout }: PartitionedData): void {
  check(rowsMax, train.rowCount + holdout.rowCount);
}

function check(rowsMax: number, rowCount: number): void {
  if (rowCount <= rowsMax) return;
  throw badInput("task.too-many-rows", `${rowCount} rows exceed the charter's ${rowsMax}.`);
}
