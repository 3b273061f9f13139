/** Correlations of number columns, over rows in which none of them is missing. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import { correlationLength, correlations } from "../../statistics/correlation.ts";
import { scaleOf } from "../../statistics/moments.ts";
import { told } from "../../statistics/noised.ts";
import { type NumberReader, numberReader } from "../columns.ts";
import { isPresent, SAMPLING_NOTE } from "./moments.ts";
import type { QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, titleOf } from "./tables.ts";

/** @throws {CloisterError} If a column is none of numbers, or is named twice. */
export function correlationStatistic(
  { schema }: QueryContext,
  { columns: names }: StatisticSpec<"correlation">,
): Statistic {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw badInput("question.column-twice", `column "${twice}" is named twice; name it once`);
  }
  const readers = names.map((name) => numberReader(schema, name));
  const tests = readers.map(isPresent);
  return {
    axes: [],
    isCounted: (data, row) => tests.every((test) => test(data, row)),
    sums: sumNames(names),
    values: "reals",
    rowNorm: Math.sqrt(correlationLength(names.length)),
    columns: { summed: names, grouped: [] },
    addInPlace: adder(readers),
    answer: (opened) => ({
      title: titleOf(`Correlations of ${names.join(", ")}`, opened),
      tables: [
        {
          name: "correlations",
          columns: [...byColumns(opened), ...COLUMNS],
          rows: byRows(opened, (noised) =>
            correlations(noised, names.length).map(({ first, second, r, rSampled, pValue }) => [
              names[first] ?? "",
              names[second] ?? "",
              told(noised.sums[0] ?? 0, noised.stdDev),
              r,
              rSampled,
              pValue,
            ]),
          ),
        },
      ],
      charts: [],
      notes: [SAMPLING_NOTE],
    }),
  };
}

const COLUMNS = [
  column("first", "text"),
  column("second", "text"),
  column("rows", "count"),
  column("r", "number"),
  column("r, with sampling", "number"),
  column("p-value", "probability"),
];

function sumNames(names: readonly string[]): string[] {
  const products = names.flatMap((a, i) => names.slice(i).map((b) => `${a} × ${b}`));
  return ["rows", ...names, ...products];
}

/** In the order that `correlations` reads. */
function adder(readers: readonly NumberReader[]): Statistic["addInPlace"] {
  const scales = readers.map(scaleOf);
  const scaled = new Float64Array(readers.length);
  return (sums, at, data, row) => {
    for (const [k, reader] of readers.entries()) {
      const { middle = 0, half = 1 } = scales[k] ?? {};
      scaled[k] = Math.max(-1, Math.min(1, (reader.read(data, row) - middle) / half));
    }
    let place = at;
    sums[place] = (sums[place] ?? 0) + 1;
    for (const u of scaled) {
      place += 1;
      sums[place] = (sums[place] ?? 0) + u;
    }
    for (let i = 0; i < scaled.length; i++)
      for (let j = i; j < scaled.length; j++) {
        place += 1;
        sums[place] = (sums[place] ?? 0) + (scaled[i] ?? 0) * (scaled[j] ?? 0);
      }
  };
}
