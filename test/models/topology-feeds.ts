/** What the inputs of a topology are fed with, by the rules of docs/models.md and no code of ours. Pure. */
import type { EncodedData } from "../../models/data.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { rowCounts } from "./topologies.ts";

/** Rows of the input of that name and width. Numbers are scaled; without scaling, as an exported model wants them. */
export function fed(
  name: string,
  width: number,
  schema: DataSchema,
  scaling: Float32Array,
  data: EncodedData,
): number[][] {
  const { features } = schema;
  const numbers = features.filter((f) => f.type === "number");
  const counts = rowCounts(schema);
  return Array.from({ length: data.rowCount }, (_, row) => {
    const number = (j: number): number => data.numbers[row * numbers.length + j] ?? 0;
    const scaled = (j: number): number => {
      const x = number(j);
      return Number.isNaN(x) ? 0 : (x - (scaling[j] ?? 0)) * (scaling[numbers.length + j] ?? 1);
    };
    const unknown = (j: number): number => (Number.isNaN(number(j)) ? 1 : 0);
    const code = (c: number): number => data.codes[row * counts.length + c] ?? 0;
    const hot = (c: number): number[] =>
      Array.from({ length: counts[c] ?? 0 }, (_, k) => (k === code(c) ? 1 : 0));
    const all = [
      ...numbers.map((_, j) => scaled(j)),
      ...numbers.flatMap((f, j) => (f.missing === "indicator" ? [unknown(j)] : [])),
    ];
    if (name === "numbers") return all;
    if (name === "features") return [...all, ...counts.flatMap((_, c) => hot(c))];
    const category = features
      .filter((f) => f.type === "category")
      .findIndex((f) => f.name === name);
    const c = name.startsWith("category") ? Number(name.slice(8)) : category;
    if (c >= 0) return width === 1 ? [code(c)] : hot(c);
    const named = numbers.findIndex((f) => f.name === name);
    const j = named < 0 ? Number(name.slice("number".length)) : named;
    return numbers[j]?.missing === "indicator" ? [scaled(j), unknown(j)] : [scaled(j)];
  });
}
