/** Of each member's customers, by whether another one has them too: how many there are, and what they come to. Pure. */
import type { Cell, Estimate, Table } from "../../answers/answer.ts";
import { atLeastNone, cutTo } from "../../overlap/estimate.ts";
import type { Gram } from "../../overlap/gram.ts";
import { commonValue, restValue, type ValueEstimate } from "../../overlap/value-estimate.ts";
import { cellMinOf } from "../cell-min.ts";
import { column } from "../query/tables.ts";
import type { OverlapContext, ValuesPlan } from "./values.ts";

/**
 * A row for each member whose values are asked for and each other one; where sizes may be told, also of the customers
 * that the other has not: their number and the common ones' add up to the member's size.
 */
export function valueTable(
  context: OverlapContext,
  plan: ValuesPlan,
  gram: Gram,
  names: readonly string[],
): Table {
  const { memberCount, spec } = context;
  const told = (estimate: ValueEstimate): Cell[] => toldCells(context, plan, estimate);
  const rowsOf = (own: number, values: number, other: number): Cell[][] => {
    const pair = { own, values, other };
    const [of, at] = [names[own] ?? "", names[other] ?? ""];
    const common = [of, `${at} has too`, ...told(commonValue(gram, pair))];
    if (spec.sizes === "untold") return [common];
    return [common, [of, `${at} has not`, ...told(restValue(gram, pair))]];
  };
  const { name } = plan.reader;
  return {
    name: "Value of customers in common",
    columns: [
      column("customers of", "text"),
      column("that", "text"),
      column("identifiers", "count"),
      column(`sum of ${name}`, "number"),
      column(`mean of ${name}`, "number"),
    ],
    rows: plan.members.flatMap((own, at) =>
      names.flatMap((_, other) => (other === own ? [] : rowsOf(own, memberCount + at, other))),
    ),
  };
}

/** No mean where there may be fewer than the least number of customers. */
function toldCells(
  context: OverlapContext,
  { reader, most }: ValuesPlan,
  { count, sum, mean }: ValueEstimate,
): Cell[] {
  const least = reader.min < 0 ? Number.NEGATIVE_INFINITY : 0;
  const isFew = count.low < cellMinOf(context);
  return [
    atLeastNone(count),
    scaled(cutTo(sum, least, Number.POSITIVE_INFINITY), most),
    isFew || mean === null ? null : scaled(cutTo(mean, Math.max(-1, least), 1), most),
  ];
}

function scaled({ value, low, high }: Estimate, by: number): Estimate {
  return { value: value * by, low: low * by, high: high * by };
}

export function valueNotes(
  context: OverlapContext,
  { reader, most, standardError }: ValuesPlan,
): string[] {
  const { name } = reader;
  const within = Number((1.96 * standardError).toPrecision(3));
  const range = reader.min < 0 ? `from −${most} to ${most}` : `up to ${most}`;
  return [
    `an identifier comes to what ${name} adds up to in its member's rows, ${range}: what is beyond counts as that, rows without a value as 0`,
    `a sum over few customers of sets as large as expected is known to within ±${within} (95 %)`,
    `a mean is told where there are ${cellMinOf(context)} identifiers at least, whatever the noise`,
  ];
}
