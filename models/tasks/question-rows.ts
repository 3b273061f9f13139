/** Which of a member's rows answer a question. Pure; under noise `rng` is the operating system's. */
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData, PartitionedData } from "../data.ts";
import { drawInPlace } from "../engine/units.ts";
import { checkAllRows } from "./row-limit.ts";
import type { TaskContext } from "./task.ts";

/** `unit` counts the units of both partitions from 0; a unit's rows come together. */
type Visit = (data: EncodedData, row: number, unit: number) => void;

/**
 * Visits matching rows of both partitions: all of them without noise; under noise at most `rowsPerUnitMax` of each
 * unit, drawn without replacement.
 *
 * @throws {CloisterError} If there are more rows than the charter allows.
 */
export function visitRows(
  { noise, rowsMax }: Pick<TaskContext<unknown>, "noise" | "rowsMax">,
  data: PartitionedData,
  rowsPerUnitMax: number,
  rng: Rng,
  isMatch: (data: EncodedData, row: number) => boolean,
  visit: Visit,
): void {
  checkAllRows(rowsMax, data);
  const source = new UniformSource(rng);
  let unit = 0;
  for (const part of [data.train, data.holdout]) {
    const { unitStarts } = part;
    for (let u = 0; u + 1 < unitStarts.length; u++, unit++) {
      const rows: number[] = [];
      for (let row = unitStarts[u] ?? 0; row < (unitStarts[u + 1] ?? 0); row++)
        if (isMatch(part, row)) rows.push(row);
      const taken = noise === null ? rows : drawn(rows, rowsPerUnitMax, source);
      for (const row of taken) visit(part, row, unit);
    }
  }
}

/** At most `wanted` of them. */
function drawn(rows: number[], wanted: number, source: UniformSource): readonly number[] {
  if (rows.length <= wanted) return rows;
  drawInPlace(rows, wanted, source);
  return rows.slice(0, wanted);
}
