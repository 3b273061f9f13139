/** Tests of `shared/privacy/check/`: what passes, what fails, and that planted bugs do not pass. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assert } from "../../../../shared/base/assert.ts";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { checkVectors, type Kind } from "../../../../shared/privacy/check/check.ts";
import { KINDS } from "../../../../shared/privacy/check/kinds.ts";
import { reportJson, reportLines } from "../../../../shared/privacy/check/report.ts";
import type { Computed } from "../../../../shared/privacy/check/tolerance.ts";
import { parseVectors, type Vector } from "../../../../shared/privacy/check/vector.ts";
import { VECTORS_PATH, vectorsMissing } from "../vectors.ts";

const BUDGET: Vector = {
  id: "budget_1",
  kind: "renyi_filter_budget",
  inputs: { epsilon: 1, delta: 1e-6, order: 16 },
  expected: { rdp_budget: 0.3283437320892716 },
  tolerance: { rel: 1e-12 },
};
const check = (...vectors: Vector[]) => checkVectors(vectors, KINDS);

test("a right number passes", () => {
  const report = check(BUDGET);
  expect(report).toMatchObject({ passed: 1, failed: 0, notRun: 0, failures: [] });
  expect(report.kinds).toMatchObject([{ kind: "renyi_filter_budget", vectors: 1, passed: 1 }]);
});

test("a wrong number fails, and is named with both values", () => {
  const wrong = { ...BUDGET, id: "budget_2", expected: { rdp_budget: 0.3283437320899 } };
  const report = check(BUDGET, wrong);
  expect(report).toMatchObject({ passed: 1, failed: 1 });
  expect(report.failures).toMatchObject([
    { id: "budget_2", comparisons: [{ name: "rdp_budget", expected: 0.3283437320899 }] },
  ]);
  expect(report.kinds[0]?.worst?.id).toBe("budget_2");
  const text = reportLines(report).join("\n");
  expect(text).toContain("FAILS budget_2 rdp_budget: expected 0.3283437320899, got 0.328343732089");
  expect(text).toContain("1 passed, 1 failed, 0 not run");
});

test("an unknown kind is not run, and never passes", () => {
  const unknown = { ...BUDGET, id: "x", kind: "quantum_dp" };
  expect(check(BUDGET, unknown)).toMatchObject({
    passed: 1,
    notRun: 1,
    kindsNotRun: [{ kind: "quantum_dp", vectors: 1 }],
  });
  expect(reportLines(check(BUDGET, unknown)).join("\n")).toContain("not run: quantum_dp (1)");
  expect(() => check(unknown)).toThrow("no vector is of a kind known here");
});

test.each([
  [{ inputs: { epsilon: 1, delta: 1e-6 } }, "inputs.order"],
  [{ inputs: { epsilon: 1, delta: 2, order: 16 } }, "inputs.delta"],
  [{ tolerance: { relative: 1 } }, "tolerance"],
])("a vector that makes no sense fails with a reason, and the others run: %o", (change, reason) => {
  const report = check(BUDGET, { ...BUDGET, id: "odd", ...change } as Vector);
  expect(report).toMatchObject({ passed: 1, failed: 1 });
  expect(report.failures[0]?.reason).toContain(reason);
  expect(reportLines(report).join("\n")).toContain("FAILS odd: ");
});

test("what our own invariants refuse fails; a bug of another sort is not hidden", () => {
  const refuses: Kind = () => {
    assert(false, "too strange");
    return {};
  };
  const broken: Kind = () => {
    throw new TypeError("oops");
  };
  const kinds = (kind: Kind) => new Map([["renyi_filter_budget", kind]]);
  expect(checkVectors([BUDGET], kinds(refuses)).failures[0]?.reason).toContain("too strange");
  expect(() => checkVectors([BUDGET], kinds(broken))).toThrow(TypeError);
});

test("a report as JSON has no holes where JSON has no number", () => {
  const inf: Kind = () => ({ rdp_budget: Number.POSITIVE_INFINITY });
  const report = checkVectors([BUDGET], new Map([["renyi_filter_budget", inf]]));
  expect(reportJson(report)).toMatchObject({ failures: [{ comparisons: [{ got: "inf" }] }] });
});

test.each([
  ["{", "not JSON"],
  ['{"vectors": [NaN]}', "not JSON"],
  ["[]", "the file"],
  ['{"vectors": []}', "vectors"],
  [
    '{"vectors": [{"id": "a", "kind": "k", "inputs": {}, "expected": {}}]}',
    "vectors.0.tolerance (a)",
  ],
  ['{"vectors": [{"kind": "k"}]}', "vectors.0.id"],
])("a malformed file says where: %s", (text, place) => {
  expect(() => parseVectors(text, "v.json")).toThrow(CloisterError);
  expect(() => parseVectors(text, "v.json")).toThrow(place);
  expect(() => parseVectors(text, "v.json")).toThrow("v.json");
});

test("two vectors of one id are refused", () => {
  const text = JSON.stringify({ vectors: [BUDGET, BUDGET] });
  expect(() => parseVectors(text, "v.json")).toThrow("two vectors have the id budget_1");
});

test("orders are a name, a list or ranges", () => {
  const tree = (orders: unknown): Vector => ({
    id: String(orders),
    kind: "rdp_tree_epsilon",
    inputs: { noise_multiplier: 5, steps_per_tree: 128, trees: 4, delta: 1e-6, orders },
    expected: { epsilon: 6.007821861079907 },
    tolerance: { rel: 1e-12 },
  });
  expect(check(tree("google_default"), tree([5.3, 5.4, 5.5]), tree("5.4,7..9")).failed).toBe(0);
  expect(check(tree("2..128")).failed).toBe(1);
  expect(check(tree("some")).failures[0]?.reason).toContain("inputs.orders");
  expect(check(tree([1])).failures[0]?.reason).toContain("inputs.orders");
});

/**
 * Vectors whose expected value is wrong by more than its tolerance. `pld_discrete_laplace_epsilon_003`:
 * the source put losses that are multiples of 0.2 on a grid of 10⁻⁴ and rounded each up by a whole
 * cell. The next test computes the exact value.
 */
const WRONG_VECTORS = new Set(["pld_discrete_laplace_epsilon_003"]);

test("discrete Laplace, a = 0.2, Δ = 3, twenty times: exact sums over the losses' own lattice", () => {
  const a = 0.2;
  const inner = Math.tanh(a / 2);
  const first = 1 / (1 + Math.exp(-a));
  const one = [
    [3, first],
    [1, inner * Math.exp(-a)],
    [-1, inner * Math.exp(-2 * a)],
  ] as const;
  const single = [...one, [-3, 1 - one.reduce((sum, [, p]) => sum + p, 0)] as const];
  let all = new Map([[0, 1]]);
  for (let i = 0; i < 20; i++) {
    const next = new Map<number, number>();
    for (const [sum, p] of all)
      for (const [loss, q] of single) next.set(sum + loss, (next.get(sum + loss) ?? 0) + p * q);
    all = next;
  }
  let [low, high] = [0, 12];
  while (high - low > 1e-13) {
    const middle = (low + high) / 2;
    let delta = 0;
    for (const [loss, p] of all) delta += p * Math.max(0, -Math.expm1(middle - a * loss));
    if (delta > 1e-5) low = middle;
    else high = middle;
  }
  expect(high).toBeCloseTo(11.195700061757, 9);
  const inputs = { parameter: 0.2, sensitivity: 3, count: 20, delta: 1e-5 };
  const computed = KINDS.get("pld_discrete_laplace_epsilon")?.(inputs) ?? {};
  expect(Number(computed["epsilon"])).toBeGreaterThanOrEqual(high);
  expect(Number(computed["epsilon"])).toBeLessThan(high * (1 + 1e-6));
});

describe.skipIf(vectorsMissing)("against all reference vectors", () => {
  const vectors = vectorsMissing ? [] : parseVectors(readFileSync(VECTORS_PATH, "utf8"), "vectors");
  const known = vectors.filter(({ kind, id }) => KINDS.has(kind) && !WRONG_VECTORS.has(id));

  test("every vector of every kind passes", () => {
    const report = checkVectors(known, KINDS);
    expect(report.failures).toEqual([]);
    expect(report.passed).toBe(known.length);
    expect(report.kinds.length).toBe(KINDS.size);
  });

  /** A planted bug: every computed number a little off, by more than the widest tolerance. */
  test("every vector of every kind fails with a planted bug of one per cent", () => {
    const off =
      (kind: Kind): Kind =>
      (inputs) =>
        scaled(kind(inputs), 1.0101);
    const buggy = new Map([...KINDS].map(([name, kind]) => [name, off(kind)]));
    const report = checkVectors(known, buggy);
    const passed = known.filter(({ id }) => !report.failures.some((failure) => failure.id === id));
    expect(passed.map(({ id }) => id)).toEqual([]);
  });
});

function scaled(computed: Computed, factor: number): Computed {
  const entries = Object.entries(computed).map(([name, value]) => [
    name,
    typeof value === "number" ? value * factor : value.map((one) => one * factor),
  ]);
  return Object.fromEntries(entries) as Computed;
}
