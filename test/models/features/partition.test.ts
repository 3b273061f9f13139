/** Tests of `models/features/partition.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { holdoutRule } from "../../../models/features/partition.ts";

const share = (ids: readonly string[], fraction: number, salt: string): number =>
  ids.filter(holdoutRule(fraction, salt)).length / ids.length;

test("nobody is held out at fraction 0, everybody at fraction 1", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (id, salt) => {
      expect(holdoutRule(0, salt)(id)).toBe(false);
      expect(holdoutRule(1, salt)(id)).toBe(true);
    }),
  );
});

test("a unit held out at one fraction is held out at every larger one", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      (id, salt, f) => {
        if (holdoutRule(f, salt)(id)) expect(holdoutRule(f + 0.5, salt)(id)).toBe(true);
      },
    ),
  );
});

const ID_FAMILIES: [string, (i: number) => string][] = [
  ["consecutive numbers", (i) => String(i + 1)],
  ["padded numbers", (i) => `cust-${String(i).padStart(8, "0")}`],
  ["numbers in front", (i) => `${i}-customer-of-the-bank`],
  ["hexadecimal", (i) => (i * 2_654_435_761).toString(16)],
];

// Standard deviation of the share over 20,000 ids at 0.2 is 0.0028: five of them are allowed.
test.each(ID_FAMILIES)("%s are split as the fraction says, under any salt", (_name, idOf) => {
  const ids = Array.from({ length: 20_000 }, (_, i) => idOf(i));
  for (const salt of ["", "a", "b", "cloister demo", "0"]) {
    expect(Math.abs(share(ids, 0.2, salt) - 0.2)).toBeLessThan(0.0142);
  }
});

test("all sixteenths of the hash range are equally full", () => {
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 32_000; i++) {
    const bin = counts.findIndex((_, k) => holdoutRule((k + 1) / 16, "salt")(`c${i}`));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  // Chi-squared with 15 degrees of freedom: beyond 45 with probability 1e-4.
  const chiSquared = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  expect(chiSquared).toBeLessThan(45);
});

test("two salts split independently", () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `c${i}`);
  const both = ids.filter((id) => holdoutRule(0.5, "x")(id) && holdoutRule(0.5, "y")(id));

  expect(Math.abs(both.length / ids.length - 0.25)).toBeLessThan(0.0155);
});

// Computed by an independent implementation (Python) of the same formula.
test("the rule never changes: sides depend on it for the life of a data set", () => {
  const ids = Array.from({ length: 24 }, (_, i) => `customer ${i}`);

  expect(ids.map((id) => (holdoutRule(0.3, "frozen")(id) ? 1 : 0)).join("")).toBe(
    "000010011010110001011010",
  );
});
