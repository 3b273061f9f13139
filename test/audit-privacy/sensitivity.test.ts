/** No customer moves a member's rounded sum further than the noise is for; where clipping is broken, one does. */
import { expect, test } from "vitest";
import type { EncodedData } from "../../models/data.ts";
import { withUnit } from "./adversaries.ts";
import { unsafeClippingMissing, unsafeRowsAsUnits } from "./planted.ts";
import { ALL_PARTS } from "./random-model.ts";
import { sensitivityAudit } from "./sensitivity.ts";

test("one customer more, whatever it holds and whatever the model, moves the sum by at most G(1+η)+√d", () => {
  const { worst, parts, pairs } = sensitivityAudit(60, "test");
  expect(worst).toBeLessThanOrEqual(1);
  expect(worst).toBeGreaterThan(0.95); // Somebody uses all of the bound, or nothing was tested.
  expect(ALL_PARTS.filter((part) => !parts.has(part))).toEqual([]);
  expect(pairs).toBe(60 * 24);
});

test("missing clipping, and rows clipped instead of units, move it further", () => {
  expect(sensitivityAudit(10, "test", unsafeClippingMissing()).worst).toBeGreaterThan(10);
  expect(sensitivityAudit(10, "test", unsafeRowsAsUnits()).worst).toBeGreaterThan(5);
});

test("a step that fails on one data set counts as seen from afar", () => {
  const contribute = (): Float64Array => {
    throw new Error("planted");
  };
  expect(sensitivityAudit(1, "test", { contribute }).worst).toBe(Number.POSITIVE_INFINITY);
});

test("a customer is put among the others, and all rows stay whose they were", () => {
  const others: EncodedData = {
    rowCount: 3,
    numbers: Float32Array.of(1, 2, 3),
    codes: Uint16Array.of(1, 2, 3, 4, 5, 6),
    labels: Uint8Array.of(0, 1, 0),
    unitStarts: Uint32Array.of(0, 2, 3),
  };
  const rows = [
    { numbers: [8], codes: [8, 8], label: 1 },
    { numbers: [9], codes: [9, 9], label: 1 },
  ];
  expect(withUnit(others, rows, 1)).toEqual({
    rowCount: 5,
    numbers: Float32Array.of(1, 2, 8, 9, 3),
    codes: Uint16Array.of(1, 2, 3, 4, 8, 8, 9, 9, 5, 6),
    labels: Uint8Array.of(0, 1, 1, 1, 0),
    unitStarts: Uint32Array.of(0, 2, 4, 5),
  });
  expect(withUnit(others, rows, 2).unitStarts).toEqual(Uint32Array.of(0, 2, 3, 5));
});
