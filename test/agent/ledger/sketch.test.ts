/** Sketches of units find data that was declared as another population. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openAccount } from "../../../agent/ledger/account.ts";
import {
  mergeSketches,
  SKETCH_UNITS,
  type Sketch,
  sharedUnits,
  sketchBuilder,
  sketchOf,
  sketchText,
} from "../../../agent/ledger/sketch.ts";
import { memoryLedger, SECRET, TERMS } from "./ledgers.ts";

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `customer-${from + i}`);

function sketch(units: readonly string[], secret = SECRET): Sketch {
  const builder = sketchBuilder(secret);
  for (const unit of units) builder.add(unit);
  return builder.finish();
}

test("a sketch is the smallest hashes, whatever the order and however often a unit comes", () => {
  const units = ids(0, 5000);
  const all = sketch(units);
  expect(all).toHaveLength(SKETCH_UNITS);
  expect(sketch([...units, ...units].reverse())).toEqual(all);
  expect(all).toEqual([...all].sort());
  expect(sketchOf(sketchText(all))).toEqual(all);
});

test("merging sketches is sketching both: for any two sets", () => {
  fc.assert(
    fc.property(fc.nat(3000), fc.nat(3000), fc.nat(3000), (from, size, other) => {
      const [a, b] = [ids(from, from + size), ids(other, other + 1500)];
      expect(mergeSketches(sketch(a), sketch(b))).toEqual(sketch([...a, ...b]));
    }),
    { numRuns: 20 },
  );
});

test("without the ledger's key a sketch tells nothing, not even about the same units", () => {
  const units = ids(0, 500);
  expect(sharedUnits(sketch(units), sketch(units))).toBe(500);
  expect(sharedUnits(sketch(units), sketch(units, new Uint8Array(32)))).toBe(0);
  expect(sketchText(sketch(units))).not.toContain("customer");
});

test("a copy, an extract or a new version under another name is refused, and the right name said", () => {
  const ledger = memoryLedger();
  openAccount(ledger, { ...TERMS, sketch: sketch(ids(0, 20_000)) });
  for (const [from, to] of [
    [0, 20_000],
    [0, 2000],
    [18_000, 40_000],
  ] as const) {
    const terms = { ...TERMS, population: "copy", unit: "cust_id", sketch: sketch(ids(from, to)) };
    const refusal = {
      code: "ledger.shared-units",
      message: expect.stringContaining('--population "customers"'),
    };
    expect(() => openAccount(ledger, terms)).toThrow(expect.objectContaining(refusal));
  }
  openAccount(ledger, { ...TERMS, population: "others", sketch: sketch(ids(20_000, 50_000)) });
});

test("units that have left a population's file are remembered as its", () => {
  const ledger = memoryLedger();
  openAccount(ledger, { ...TERMS, sketch: sketch(ids(0, 300)) });
  openAccount(ledger, { ...TERMS, sketch: sketch(ids(300, 600)) });
  const { head } = ledger.book;
  openAccount(ledger, { ...TERMS, sketch: sketch(ids(200, 500)) });
  expect(ledger.book.head).toEqual(head); // Nothing new: nothing written.
  const early = { ...TERMS, population: "early", sketch: sketch(ids(0, 10)) };
  expect(() => openAccount(ledger, early)).toThrow("shares units");
});

test("a population keeps its unit", () => {
  const ledger = memoryLedger();
  openAccount(ledger, TERMS);
  const code = "ledger.other-unit";
  expect(() => openAccount(ledger, { ...TERMS, unit: "card" })).toThrow(
    expect.objectContaining({ code }),
  );
  expect(() => openAccount(ledger, { ...TERMS, unit: null })).toThrow("unit is row");
});
