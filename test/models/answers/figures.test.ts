/** Numbers in words: digits that mean something, ends that are open, shares and probabilities. */
import { expect, test } from "vitest";
import { cellText } from "../../../models/answers/figures.ts";

const around = (value: number, half: number) => ({ value, low: value - half, high: value + half });

test.each([
  [around(12345.678, 78.9), "count", "12,346 ± 79"],
  [around(12345.678, 789), "count", "12,350 ± 790"],
  [around(12345.678, 7890), "count", "12,300 ± 7,900"],
  [around(2.14159, 0.0271), "number", "2.142 ± 0.027"],
  [around(2.14159, 0.0996), "number", "2.14 ± 0.10"],
  [around(-0.001, 0.25), "number", "0.00 ± 0.25"],
  [around(0.1234, 0.0123), "share", "12.3 ± 1.2 %"],
  [{ value: 3.2, low: 1.1, high: 9 }, "number", "3.2 (1.1 to 9.0)"],
  [{ value: 7, low: 7, high: 7 }, "count", "7"],
] as const)("%j, a %s, is written %s", (cell, kind, text) => {
  expect(cellText(cell, kind)).toBe(text);
});

test.each([
  [around(-3, 80), "count", "at most 77"],
  [around(-3, 80), "number", "-3 ± 80"],
  [around(0, 0.02), "share", "at most 2.0 %"],
  [{ value: 5, low: 5, high: Number.POSITIVE_INFINITY }, "count", "at least 5"],
  [{ value: 5, low: Number.NEGATIVE_INFINITY, high: 5 }, "count", "at most 5"],
  [{ value: Number.NaN, low: 1, high: 2 }, "number", "not given"],
  [
    { value: 1, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    "number",
    "not given",
  ],
] as const)("%j, a %s whose interval is open or empty, is told in words: %s", (cell, kind, text) => {
  expect(cellText(cell, kind)).toBe(text);
});

test.each([
  [1234567, "count", "1,234,567"],
  [0.5, "count", "0.5"],
  [1234567.891, "number", "1,234,568"],
  [-1234.5678, "number", "-1,234.57"],
  [0.1 + 0.2, "number", "0.3"],
  [1.5e-9, "number", "1.500e-9"],
  [2.5e17, "number", "2.500e+17"],
  [0.25, "share", "25.00 %"],
  [0.04567, "probability", "0.0457"],
  [0.00001, "probability", "< 0.0001"],
  [Number.NaN, "number", "not given"],
  [Number.POSITIVE_INFINITY, "number", "infinite"],
  [null, "count", "not given"],
  ["elsewhere", "count", "elsewhere"],
] as const)("%j, an exact %s, is written %s", (cell, kind, text) => {
  expect(cellText(cell, kind)).toBe(text);
});
