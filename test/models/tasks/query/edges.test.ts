/** Questions where there is nothing, or little, to tell; and what is refused. */
import { expect, test } from "vitest";
import { queryTask } from "../../../../models/tasks/query/query.ts";
import {
  cellsOf,
  contextOf,
  isEstimate,
  NOISE,
  QUESTIONS,
  ROWS,
  secure,
  table,
} from "../questions.ts";

test.each(
  QUESTIONS,
)("%s: of no rows, and of a column without values, there is an answer", (_, statistic, more) => {
  const where = [
    { column: "age", is: "<", value: 30 },
    { column: "age", is: ">", value: 90 },
  ];
  for (const noise of [null, NOISE]) {
    for (const cell of cellsOf(secure(contextOf(statistic, { ...more, where }, noise)))) {
      if (typeof cell === "number") expect(Number.isFinite(cell)).toBe(true);
      if (isEstimate(cell)) {
        expect([cell.value, cell.low, cell.high].every(Number.isFinite)).toBe(true);
        expect(cell.low <= cell.value && cell.value <= cell.high).toBe(true);
      }
    }
  }
});

test.each([
  [{ kind: "moments", column: "never" }],
  [{ kind: "quantiles", column: "never" }],
  [{ kind: "correlation", columns: ["age", "never"] }],
  [{ kind: "means", column: "never", groups: { column: "arm" } }],
  [{ kind: "histogram", column: "never" }],
])("a column that is empty everywhere has counts of zero and nothing else: %j", (statistic) => {
  for (const cell of cellsOf(secure(contextOf(statistic)))) {
    const isKnown =
      cell === null || typeof cell === "string" || [0, 0.25, 0.5, 0.75].includes(Number(cell));
    expect(isKnown || cell === ROWS.length).toBe(true);
  }
});

test("a member's part of a cell of the statistic's own is held back as of the question's", () => {
  const statistic = { kind: "histogram", column: "cost", bins: 40 };
  const exact = table(secure(contextOf(statistic)), "rows").map(([, count]) => Number(count));
  const context = { ...contextOf(statistic), cellMin: 10 };
  const held = table(secure(context), "rows").map(([, count]) => Number(count));
  const small = held.filter((count, i) => count < (exact[i] ?? 0));
  expect(small.length).toBeGreaterThan(0);
  for (const count of held) expect(count === 0 || count >= 10).toBe(true);
  expect(secure(context).notes.join()).toContain("held them back");
});

test.each([
  [{ kind: "moments", column: "site" }, "needs a column of numbers"],
  [{ kind: "quantiles", column: "salary" }, 'no column "salary"'],
  [{ kind: "top", column: "age" }, "needs declared categories"],
  [{ kind: "correlation", columns: ["age", "age"] }, "named twice"],
  [{ kind: "crosstab", columns: [{ column: "age" }, { column: "arm" }] }, "edges"],
  [{ kind: "means", column: "age", groups: { column: "patient" } }, "tells customers apart"],
  [
    {
      kind: "survival",
      time: "months",
      event: [{ column: "sick", is: "=", value: "1" }],
      grid: [6, 3],
    },
    "must ascend",
  ],
  [
    {
      kind: "survival",
      time: "months",
      event: [{ column: "sick", is: "=", value: "yes" }],
      grid: [6],
    },
    'no category "yes"',
  ],
])("%j is refused with what to change", (statistic, words) => {
  expect(() => queryTask.plannedAsks(contextOf(statistic))).toThrow(words);
});

test("what a column's values part must be allowed as a group; what is summed or a condition need not", () => {
  const used = (statistic: object) => queryTask.columnUse?.(contextOf(statistic));
  for (const kind of ["histogram", "quantiles"])
    expect(used({ kind, column: "cost" })?.grouped).toEqual(["cost"]);
  expect(used({ kind: "moments", column: "cost" })).toMatchObject({
    summed: ["cost"],
    grouped: [],
  });
  const event = [{ column: "sick", is: "=", value: "1" }];
  const group = { column: "arm" };
  const survival = used({ kind: "survival", time: "months", event, grid: [6], group });
  expect(survival?.grouped).toEqual(["months", "arm"]);
  expect(survival?.summed).toContain("sick");
});
