/** `cloister privacy` through the binary: what an auditor sees, and that bad input is refused clearly. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cloister, expectOneLine } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-privacy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GAUSSIAN = {
  id: "gaussian_1",
  kind: "gaussian_sigma",
  inputs: { epsilon: 1, delta: 1e-5, sensitivity: 1 },
  expected: { sigma: 3.730631634815942, classic: 4.844805262605389 },
  tolerance: { rel: 1e-9 },
};
const WRONG = { ...GAUSSIAN, id: "gaussian_2", expected: { sigma: 3.7306317 } };
const UNKNOWN = { ...GAUSSIAN, id: "other_1", kind: "other" };

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("check: all right is exit code 0, with what was not run and not compared", async () => {
  const path = file("right.json", { meta: {}, vectors: [GAUSSIAN, UNKNOWN] });
  const { code, output, errors } = await cloister("privacy", "check", path);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(output).toMatch(/gaussian_sigma +1\/1 +ok +worst sigma of gaussian_1: relative error/);
  expect(output).toContain("not compared: classic");
  expect(output).toContain("not run: other (1)");
  expect(output).toContain("1 passed, 0 failed, 1 not run");
});

test("check: one wrong number is exit code 1, and is named", async () => {
  const path = file("wrong.json", { vectors: [GAUSSIAN, WRONG] });
  const { code, output, errors } = await cloister("privacy", "check", path);
  expect(code).toBe(1);
  expect(output).toMatch(/gaussian_sigma +1\/2 +FAILS/);
  expect(output).toMatch(/FAILS gaussian_2 sigma: expected 3.7306317, got 3.73063163481/);
  expect(errors).toMatch(/^cloister: .*1 of 2 vectors fail, first gaussian_2.*\n$/);
});

test("check --json is one object, also when something fails", async () => {
  const path = file("json.json", { vectors: [GAUSSIAN, WRONG, UNKNOWN] });
  const { code, output, errors } = await cloister("privacy", "check", path, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({
    file: path,
    passed: 1,
    failed: 1,
    notRun: 1,
    kinds: [{ kind: "gaussian_sigma", vectors: 2, passed: 1, worst: { id: "gaussian_2" } }],
    failures: [{ id: "gaussian_2", comparisons: [{ name: "sigma", expected: 3.7306317 }] }],
  });
  expect(JSON.parse(errors)).toMatchObject({ error: { code: "privacy.check-failed" } });
});

test.concurrent.each([
  ["no JSON", "{", "not JSON"],
  ["no vectors", { vectors: "none" }, "vectors"],
  [
    "a vector without tolerance",
    { vectors: [{ ...GAUSSIAN, tolerance: undefined }] },
    "tolerance (gaussian_1)",
  ],
  ["no known kind", { vectors: [UNKNOWN] }, "no vector is of a kind known here"],
])("check: %s is bad input", async (name, content, mention) => {
  const path = file(`${name.replaceAll(" ", "-")}.json`, content);
  expectOneLine(await cloister("privacy", "check", path), 3, mention);
});

test("check: a file that is not there is bad input", async () => {
  expectOneLine(await cloister("privacy", "check", join(folder, "none.json")), 3, "cannot be read");
});

test("check: a malformed vector fails with its reason", async () => {
  const odd = { ...GAUSSIAN, id: "odd", inputs: { epsilon: "one", delta: 1e-5, sensitivity: 1 } };
  const { code, output } = await cloister("privacy", "check", file("odd.json", { vectors: [odd] }));
  expect(code).toBe(1);
  expect(output).toContain('FAILS odd: inputs.epsilon: write a number, not "one"');
});

const PLAN = {
  "--accountant": "rdp",
  "--sampling-probability": "0.04",
  "--noise-multiplier": "1.5",
  "--steps": "2250",
  "--delta": "1e-5",
};
type Options = Record<string, string | undefined>;
const words = (options: Options): string[] =>
  Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));

test("epsilon: a published plan's ε, for people and for programs", async () => {
  const plain = await cloister("privacy", "epsilon", ...words(PLAN));
  expect(plain).toMatchObject({ code: 0, errors: "" });
  expect(plain.output).toMatch(
    /^ε = 7\.3291111714\d+ at δ = 0.00001 \(rdp, add-or-remove-one\)\n$/,
  );
  const { output } = await cloister("privacy", "epsilon", ...words(PLAN), "--json");
  const { epsilon, ...rest } = JSON.parse(output) as Record<string, unknown>;
  expect(epsilon).toBeCloseTo(7.32911117143, 9);
  expect(rest).toEqual({
    delta: 1e-5,
    accountant: "rdp",
    neighboringRelation: "add-or-remove-one",
    samplingProbability: 0.04,
    noiseMultiplier: 1.5,
    steps: 2250,
  });
});

test("epsilon --accountant pld: less than Rényi's, for either relation", async () => {
  const plan = { ...PLAN, "--accountant": "pld" };
  const { code, output } = await cloister("privacy", "epsilon", ...words(plan), "--json");
  expect(code).toBe(0);
  const { epsilon, accountant } = JSON.parse(output) as Record<string, unknown>;
  expect(accountant).toBe("pld");
  // Google's dp_accounting, extrapolated to a grid of width zero.
  expect(Number(epsilon) / 6.768780442437804).toBeGreaterThanOrEqual(1 - 1e-7);
  expect(Number(epsilon) / 6.768780442437804).toBeLessThan(1 + 1e-4);
  const replaced = {
    ...plan,
    "--sampling-probability": "0.05",
    "--noise-multiplier": "1",
    "--steps": "100",
    "--neighboring-relation": "replace-one",
  };
  const other = await cloister("privacy", "epsilon", ...words(replaced), "--json");
  expect(Number((JSON.parse(other.output) as { epsilon: number }).epsilon)).toBeCloseTo(4.88949, 3);
});

test("epsilon: replacing one unit without sampling costs what half the noise does", async () => {
  const unsampled = { ...PLAN, "--sampling-probability": "1", "--steps": "10" };
  const epsilonOf = async (options: Options): Promise<number> => {
    const { output } = await cloister("privacy", "epsilon", ...words(options), "--json");
    return Number((JSON.parse(output) as { epsilon: number }).epsilon);
  };
  const replaced = {
    ...unsampled,
    "--noise-multiplier": "3",
    "--neighboring-relation": "replace-one",
  };
  expect(await epsilonOf(replaced)).toBe(await epsilonOf(unsampled));
});

test.concurrent.each([
  ["--sampling-probability", "0"],
  ["--sampling-probability", "1.01"],
  ["--sampling-probability", "NaN"],
  ["--noise-multiplier", "0"],
  ["--noise-multiplier", "-1"],
  ["--noise-multiplier", "Infinity"],
  ["--noise-multiplier", "1e-200"],
  ["--steps", "0"],
  ["--steps", "2.5"],
  ["--steps", "1e30"],
  ["--delta", "0"],
  ["--delta", "1"],
  ["--delta", "ten"],
  ["--delta", ""],
  ["--accountant", "gdp"],
  ["--neighboring-relation", "replace-two"],
])("epsilon %s %s is refused", async (option, value) => {
  const plan: Options = { ...PLAN, [option]: value };
  expectOneLine(
    await cloister("privacy", "epsilon", ...words(plan)),
    3,
    option.slice(2).split("-").at(-1) ?? "",
  );
});

test("epsilon: replace-one with sampling is beyond the Rényi accountant, and says so", async () => {
  const plan = { ...PLAN, "--neighboring-relation": "replace-one" };
  expectOneLine(
    await cloister("privacy", "epsilon", ...words(plan)),
    3,
    "replace-one with sampling",
  );
});

test.concurrent.each(Object.keys(PLAN))("epsilon without %s is wrong usage", async (option) => {
  const plan: Options = { ...PLAN, [option]: undefined };
  expectOneLine(await cloister("privacy", "epsilon", ...words(plan)), 2, `${option} is missing`);
});

const TARGET: Options = {
  "--accountant": "rdp",
  "--epsilon": "3",
  "--delta": "1e-5",
  "--sampling-probability": "0.01",
  "--noise-multiplier": "1.67",
  "--steps": "10000",
};

test.concurrent.each([
  ["noise-multiplier", 1.6618560893766698, 1e-6],
  ["steps", 10_120, 0],
  ["sampling-probability", 0.0100594, 3e-6],
])("calibrate finds the %s, and keeps ε", async (solve, expected, tolerance) => {
  const target = { ...TARGET, [`--${solve}`]: undefined };
  const { code, output } = await cloister(
    "privacy",
    "calibrate",
    ...words(target),
    "--solve",
    solve,
    "--json",
  );
  expect(code).toBe(0);
  const found = JSON.parse(output) as Record<string, unknown>;
  const name = solve.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  expect(Math.abs(Number(found[name]) - expected)).toBeLessThanOrEqual(tolerance);
  expect(found).toMatchObject({ targetEpsilon: 3, delta: 1e-5, solvedFor: solve });
  expect(Number(found["epsilon"])).toBeLessThanOrEqual(3);
  expect(Number(found["epsilon"])).toBeGreaterThan(2.999);
});

test("calibrate --accountant pld needs less noise than Rényi's, and allows more steps", async () => {
  const target = { ...TARGET, "--accountant": "pld", "--epsilon": "2", "--delta": "1e-6" };
  const noise = {
    ...target,
    "--noise-multiplier": undefined,
    "--steps": "155",
    "--sampling-probability": "0.1",
  };
  const { output } = await cloister("privacy", "calibrate", ...words(noise), "--json");
  const found = JSON.parse(output) as { noiseMultiplier: number; epsilon: number };
  expect(found.noiseMultiplier).toBeCloseTo(2.994, 2);
  expect(found.epsilon).toBeLessThanOrEqual(2);
  const most = { ...noise, "--noise-multiplier": "3", "--steps": undefined };
  const steps = await cloister(
    "privacy",
    "calibrate",
    ...words(most),
    "--solve",
    "steps",
    "--json",
  );
  expect(JSON.parse(steps.output)).toMatchObject({ steps: 155, accountant: "pld" });
});

test.concurrent.each([
  ["noise-multiplier", "--epsilon", "0"],
  ["noise-multiplier", "--epsilon", "-1"],
  ["noise-multiplier", "--epsilon", "nan"],
  ["noise-multiplier", "--delta", "1.5"],
  ["noise-multiplier", "--steps", "0"],
  ["noise-multiplier", "--sampling-probability", "2"],
  ["steps", "--noise-multiplier", "0"],
  ["steps", "--noise-multiplier", "0.01"],
  ["sampling-probability", "--noise-multiplier", "0"],
  ["sampling-probability", "--noise-multiplier", "0.01"],
  ["everything", "--epsilon", "3"],
])("calibrate --solve %s with %s %s is refused", async (solve, option, value) => {
  const target: Options = { ...TARGET, [`--${solve}`]: undefined, [option]: value };
  expectOneLine(await cloister("privacy", "calibrate", ...words(target), "--solve", solve), 3);
});

test("calibrate: what is solved for must not be given", async () => {
  expectOneLine(
    await cloister("privacy", "calibrate", ...words(TARGET)),
    3,
    "--noise-multiplier is what is solved for",
  );
});
