/** A table of some units of another, and one table of several. Pure. For playing a federation, and what it is held against. */
import type { EncodedData } from "./data.ts";

/** The rows of those units, in their order; all is copied. */
export function selectedUnits(data: EncodedData, units: Uint32Array): EncodedData {
  const rows: number[] = [];
  const unitStarts = [0];
  for (const unit of units) {
    for (let row = data.unitStarts[unit] ?? 0; row < (data.unitStarts[unit + 1] ?? 0); row++)
      rows.push(row);
    unitStarts.push(rows.length);
  }
  const numberCount = data.rowCount === 0 ? 0 : data.numbers.length / data.rowCount;
  const codeCount = data.rowCount === 0 ? 0 : data.codes.length / data.rowCount;
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

/** All rows of all parts, in their order. A unit that two parts know is two units. */
export function joinedData(parts: readonly EncodedData[]): EncodedData {
  const total = (pick: (part: EncodedData) => { length: number }): number =>
    parts.reduce((sum, part) => sum + pick(part).length, 0);
  const numbers = new Float32Array(total((part) => part.numbers));
  const codes = new Uint16Array(total((part) => part.codes));
  const labels = new Uint8Array(total((part) => part.labels));
  const unitStarts = [0];
  let [numbersAt, codesAt, rowsAt] = [0, 0, 0];
  for (const part of parts) {
    numbers.set(part.numbers, numbersAt);
    codes.set(part.codes, codesAt);
    labels.set(part.labels, rowsAt);
    for (let unit = 1; unit < part.unitStarts.length; unit++)
      unitStarts.push(rowsAt + (part.unitStarts[unit] ?? 0));
    numbersAt += part.numbers.length;
    codesAt += part.codes.length;
    rowsAt += part.rowCount;
  }
  const rowCount = labels.length;
  return { rowCount, numbers, codes, labels, unitStarts: Uint32Array.from(unitStarts) };
}
