/** Customers that try to move a sum further than a customer may. Pure. */
import type { EncodedData } from "../../models/data.ts";
import { assert } from "../../shared/base/assert.ts";
import type { UniformSource } from "../../shared/base/uniform.ts";

export interface Row {
  readonly numbers: readonly number[];
  readonly codes: readonly number[];
  readonly label: number;
}

export interface Adversary {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** Row norm of the largest: values that no encoder would let through. */
const HUGE = 1e6;

/** @param base The others, of whom one may be copied. */
export function adversaries(
  base: EncodedData,
  widths: { readonly numbers: number; readonly codes: number },
  source: UniformSource,
): Adversary[] {
  const count = 1 + source.below(16);
  const fresh = (): Row => randomRow(widths, source);
  const rows = (make: (i: number) => Row): Row[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const filled = (value: number) => () => ({
    ...fresh(),
    numbers: new Array(widths.numbers).fill(value),
  });
  const one = fresh();
  return [
    { name: "ordinary", rows: rows(fresh) },
    { name: "norm 1e6", rows: rows(() => huge(fresh())) },
    { name: "not a number", rows: rows(filled(Number.NaN)) },
    { name: "infinite", rows: rows(filled(Number.POSITIVE_INFINITY)) },
    {
      name: "one row infinite",
      rows: [fresh(), ...rows(fresh), filled(Number.NEGATIVE_INFINITY)()],
    },
    { name: "zeros", rows: rows(filled(0)) },
    {
      name: "unknown categories",
      rows: rows(() => ({ ...fresh(), codes: one.codes.map(() => 65_535) })),
    },
    { name: "one row repeated", rows: rows(() => one) },
    { name: "one huge row repeated", rows: rows(() => huge(one)) },
    {
      name: "copy of another",
      rows: rowsOf(base, source.below(base.unitStarts.length - 1), widths),
    },
    {
      name: "rows that cancel",
      rows: rows((i) => (i % 2 === 0 ? one : { ...one, label: 1 - one.label })),
    },
    { name: "40 rows", rows: Array.from({ length: 40 }, fresh) },
  ];
}

function randomRow(
  widths: { readonly numbers: number; readonly codes: number },
  source: UniformSource,
): Row {
  return {
    numbers: Array.from({ length: widths.numbers }, () => 2 * source.unit() - 1),
    codes: Array.from({ length: widths.codes }, () => source.below(6)),
    label: source.below(2),
  };
}

function huge(row: Row): Row {
  const norm = Math.hypot(...row.numbers);
  return { ...row, numbers: row.numbers.map((x) => (x * HUGE) / norm) };
}

function rowsOf(
  data: EncodedData,
  unit: number,
  { numbers, codes }: { readonly numbers: number; readonly codes: number },
): Row[] {
  const rows: Row[] = [];
  for (let r = data.unitStarts[unit] ?? 0; r < (data.unitStarts[unit + 1] ?? 0); r++) {
    rows.push({
      numbers: [...data.numbers.subarray(r * numbers, (r + 1) * numbers)],
      codes: [...data.codes.subarray(r * codes, (r + 1) * codes)],
      label: data.labels[r] ?? 0,
    });
  }
  return rows;
}

/**
 * The table with one more customer.
 *
 * @param before How many of the others come before it: where chunks of rows begin depends on it.
 */
export function withUnit(base: EncodedData, rows: readonly Row[], before: number): EncodedData {
  const start = base.unitStarts[before];
  assert(start !== undefined, "a customer's place is among the others");
  const insert = <T extends Float32Array | Uint16Array | Uint8Array>(
    values: T,
    perRow: number,
    added: readonly number[],
  ): number[] => [
    ...values.subarray(0, start * perRow),
    ...added,
    ...values.subarray(start * perRow),
  ];
  const numbersPerRow = base.rowCount === 0 ? 0 : base.numbers.length / base.rowCount;
  const codesPerRow = base.rowCount === 0 ? 0 : base.codes.length / base.rowCount;
  const starts = [...base.unitStarts];
  const later = starts.slice(before).map((at) => at + rows.length);
  return {
    rowCount: base.rowCount + rows.length,
    numbers: Float32Array.from(
      insert(
        base.numbers,
        numbersPerRow,
        rows.flatMap((r) => [...r.numbers]),
      ),
    ),
    codes: Uint16Array.from(
      insert(
        base.codes,
        codesPerRow,
        rows.flatMap((r) => [...r.codes]),
      ),
    ),
    labels: Uint8Array.from(
      insert(
        base.labels,
        1,
        rows.map(({ label }) => label),
      ),
    ),
    unitStarts: Uint32Array.from([...starts.slice(0, before + 1), ...later]),
  };
}
