/** What an overlap comes to: members two by two, what all have together, what those in common come to. Pure. */
import type { Answer, Cell, Chart, Table } from "../../answers/answer.ts";
import {
  atLeastNone,
  cutTo,
  overlapEstimate,
  shareEstimate,
  sizeEstimate,
} from "../../overlap/estimate.ts";
import { firstOf, type Gram } from "../../overlap/gram.ts";
import { unionEstimate } from "../../overlap/union.ts";
import { overlapPlan } from "./shape.ts";
import { valueNotes, valueTable } from "./value-table.ts";
import type { OverlapContext } from "./values.ts";

/** @param all Of members' identifiers, then of values. */
export function overlapAnswer(context: OverlapContext, all: Gram): Answer {
  const { spec, memberCount } = context;
  const gram = firstOf(all, memberCount);
  const names = namesOf(context);
  const told = spec.sizes === "told";
  const { values } = overlapPlan(context);
  return {
    title: `Customers in common, by column "${spec.column}"`,
    tables: [
      matrix(gram, names, told),
      ...(told ? [shares(gram, names)] : []),
      {
        name: "All members together",
        columns: [
          { name: "what", kind: "text" },
          { name: "identifiers", kind: "count" },
        ],
        rows: [["different ones", atLeastNone(unionEstimate(gram))]],
      },
      ...(values ? [valueTable(context, values, all, names)] : []),
    ],
    charts: [bars(gram, names)],
    notes: [...notes(context), ...(values ? valueNotes(context, values) : [])],
  };
}

function namesOf({ memberCount, memberIds }: OverlapContext): string[] {
  return Array.from({ length: memberCount }, (_, k) => memberIds?.[k] ?? `member ${k + 1}`);
}

/** In row and column the overlap; on the diagonal how many a member has, where that may be told. */
function matrix(gram: Gram, names: readonly string[], told: boolean): Table {
  const cell = (i: number, j: number): Cell => {
    if (i === j) return told ? atLeastNone(sizeEstimate(gram, i)) : null;
    return atLeastNone(overlapEstimate(gram, i, j));
  };
  return {
    name: "Identifiers in common",
    columns: [
      { name: "member", kind: "text" },
      ...names.map((name) => ({ name, kind: "count" }) as const),
    ],
    rows: names.map((name, i) => [name, ...names.map((_, j) => cell(i, j))]),
  };
}

function shares(gram: Gram, names: readonly string[]): Table {
  return {
    name: "Share of a row's member that a column's member has too",
    columns: [
      { name: "member", kind: "text" },
      ...names.map((name) => ({ name, kind: "share" }) as const),
    ],
    rows: names.map((name, i) => [
      name,
      ...names.map((_, j): Cell => {
        const share = i === j ? null : shareEstimate(gram, i, j);
        return share && cutTo(share, 0, 1);
      }),
    ]),
  };
}

/** A group of bars for each member: with every other one what they share. */
function bars(gram: Gram, names: readonly string[]): Chart {
  return {
    kind: "bars",
    title: "Identifiers in common",
    x: "with",
    y: "identifiers",
    series: names.map((name, i) => ({
      name,
      points: names.flatMap((other, j) => {
        if (i === j) return [];
        const { value, low, high } = atLeastNone(overlapEstimate(gram, i, j));
        return [{ x: other, y: value, low, high }];
      }),
    })),
  };
}

function notes(context: OverlapContext): string[] {
  const { spec, memberCount } = context;
  const { slots, standardError } = overlapPlan(context);
  const all = [
    `from sketches of ${slots} slots; two sets of ${spec.sizeExpected} that share little are known to share within ±${Math.round(1.96 * standardError)} (95 %)`,
    `intervals are of the noise and the sketch: the true number is within them in 95 of 100 questions; a member with fewer than about ${spec.sizeMin} identifiers took part as if it had none`,
    "the same tables need not be asked again for it: this answer stays right, and another would cost as much ε",
  ];
  if (memberCount > 2)
    all.push(
      "how many all have together is bounded by what two have in common: the interval spans all that is possible, and its value is the middle",
    );
  return all;
}
