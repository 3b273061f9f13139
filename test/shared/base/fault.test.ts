/** What is wrong with a file is said in our words, of the shape that was evidently meant. */
import { expect, test } from "vitest";
import { parseOrRefuse } from "../../../shared/charter/charter.ts";
import { PlanRequest } from "../../../shared/charter/manifest.ts";

const query = (statistic: unknown, more: object = {}): object => ({
  task: { kind: "query", statistic, ...more },
  privacy: "none",
});
const COUNT = { kind: "count" };
const KINDS = "train, boost, query, glm, overlap, match, evaluate, probe";

test.each([
  [null, "plan.yaml: write fields with values, not null"],
  [{}, '"task": is missing; write fields with values'],
  [
    { task: { kind: "queri" } },
    `"task.kind": "queri" cannot be; write one of ${KINDS}; did you mean query?`,
  ],
  [{ task: {} }, `"task.kind": is missing; write one of ${KINDS}`],
  [query({ kind: "mean" }), "; did you mean means?"],
  [query({ kind: "histogram" }), '"task.statistic.column": is missing; write a text'],
  [
    query({ kind: "histogram", colum: "a" }),
    '"task.statistic": "colum" is no field here; did you mean "column"?',
  ],
  [
    query({ kind: "histogram", column: "a", bins: "20" }),
    '"task.statistic.bins": write a number, without quotation marks',
  ],
  [query({ kind: "histogram", column: 7 }), "write a text, in quotation marks, not 7"],
  [
    query({ kind: "quantiles", column: "a", bins: 20 }),
    "20 cannot be; write one of 16, 32, 64, 128, 256, 512, 1024",
  ],
  [
    query({ kind: "quantiles", column: "a", shares: [50] }),
    '"task.statistic.shares.0": 50 is above 1, the most',
  ],
  [
    query({ kind: "crosstab", columns: ["a", "b"] }),
    "write { column: NAME }, and for numbers also edges",
  ],
  [query({ kind: "crosstab", columns: [{ column: "a" }] }), "has 1 entry, and 2 are the least"],
  [
    query(COUNT, { where: [{ column: "a", is: "=", value: true }] }),
    "write a text or a number, not true",
  ],
  [query(COUNT, { where: [{ column: "a", is: "=>", value: 1 }] }), /in, missing, present$/],
  [{ ...query(COUNT), privacy: "exact" }, '"privacy": write none, or { epsilon: E }'],
  [{ ...query(COUNT), privacy: { eps: 1 } }, '"privacy": "eps" is no field here'],
  [{ ...query(COUNT), privacy: { epsilon: 0 } }, '"privacy.epsilon": 0 is not above 0'],
  [
    { ...query(COUNT), encoding: { profile: {} } },
    "exact, compact, wan, dp, not fields with values",
  ],
])("%j: %s", (plan, message) => {
  expect(() => parseOrRefuse(PlanRequest, plan, "plan.yaml")).toThrow(message);
});

/** Something of every type in the place of every field of a whole plan: the validator's own texts come out nowhere. */
test("no wrong value anywhere in a plan is answered in the validator's words", () => {
  const strategy = {
    kind: "dpSgd",
    rounds: 4,
    samplingProbability: 0.1,
    clipNorm: 1,
    learningRate: 1,
  };
  const evaluation = { everyRounds: null, bins: 32, earlyStopping: { patience: 2 } };
  const loss = { kind: "focal", gamma: 2, positiveWeight: "balanced" };
  const train = {
    kind: "train",
    model: { hidden: [16] },
    scaling: "bounds",
    loss,
    strategy,
    evaluation,
  };
  const privacy = { epsilon: 1, maxDropouts: 0, noisePlacement: "local" };
  const more = {
    encoding: { profile: "dp", ringBits: 18 },
    purpose: "p",
    receivers: { models: ["analyst"] },
  };
  const drift = { kind: "drift", column: "a", before: [{ column: "a", is: "in", values: ["x"] }] };
  const plans = [
    { room: "r", task: train, privacy, validDays: 3, ...more },
    query(drift, { by: [{ column: "a", edges: [1, 2] }], rowsPerUnitMax: 1 }),
    { task: { kind: "glm", family: "poisson", columns: ["a"], reference: { a: "x" } }, privacy },
    { task: { kind: "boost", model: { trees: 3, monotone: { a: 1 } } }, privacy },
    {
      task: { kind: "overlap", column: "a", sizeExpected: 9, phone: { countryCode: "44" } },
      privacy,
    },
    { task: { kind: "evaluate", model: "3f9a", thresholds: [0.5] }, privacy },
  ];
  const wrong = [
    undefined,
    null,
    -1,
    1.5,
    1e99,
    "no such thing",
    "",
    true,
    [],
    [[]],
    {},
    { colour: 1 },
  ];
  const told = plans
    .flatMap((plan) => spoilt(plan, wrong).map(refusal))
    .filter((text) => text !== "");
  expect(told.length).toBeGreaterThan(500);
  for (const text of told)
    expect(text).not.toMatch(/Invalid|Unrecognized|Too (?:small|big)|expected|received|undefined/);
});

function refusal(plan: unknown): string {
  try {
    parseOrRefuse(PlanRequest, plan, "plan.yaml");
    return "";
  } catch (error) {
    return String(error);
  }
}

/** Copies of a value, in each of which one thing is another. */
function spoilt(value: unknown, wrong: readonly unknown[]): unknown[] {
  const inner = Array.isArray(value)
    ? value.flatMap((one, i) => spoilt(one, wrong).map((bad) => value.with(i, bad)))
    : Object.entries(typeof value === "object" && value !== null ? value : {}).flatMap(
        ([key, one]) => spoilt(one, wrong).map((bad) => ({ ...Object(value), [key]: bad })),
      );
  return [...wrong, ...inner];
}
