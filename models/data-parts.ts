/** A table of some units of another, and one table of several. Pure. For playing a federation, and what it is held against. */
import type { EncodedData, OtherColumns } from "./data.ts";

/** The rows of those units, in their order; all is copied. */
export function selectedUnits(data: EncodedData, units: Uint32Array): EncodedData {
  const rows: number[] = [];
  const unitStarts = [0];
  for (const unit of units) {
    for (let row = data.unitStarts[unit] ?? 0; row < (data.unitStarts[unit + 1] ?? 0); row++)
      rows.push(row);
    unitStarts.push(rows.length);
  }
  const { rowCount, others, identifiers } = data;
  const labels = Uint8Array.from(rows, (row) => data.labels[row] ?? 0);
  return {
    rowCount: rows.length,
    ...selectedRows(data, rowCount, rows),
    labels,
    unitStarts: Uint32Array.from(unitStarts),
    ...(others && { others: selectedRows(others, rowCount, rows) }),
    ...(identifiers && {
      identifiers: identifiers.map((cells) => rows.map((row) => cells[row] ?? "")),
    }),
  };
}

function selectedRows(data: OtherColumns, rowCount: number, rows: readonly number[]): OtherColumns {
  const width = (all: { readonly length: number }): number =>
    rowCount === 0 ? 0 : all.length / rowCount;
  const [numberCount, codeCount] = [width(data.numbers), width(data.codes)];
  const numbers = new Float32Array(rows.length * numberCount);
  const codes = new Uint16Array(rows.length * codeCount);
  for (const [i, row] of rows.entries()) {
    numbers.set(data.numbers.subarray(row * numberCount, (row + 1) * numberCount), i * numberCount);
    codes.set(data.codes.subarray(row * codeCount, (row + 1) * codeCount), i * codeCount);
  }
  return { numbers, codes };
}

/** All rows of all parts, in their order. A unit that two parts know is two units. */
export function joinedData(parts: readonly EncodedData[]): EncodedData {
  const labels = new Uint8Array(parts.reduce((sum, { rowCount }) => sum + rowCount, 0));
  const unitStarts = [0];
  let rowsAt = 0;
  for (const part of parts) {
    labels.set(part.labels, rowsAt);
    for (let unit = 1; unit < part.unitStarts.length; unit++)
      unitStarts.push(rowsAt + (part.unitStarts[unit] ?? 0));
    rowsAt += part.rowCount;
  }
  const others = parts.flatMap((part) => part.others ?? []);
  const identifiers = parts[0]?.identifiers?.map((_, c) =>
    parts.flatMap((part) => part.identifiers?.[c] ?? []),
  );
  return {
    rowCount: labels.length,
    ...joinedColumns(parts),
    labels,
    unitStarts: Uint32Array.from(unitStarts),
    ...(others.length > 0 && { others: joinedColumns(others) }),
    ...(identifiers && { identifiers }),
  };
}

function joinedColumns(parts: readonly OtherColumns[]): OtherColumns {
  const total = (pick: (part: OtherColumns) => { length: number }): number =>
    parts.reduce((sum, part) => sum + pick(part).length, 0);
  const numbers = new Float32Array(total((part) => part.numbers));
  const codes = new Uint16Array(total((part) => part.codes));
  let [numbersAt, codesAt] = [0, 0];
  for (const part of parts) {
    numbers.set(part.numbers, numbersAt);
    codes.set(part.codes, codesAt);
    numbersAt += part.numbers.length;
    codesAt += part.codes.length;
  }
  return { numbers, codes };
}
