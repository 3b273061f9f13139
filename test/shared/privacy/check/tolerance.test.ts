/** Tests of `shared/privacy/check/tolerance.ts`: each rule holds, and is broken by what it forbids. */
import { expect, test } from "vitest";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { type Computed, judge } from "../../../../shared/privacy/check/tolerance.ts";

type Values = Record<string, unknown>;

function passes(expected: Values, tolerance: Record<string, number>, computed: Computed): boolean {
  const vector = { id: "v", kind: "k", inputs: {}, expected, tolerance };
  return judge(vector, computed).comparisons.every(({ passed }) => passed);
}

test("a relative and an absolute tolerance, at their edges", () => {
  expect(passes({ rdp: 2 }, { rel: 1e-9 }, { rdp: 2 + 1.9e-9 })).toBe(true);
  expect(passes({ rdp: 2 }, { rel: 1e-9 }, { rdp: 2 - 2.1e-9 })).toBe(false);
  expect(passes({ steps: 155 }, { abs: 1 }, { steps: 154 })).toBe(true);
  expect(passes({ steps: 155 }, { abs: 1 }, { steps: 157 })).toBe(false);
  // The larger room of two counts.
  expect(passes({ steps: 155 }, { abs: 1, rel: 0.1 }, { steps: 160 })).toBe(true);
  expect(passes({ steps: 0.5 }, { abs: 1, rel: 0.1 }, { steps: 1.2 })).toBe(true);
});

test("zero is met by zero only, infinity by infinity, and NaN meets nothing", () => {
  expect(passes({ tau: 0 }, { rel: 1e-6 }, { tau: 0 })).toBe(true);
  expect(passes({ tau: 0 }, { rel: 1e-6 }, { tau: 1e-300 })).toBe(false);
  expect(passes({ e: "inf" }, { rel: 1e-6 }, { e: Number.POSITIVE_INFINITY })).toBe(true);
  expect(passes({ e: "inf" }, { rel: 1e-6 }, { e: 5 })).toBe(false);
  expect(passes({ e: 5 }, { rel: 1e-6 }, { e: Number.POSITIVE_INFINITY })).toBe(false);
  expect(passes({ e: 5 }, { rel: 1e-6 }, { e: Number.NaN })).toBe(false);
});

test("lists are compared entry by entry, and have one length; a head has the given one", () => {
  expect(passes({ pmf: [1, 2] }, { rel: 1e-9 }, { pmf: [1, 2] })).toBe(true);
  expect(passes({ pmf: [1, 2] }, { rel: 1e-9 }, { pmf: [1, 2.1] })).toBe(false);
  expect(passes({ pmf: [1, 2] }, { rel: 1e-9 }, { pmf: [1, 2, 3] })).toBe(false);
  expect(passes({ pmf: [1, 2] }, { rel: 1e-9 }, { pmf: [1] })).toBe(false);
  expect(passes({ c_head: [1, 2] }, { rel: 1e-9 }, { c_head: [1, 2, 3] })).toBe(true);
  expect(passes({ c_head: [1, 2, 3] }, { rel: 1e-9 }, { c_head: [1, 2] })).toBe(false);
});

test("Google's ε is a bound from above, and loosely one from below", () => {
  const expected = { epsilon: 1, google_epsilon: 1.001 };
  const tolerance = { rel: 1, google_rel: 0.002 };
  expect(passes(expected, tolerance, { epsilon: 1 })).toBe(true);
  expect(passes(expected, tolerance, { epsilon: 1.001 * (1 + 0.9e-6) })).toBe(true);
  expect(passes(expected, tolerance, { epsilon: 1.001 * (1 + 1.1e-6) })).toBe(false);
  expect(passes(expected, tolerance, { epsilon: 0.998 })).toBe(false);
});

test("one-sided bounds and goals", () => {
  const atLeast = { rel_must: 0.01, rel_target: 1e-4, must_be_at_least: 0.9999 };
  expect(passes({ epsilon: 1 }, atLeast, { epsilon: 1.005 })).toBe(true);
  expect(passes({ epsilon: 1 }, atLeast, { epsilon: 0.9998 })).toBe(false);
  expect(passes({ epsilon: 1 }, atLeast, { epsilon: 1.02 })).toBe(false);
  const judged = (epsilon: number): boolean | null =>
    judge(
      { id: "v", kind: "k", inputs: {}, expected: { epsilon: 1 }, tolerance: atLeast },
      { epsilon },
    ).targetMet;
  expect(judged(1.005)).toBe(false);
  expect(judged(1.00005)).toBe(true);

  const noMore = { rel: 1e-5, epsilon_must_not_exceed: 3 };
  const expected = { noise: 1.5, epsilon_at_sigma: 3 };
  expect(passes(expected, noMore, { noise: 1.5, epsilon_at_sigma: 3 })).toBe(true);
  expect(passes(expected, noMore, { noise: 1.5, epsilon_at_sigma: 3.000001 })).toBe(false);
});

test("a tolerance of its own goes before the general one", () => {
  const expected = { epsilon_pld: 2, epsilon_rdp: 3 };
  const tolerance = { pld_rel: 0.1, rdp_rel: 1e-6 };
  expect(passes(expected, tolerance, { epsilon_pld: 2.1, epsilon_rdp: 3 })).toBe(true);
  expect(passes(expected, tolerance, { epsilon_pld: 2.1, epsilon_rdp: 3.1 })).toBe(false);
});

test("names that are not computed are listed, not compared", () => {
  const vector = {
    id: "v",
    kind: "k",
    inputs: {},
    expected: { sigma: 1, classic: 2, google_epsilon: 3 },
    tolerance: { rel: 1e-9 },
  };
  expect(judge(vector, { sigma: 1 }).notCompared).toEqual(["classic", "google_epsilon"]);
});

test.each([
  ["no name in common", { epsilom: 1 }, { rel: 1 }, "expected: none of its names"],
  ["no tolerance", { epsilon: 1 }, {}, "says nothing about epsilon"],
  ["an unknown rule", { epsilon: 1 }, { rel: 1, relative: 1 }, "tolerance.relative: not a rule"],
  ["a bound for nothing", { epsilon: 1 }, { rel: 1, rho_must_not_exceed: 1 }, "no rho"],
  [
    "Google's rule without Google's value",
    { epsilon: 1 },
    { rel: 1, google_rel: 1 },
    "google_epsilon",
  ],
  ["a text for a number", { epsilon: "one" }, { rel: 1 }, "expected.epsilon"],
  ["a negative tolerance", { epsilon: 1 }, { rel: -1 }, "tolerance.rel"],
])("%s is a fault of the vector", (_, expected: Values, tolerance, message) => {
  const vector = {
    id: "v",
    kind: "k",
    inputs: {},
    expected,
    tolerance: { ...tolerance } as Record<string, number>,
  };
  expect(() => judge(vector, { epsilon: 1 })).toThrow(CloisterError);
  expect(() => judge(vector, { epsilon: 1 })).toThrow(message);
});
