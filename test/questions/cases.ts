/** The questions that are asked of public tables, each three ways. Pure data. */

export interface Case {
  /** The statistic or model, as the table lists it. */
  readonly name: string;
  readonly set: string;
  /** As a plan has it, defaults left out. */
  readonly task: object;
  /** Bound of what secure and pooled may be apart, relative to numbers above 1. */
  readonly bound: number;
}

const HEART = "heart-disease-4-hospitals";
const BANK = "bank-marketing";
const CREDIT = "uci-credit-default";

const query = (statistic: object, more: object = {}): object => ({
  kind: "query",
  statistic,
  ...more,
});

export const CASES: readonly Case[] = [
  {
    name: "count by category",
    set: HEART,
    task: query({ kind: "count" }, { by: [{ column: "cp" }] }),
    bound: 0,
  },
  {
    name: "count by two, filtered",
    set: BANK,
    task: query(
      { kind: "count" },
      {
        by: [{ column: "marital" }, { column: "label" }],
        where: [{ column: "age", is: ">=", value: 30 }],
      },
    ),
    bound: 0,
  },
  {
    name: "count by band",
    set: CREDIT,
    task: query({ kind: "count" }, { by: [{ column: "AGE", edges: [30, 40, 50] }] }),
    bound: 0,
  },
];
