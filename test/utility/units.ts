/** A table of some of another's units. Pure. */
import type { EncodedData } from "../../models/data.ts";

export function selectedUnits(data: EncodedData, units: Uint32Array): EncodedData {
  const rows: number[] = [];
  const unitStarts = [0];
  for (const unit of units) {
    for (let row = data.unitStarts[unit] ?? 0; row < (data.unitStarts[unit + 1] ?? 0); row++)
      rows.push(row);
    unitStarts.push(rows.length);
  }
  const numberCount = data.numbers.length / data.rowCount;
  const codeCount = data.codes.length / data.rowCount;
  const numbers = new Float32Array(rows.length * numberCount);
  const codes = new Uint16Array(rows.length * codeCount);
  const labels = new Uint8Array(rows.length);
  for (const [i, row] of rows.entries()) {
    numbers.set(data.numbers.subarray(row * numberCount, (row + 1) * numberCount), i * numberCount);
    codes.set(data.codes.subarray(row * codeCount, (row + 1) * codeCount), i * codeCount);
    labels[i] = data.labels[row] ?? 0;
  }
  return {
    rowCount: rows.length,
    numbers,
    codes,
    labels,
    unitStarts: Uint32Array.from(unitStarts),
  };
}
