/** From what people type to a question: what it becomes, and why it is refused. */
import { expect, test } from "vitest";
import type { QuestionOptions } from "../../../../coordinator/cli/ask/options.ts";
import { questionIn, questionOf } from "../../../../coordinator/cli/ask/question.ts";
import { nearest } from "../../../../shared/base/nearest.ts";
import { Charter } from "../../../../shared/charter/charter.ts";
import { memberIds, smallCharter } from "../../../support/charters.ts";

const small = smallCharter(memberIds(3));
const charter = Charter.parse({
  ...small,
  tasks: ["query"],
  schema: {
    ...small.schema,
    others: [{ name: "annual income", type: "number", min: 0, max: 1e6, missing: "indicator" }],
  },
  columns: { channel: { group: true }, amount: { group: true } },
});
const NOTHING: QuestionOptions = { where: [], by: [] };
const typed = (options: Partial<QuestionOptions>): QuestionOptions => ({
  ...NOTHING,
  count: true,
  exact: options.epsilon === undefined,
  ...options,
});
const asked = (options: Partial<QuestionOptions>) => questionOf(typed(options), charter);

test("conditions, groups and the price become a plan", () => {
  const where = ["amount > 100 and channel in web,shop", "`annual income` is missing", "label = 1"];
  const by = ["channel, amount at 100, 500"];
  const { plan, warnings } = asked({ where, by, rowsPerUnit: "3", epsilon: "2" });
  expect(plan).toEqual({
    room: "test-room",
    task: {
      kind: "query",
      where: [
        { column: "amount", is: ">", value: 100 },
        { column: "channel", is: "in", values: ["web", "shop"] },
        { column: "annual income", is: "missing" },
        { column: "label", is: "=", value: "1" },
      ],
      by: [{ column: "channel" }, { column: "amount", edges: [100, 500] }],
      rowsPerUnitMax: 3,
      statistic: { kind: "count" },
    },
    privacy: { epsilon: 2 },
  });
  expect(warnings).toEqual([]);
  expect(asked({}).plan.privacy).toBe("none");
});

test.each([
  [{ units: true }, { kind: "units" }],
  [{ mean: "amount" }, { kind: "moments", column: "amount" }],
  [{ sum: "`annual income`" }, { kind: "moments", column: "annual income" }],
  [{ variance: "hour" }, { kind: "moments", column: "hour" }],
  [{ histogram: "amount" }, { kind: "histogram", column: "amount", bins: 20 }],
  [{ histogram: "channel" }, { kind: "histogram", column: "channel" }],
  [
    { histogram: "amount", bins: "5" },
    { kind: "histogram", column: "amount", bins: 5 },
  ],
  [
    { quantiles: "amount" },
    { kind: "quantiles", column: "amount", shares: [0.25, 0.5, 0.75], bins: 256 },
  ],
  [
    { quantiles: "hour", shares: "0.5, 0.99", bins: "64" },
    { kind: "quantiles", column: "hour", shares: [0.5, 0.99], bins: 64 },
  ],
  [
    { crosstab: "channel, amount at 500" },
    { kind: "crosstab", columns: [{ column: "channel" }, { column: "amount", edges: [500] }] },
  ],
  [
    { drift: "amount between members", bins: "4" },
    { kind: "drift", column: "amount", bins: 4, between: "members" },
  ],
  [
    { drift: "channel between bank-1 and 'bank-3'" },
    { kind: "drift", column: "channel", bins: 10, between: ["bank-1", "bank-3"] },
  ],
  [{ correlation: "amount,hour" }, { kind: "correlation", columns: ["amount", "hour"] }],
  [
    { compare: "hour by channel" },
    { kind: "means", column: "hour", groups: { column: "channel" } },
  ],
  [
    { compare: "hour by amount at 1, 2" },
    { kind: "means", column: "hour", groups: { column: "amount", edges: [1, 2] } },
  ],
  [
    { top: "channel", most: "1" },
    { kind: "top", column: "channel", k: 1 },
  ],
])("%j asks for %j", (options, statistic) => {
  expect(asked({ ...options, count: false }).plan.task).toMatchObject({ statistic });
});

test.each([
  [{ mean: "amount", histogram: "amount" }, "--mean and --histogram: one question at a time"],
  [{ mean: "channel" }, 'column "channel" has categories'],
  [
    { mean: "amuont" },
    '--mean "amuont": at character 1 ("amuont"): the charter has no column "amuont"; did you mean "amount"?',
  ],
  [{ mean: "amount, hour" }, '--mean "amount, hour": one column is asked for'],
  [{ mean: "amount", bins: "5" }, "--bins belongs to --histogram or --quantiles"],
  [
    { histogram: "channel", bins: "5" },
    '--bins parts numbers, and column "channel" has categories',
  ],
  [{ histogram: "hour" }, '--histogram "hour": the charter does not let sums be broken down by'],
  [{ histogram: "amount, channel" }, "one column is asked for"],
  [{ quantiles: "amount", shares: "half" }, "--shares half: not a number"],
  [
    { quantiles: "amount", shares: "50" },
    "--shares 50: shares are from 0 to 1, and the median is 0.5; did you mean 0.5?",
  ],
  [{ quantiles: "amount", shares: "0.1,,1" }, '--shares "": not a number'],
  [{ quantiles: "amount", bins: "20" }, "--bins 20: 20 cannot be; write one of 16, 32, 64"],
  [{ histogram: "amount", bins: "2.5" }, "--bins 2.5: write a whole number, not 2.5"],
  [{ top: "channel", most: "0" }, "--most 0: 0 is below 1, the least"],
  [{ crosstab: "channel" }, '--crosstab "channel": name 2 to 4 columns; 1 is named'],
  [{ crosstab: "channel, channel" }, 'column "channel" is named twice'],
  [{ correlation: "amount" }, '--correlation "amount": name 2 to 30 columns; 1 is named'],
  [{ correlation: "hour, amount at 5" }, 'at character 7 ("amount at 5"): numbers correlate'],
  [{ correlation: "hour, channel" }, 'column "channel" has categories'],
  [{ crosstab: "channel, hour at 1" }, 'broken down by column "hour"; it does by channel, amount'],
  [{ correlation: "amount, salary" }, 'no column "salary"'],
  [{ compare: "amount channel" }, 'at character 8 ("channel"): expected "by"'],
  [{ compare: "channel by channel" }, 'column "channel" has categories'],
  [{ compare: "amount by" }, "expected a column's name"],
  [{ top: "hour" }, 'broken down by column "hour"'],
])("%j is refused: %s", (options, message) => {
  expect(() => asked({ count: false, ...options })).toThrow(message);
});

test("an overlap is asked by its column, with sizes as the charter expects them, and values if they are wanted", () => {
  const overlap = (options: Partial<QuestionOptions>) =>
    asked({ count: false, overlap: "mail", epsilon: "1", ...options });
  expect(overlap({ size: "5000" }).plan.task).toMatchObject({
    kind: "overlap",
    column: "mail",
    sizeExpected: 5000,
  });
  expect(overlap({ size: "5000" }).plan.task).not.toHaveProperty("values");
  const privacy = { ...charter.privacy, unitsExpected: 900 };
  const typedValues = { count: false, overlap: "mail", values: "amount", valueMax: "400" };
  const usual = (privacy: Charter["privacy"]) =>
    questionOf(typed({ ...typedValues, epsilon: "1" }), { ...charter, privacy }).plan.task;
  expect(usual(privacy)).toMatchObject({ values: "amount", valueMax: 400, sizeExpected: 300 });
  expect(() => usual({ ...privacy, unitsExpected: null })).toThrow("--size");
  expect(() => overlap({ size: "5", values: "channel" })).toThrow("needs a column of numbers");
  expect(() => overlap({ size: "5", values: "amont" })).toThrow('did you mean "amount"');
  expect(() => overlap({ size: "5", valueMax: "3" })).toThrow("belongs to --values");
  expect(() => overlap({ size: "5", by: ["channel"] })).toThrow("a question of its own");
  expect(() => overlap({ size: "5", count: true })).toThrow("a question of its own");
  expect(() => overlap({ overlap: "mail, phone" })).toThrow("one column");
  expect(() => asked({ size: "5" })).toThrow("--size belongs to --overlap");
  expect(() => overlap({ size: "0" })).toThrow("--size 0: 0 is below 1, the least");
  expect(() => overlap({ size: "5", values: "amount", valueMax: "-3" })).toThrow(
    "--value-max -3: ",
  );
});

test("a model of a run is evaluated, by one column of categories, and by itself", () => {
  const evaluated = (options: Partial<QuestionOptions>) =>
    asked({ count: false, evaluate: "3f9a", ...options });
  expect(evaluated({ by: ["channel"], rowsPerUnit: "2" }).plan.task).toMatchObject({
    kind: "evaluate",
    model: "3f9a",
    by: "channel",
    rowsPerUnitMax: 2,
  });
  expect(evaluated({}).plan.task).not.toHaveProperty("by");
  expect(() => evaluated({ by: ["channel, amount at 1"] })).toThrow("one column of categories");
  expect(() => evaluated({ by: ["amount at 1"] })).toThrow("one column of categories");
  expect(() => evaluated({ where: ["amount > 1"] })).toThrow("a question of its own");
  expect(() => evaluated({ count: true })).toThrow("a question of its own");
  expect(() => evaluated({ evaluate: "../x" })).toThrow("--evaluate ../x: must be a run's id");
});

test("a category outside the domain is a warning where something is left to count", () => {
  const { plan, warnings } = asked({ where: ["channel in web, phone", "channel != fax"] });
  expect(plan.task).toMatchObject({ where: [{ column: "channel", is: "in", values: ["web"] }] });
  expect(warnings).toEqual([
    'column "channel" has no category "phone" (it has web, shop): it counts nothing',
    'column "channel" has no category "fax" (it has web, shop): it counts nothing',
  ]);
});

test.each([
  [
    "amout > 1",
    'at character 1 ("amout > 1"): the charter has no column "amout"; did you mean "amount"?',
  ],
  [
    "amount > 1 and chanel = web",
    'at character 16 ("chanel = web"): the charter has no column "chanel"',
  ],
  ["salary > 1", 'no column "salary"; it has amount, hour, channel, annual income, label'],
  ["customer = 'c1'", "tells customers apart"],
  ["amount > much", 'at character 10 ("much"): column "amount" has numbers, and "much" is none'],
  ["amount in 1,2", '"in" is for categories; use = or between'],
  ["amount > 2000", "declared from 0 to 1000, and 2000 is outside"],
  ["amount between 5 and 1", "nothing is between 5 and 1; write the lower end first"],
  ["channel > 5", 'column "channel" has categories, and ">" is for numbers; use =, != or in'],
  ["channel between 1 and 2", 'and "between" is for numbers'],
  ["channel is missing", 'and "missing" is for numbers'],
  [
    "channel = wep",
    'no category "wep" (did you mean "web"?), so no row can be counted; nothing was asked',
  ],
  ["channel in fax, pigeon", "so no row can be counted"],
])("--where %j is refused: %s", (source, message) => {
  expect(() => asked({ where: [source] })).toThrow(message);
});

test.each([
  [{ count: false }, "what is asked? --count"],
  [{ by: ["hour at 6"] }, 'broken down by column "hour"; it does by channel, amount'],
  [{ by: ["channel amount"] }, 'at character 9 ("amount"): expected ","'],
  [{ by: ["amount at"] }, "at its end: expected a number"],
  [{ by: ["amount at 1, x"] }, 'schema has no column "x"'],
  [{ by: ["chanel"] }, 'did you mean "channel"?'],
  [{ rowsPerUnit: "many" }, "--rows-per-unit many: not a number"],
  [{ rowsPerUnit: "0" }, "--rows-per-unit 0: 0 is below 1, the least"],
  [{ by: ["channel", "amount at 1, channel, channel"] }, "--by: has 4 entries, and 3 are the most"],
  [{ purpose: "Fraud!" }, "--purpose Fraud!: lower-case letters"],
  [{ epsilon: "1e" }, "--epsilon 1e: not a number"],
  [{ epsilon: "0" }, "--epsilon 0: not a number above 0"],
  [{ epsilon: "1", exact: true }, "give one of them"],
  [{ exact: false }, "how much may it cost? --epsilon, from 1.22 up to 3, or --exact"],
])("%j is refused: %s", (options, message) => {
  expect(() => asked(options)).toThrow(message);
});

test("a charter without a budget asks for no price, and one that refuses exact sums offers none", () => {
  const without = { ...charter, privacy: { ...charter.privacy, budget: null } };
  expect(questionOf({ ...NOTHING, count: true }, without).plan.privacy).toBe("none");
  const strict = { ...charter, privacy: { ...charter.privacy, unnoisedRuns: "refused" as const } };
  expect(() => questionOf({ ...NOTHING, count: true }, strict)).toThrow(/up to 3$/);
});

test("a file holds the task, or the whole plan, and then no option speaks against it", () => {
  const task = { kind: "query", statistic: { kind: "count" } };
  const exact = { ...NOTHING, exact: true };
  const { plan } = questionIn(task, "q.yaml", exact, charter);
  expect(plan).toMatchObject({ room: "test-room", task, privacy: "none" });
  expect(
    questionIn({ task, privacy: { epsilon: 1 } }, "q.yaml", NOTHING, charter).plan,
  ).toMatchObject({ room: "test-room", privacy: { epsilon: 1 } });
  const glm = { kind: "glm", family: "logistic", columns: ["amount"] };
  expect(questionIn(glm, "q.yaml", exact, charter).plan.task).toMatchObject(glm);
  const whole = { task, privacy: "none" };
  expect(() => questionIn(whole, "q.yaml", exact, charter)).toThrow("is a whole plan");
  expect(() => questionIn(task, "q.yaml", typed({}), charter)).toThrow("holds the question");
  expect(() => questionIn({ ...task, sql: "x" }, "q.yaml", exact, charter)).toThrow(
    'q.yaml at "task": "sql" is no field here; remove it',
  );
  expect(() => questionIn([1], "q.yaml", exact, charter)).toThrow("q.yaml at");
});

test("the nearest name is offered, and none where all are far", () => {
  const names = ["amount", "hour", "channel", "annual income"];
  expect(
    ["amuont", "HOUR", "annual_income", "zzz", "x"].map((name) => nearest(name, names)),
  ).toEqual(["amount", "hour", "annual income", null, null]);
});
