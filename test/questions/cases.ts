/** The questions that are asked of public tables, each three ways. Pure data. */

export interface Case {
  /** The statistic or model, as the table lists it. */
  readonly name: string;
  readonly set: string;
  /** As a plan has it, defaults left out. */
  readonly task: object;
  /** The task evaluates a model, which is grown first. */
  readonly model?: "trees";
  /** A column of texts that rows are matched by. */
  readonly matchedBy?: string;
  /** Bound of what secure and pooled may be apart, relative to numbers above 1. */
  readonly bound: number;
}

const HEART = "heart-disease-4-hospitals";
const BANK = "bank-marketing";
const CREDIT = "uci-credit-default";
const FRAUD = "fraud-handbook-simulated";

const query = (statistic: object, more: object = {}): object => ({
  kind: "query",
  statistic,
  ...more,
});

/** Counts are exact; of the rest, all that differs is that a member's sum is rounded once, as finely as float64 sums are. */
const ROUNDED = 1e-9;

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
  { name: "distinct units", set: FRAUD, task: query({ kind: "units" }), bound: 0 },
  {
    name: "sum, mean, variance",
    set: HEART,
    task: query({ kind: "moments", column: "age" }, { by: [{ column: "sex", edges: [0.5] }] }),
    bound: ROUNDED,
  },
  {
    name: "sum, mean, variance",
    set: FRAUD,
    task: query({ kind: "moments", column: "amount" }, { by: [{ column: "label" }] }),
    bound: ROUNDED,
  },
  {
    name: "histogram",
    set: BANK,
    task: query({ kind: "histogram", column: "balance", bins: 50 }),
    bound: 0,
  },
  {
    name: "quantiles",
    set: CREDIT,
    task: query({ kind: "quantiles", column: "LIMIT_BAL", shares: [0.1, 0.5, 0.9] }),
    bound: 0,
  },
  {
    name: "cross-tab, χ², odds ratio",
    set: BANK,
    task: query({ kind: "crosstab", columns: [{ column: "housing" }, { column: "label" }] }),
    bound: 0,
  },
  {
    name: "cross-tab of three",
    set: HEART,
    task: query({
      kind: "crosstab",
      columns: [{ column: "cp" }, { column: "exang", edges: [0.5] }, { column: "label" }],
    }),
    bound: 0,
  },
  {
    name: "correlation",
    set: CREDIT,
    task: query({ kind: "correlation", columns: ["LIMIT_BAL", "AGE", "BILL_AMT1", "PAY_AMT1"] }),
    bound: ROUNDED,
  },
  {
    name: "means of two groups, t-test",
    set: HEART,
    task: query({ kind: "means", column: "thalach", groups: { column: "label" } }),
    bound: ROUNDED,
  },
  {
    name: "means of groups, ANOVA",
    set: BANK,
    task: query({ kind: "means", column: "age", groups: { column: "education" } }),
    bound: ROUNDED,
  },
  {
    name: "drift between periods",
    set: FRAUD,
    task: query({
      kind: "drift",
      column: "amount",
      before: [{ column: "weekend", is: "=", value: 0 }],
      after: [{ column: "weekend", is: "=", value: 1 }],
    }),
    bound: 0,
  },
  {
    name: "overlap, sums over the matched",
    set: FRAUD,
    task: {
      kind: "overlap",
      column: "customer",
      sizeExpected: 4000,
      slots: 2 ** 16,
      salt: "5a".repeat(16),
      values: "amount",
      valueMax: 1000,
    },
    matchedBy: "customer",
    bound: 0.02,
  },
  {
    name: "Kaplan-Meier, log-rank",
    set: HEART,
    task: query({
      kind: "survival",
      time: "age",
      event: [{ column: "label", is: "=", value: "1" }],
      grid: [35, 40, 45, 50, 55, 60, 65, 70],
      group: { column: "sex", edges: [0.5] },
    }),
    bound: 0,
  },
  {
    name: "top-k of a declared domain",
    set: BANK,
    task: query({ kind: "top", column: "education", k: 3 }),
    bound: 0,
  },
  {
    name: "evaluation of a model",
    set: CREDIT,
    task: { kind: "evaluate", bins: 256 },
    model: "trees",
    bound: 0,
  },
  {
    name: "evaluation by segment",
    set: BANK,
    task: { kind: "evaluate", by: "marital", alertBudgets: [0.01, 500] },
    model: "trees",
    bound: 0,
  },
  {
    name: "logistic regression",
    set: HEART,
    task: { kind: "glm", family: "logistic", columns: ["age", "sex", "oldpeak", "cp"] },
    bound: 1e-6,
  },
  {
    name: "logistic regression",
    set: BANK,
    task: { kind: "glm", family: "logistic", columns: ["age", "balance", "marital", "housing"] },
    bound: 1e-6,
  },
  {
    name: "linear regression",
    set: CREDIT,
    task: {
      kind: "glm",
      family: "linear",
      target: "LIMIT_BAL",
      columns: ["AGE", "EDUCATION", "MARRIAGE"],
    },
    bound: 1e-6,
  },
  {
    name: "Poisson regression, ridge",
    set: BANK,
    task: {
      kind: "glm",
      family: "poisson",
      target: "campaign",
      columns: ["age", "marital", "contact"],
      ridge: 1,
    },
    bound: 1e-6,
  },
];
