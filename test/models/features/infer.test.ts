/** Tests of `models/features/infer.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { tableEncoder } from "../../../models/features/encoder.ts";
import {
  type Inference,
  type InferOptions,
  inferenceLines,
  schemaInference,
} from "../../../models/features/infer.ts";
import { outwardBounds } from "../../../models/features/infer-column.ts";
import { CloisterError } from "../../../shared/base/errors.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import type { Feature } from "../../../shared/charter/schema.ts";

const OPTIONS: InferOptions = {
  table: "t.csv",
  label: "y",
  positive: null,
  unit: null,
  drop: [],
  categorical: [],
  numeric: [],
};

/** Infers from columns of equal length, given as cells. */
function infer(
  columns: Record<string, readonly string[]>,
  options: Partial<InferOptions> = {},
): Inference {
  const header = Object.keys(columns);
  const inference = schemaInference(header, { ...OPTIONS, ...options });
  for (let row = 0; row < (columns["y"]?.length ?? 0); row++) {
    inference.add(header.map((name) => columns[name]?.[row] ?? ""));
  }
  return inference.finish();
}

function times<T>(count: number, make: (i: number) => T): string[] {
  return Array.from({ length: count }, (_, i) => String(make(i)));
}

function featureOf(inference: Inference, name: string): Feature | undefined {
  return inference.schema.features.find((feature) => feature.name === name);
}

function noteOf(inference: Inference, column: string): string {
  const note = inference.columns.find((line) => line.column === column);
  return `${note?.use}: ${note?.note}`;
}

function faultOf(action: () => unknown): CloisterError {
  try {
    action();
  } catch (error) {
    if (error instanceof CloisterError) return error;
    throw error;
  }
  throw new Error("expected a CloisterError, but nothing was thrown");
}

const N = 400;
const Y = times(N, (i) => (i % 5 === 0 ? 1 : 0));
const X = times(N, (i) => (i % 37) / 2);

test("decimals become a number with bounds rounded outward", () => {
  const inference = infer({ y: Y, x: times(N, (i) => 1.23 + (i * 7) / N) });

  expect(featureOf(inference, "x")).toEqual({
    name: "x",
    type: "number",
    min: 1.2,
    max: 8.3,
    transform: "none",
    missing: "refuse",
  });
});

test("a long tail gets a logarithm, an even spread does not", () => {
  const random = new UniformSource(reproducibleRng("tails"));
  const inference = infer({
    y: Y,
    amount: times(N, () => Math.exp(3 + 1.5 * random.normal()).toFixed(2)),
    // 1.37 times wider: enough for amounts in decimals, too little for whole numbers and for what may be negative.
    gains: times(N, (i) => (i % 10 === 0 ? 5000 + 13 * i : 0)),
    fees: times(N, (i) => (i % 10 === 0 ? 5000.5 + 13 * i : 0)),
    shifts: times(N, (i) => (i % 10 === 0 ? 5000.5 + 13 * i : -0.5)),
    bonus: times(N, (i) => (i % 10 === 0 ? 5000.5 + i : 0)), // 1.03 times.
    balance: times(N, () => (random.normal() * Math.exp(4 + 2 * random.normal())).toFixed(2)),
    even: times(N, () => (500 * random.unit()).toFixed(1)),
    flag: times(N, (i) => (i % 50 === 0 ? 1 : 0)),
  });
  const transforms = inference.schema.features.map((f) => f.type === "number" && f.transform);

  expect(transforms).toEqual(["log", "none", "log", "none", "none", "log", "none", "none"]);
});

test("missing cells of a number column make it one with an indicator", () => {
  const inference = infer({
    y: Y,
    x: X.map((x, i) => (i % 9 === 0 ? "" : i % 9 === 1 ? "NA" : x)),
  });

  expect(featureOf(inference, "x")).toMatchObject({ type: "number", missing: "indicator" });
});

test("a few whole numbers are codes, in order of value; two of them are a flag", () => {
  const inference = infer({
    y: Y,
    code: times(N, (i) => [20, 3, 100][i % 3]),
    flag: times(N, (i) => i % 2),
  });

  expect(featureOf(inference, "code")).toMatchObject({
    type: "category",
    categories: ["3", "20", "100"],
  });
  expect(featureOf(inference, "flag")).toMatchObject({ type: "number", min: 0, max: 1 });
});

test("forty whole numbers are codes where neighbours behave unlike, amounts where they behave alike", () => {
  const rowCount = 20_000;
  const random = new UniformSource(reproducibleRng("codes"));
  const industry = Array.from({ length: rowCount }, () => random.below(40));
  const years = Array.from({ length: rowCount }, () => random.below(40));
  const noise = Array.from({ length: rowCount }, () => random.below(40));
  const y = industry.map((code, i) => {
    const rate = 0.02 + ((code * 17) % 40) / 200 + (years[i] ?? 0) / 80;
    return random.unit() < rate ? "1" : "0";
  });
  const text = (values: readonly number[]): string[] => values.map(String);

  const inference = infer({ y, industry: text(industry), years: text(years), noise: text(noise) });

  expect(inference.schema.features.map((f) => f.type)).toEqual(["category", "number", "number"]);
  expect(noteOf(inference, "industry")).toContain("codes");
});

test("texts become categories by frequency, at most fifty, and none that only a few rows hold", () => {
  const inference = infer({
    y: times(3000, (i) => (i % 5 === 0 ? 1 : 0)),
    city: times(3000, (i) => (i < 2000 ? "Paris" : i < 2900 ? `town ${i % 90}` : `farm ${i}`)),
    colour: times(3000, (i) => (i < 1800 ? "red" : i < 2996 ? " blue " : i === 2999 ? "" : "odd")),
  });
  const city = featureOf(inference, "city");
  const colour = featureOf(inference, "colour");

  expect(city?.type === "category" && city.categories.length).toBe(50);
  expect(city?.type === "category" && city.categories[0]).toBe("Paris");
  expect(colour).toMatchObject({ categories: ["red", "blue"], encoding: "onehot" });
  expect(noteOf(inference, "city")).toBe('category: text; rarer values: 141, as "anything else"');
  expect(noteOf(inference, "colour")).toContain("rarer values: 1,");
});

test("identifiers, constants, empty and nameless columns are left out, with the reason", () => {
  const inference = infer({
    y: Y,
    x: X,
    id: times(N, (i) => 1000 + ((i * 7) % N)),
    name: times(N, (i) => `customer ${i}`),
    same: times(N, () => "EUR"),
    empty: times(N, () => ""),
    "": times(N, (i) => i),
  });

  expect(inference.schema.features.map((feature) => feature.name)).toEqual(["x"]);
  expect(noteOf(inference, "id")).toContain("skipped: whole numbers without gaps");
  expect(noteOf(inference, "name")).toContain("skipped: nearly every row has its own text");
  expect(noteOf(inference, "same")).toContain("skipped: it is the same in every row");
  expect(noteOf(inference, "empty")).toContain("skipped: it is empty");
  expect(noteOf(inference, "")).toContain("skipped: it has no name");
});

test("ten thousand and more different values are counted no further, and change no decision", () => {
  const count = 25_000;
  const inference = infer({
    y: times(count, (i) => (i % 5 === 0 ? 1 : 0)),
    id: times(count, (i) => (i * 7919) % count),
    name: times(count, (i) => `n${i}`),
    amount: times(count, (i) => ((i * 7919) % count) * 4),
  });

  expect(inference.schema.features).toMatchObject([
    { name: "amount", type: "number", max: 100_000 },
  ]);
});

test("what the user says counts: dropped, categorical, numeric, unit", () => {
  const columns = {
    y: Y,
    leak: Y,
    code: times(N, (i) => (i * 31) % 80),
    grade: times(N, (i) => i % 4),
    who: times(N, (i) => `c${i % 50}`),
  };
  const said = { drop: ["leak"], categorical: ["code"], numeric: ["grade"], unit: "who" };

  const inference = infer(columns, said);

  expect(inference.schema.unit).toEqual({ column: "who" });
  expect(inference.schema.features).toMatchObject([
    { name: "code", type: "category" },
    { name: "grade", type: "number", min: 0, max: 3 },
  ]);
  expect(noteOf(inference, "leak")).toBe("skipped: left out as asked");
});

const LABELS: [string, string, string, string][] = [
  ["1", "0", "1", "the common codes"],
  ["False", "True", "True", "truth values"],
  ["no", "yes", "yes", "words"],
  ["good", "bad", "bad", "the rarer of two unknown texts"],
  ["2", "1", "1", "the rarer of two unknown numbers"],
];

test.each(LABELS)("of %j and %j, %j is positive: %s", (common, rare, positive) => {
  const y = times(N, (i) => (i % 5 === 0 ? rare : common));

  const { schema } = infer({ y, x: X });

  expect(schema.label.positive).toBe(positive);
  expect([common, rare].sort()).toEqual([schema.label.positive, schema.label.negative].sort());
});

test("a common pair is read by its meaning even where the positive is the more frequent", () => {
  const { schema, positiveCount } = infer({
    y: times(N, (i) => (i % 5 === 0 ? "no" : "yes")),
    x: X,
  });

  expect(schema.label.positive).toBe("yes");
  expect(positiveCount).toBe(320);
});

test("the positive text that the user names counts", () => {
  expect(infer({ y: Y, x: X }, { positive: "0" }).schema.label).toEqual({
    column: "y",
    positive: "0",
    negative: "1",
  });
});

const bad = (...texts: string[]): Record<string, string[]> => ({
  y: times(N, (i) => texts[i % texts.length]),
  x: X,
});
const FAULTS: [string, string, Record<string, readonly string[]>, Partial<InferOptions>][] = [
  [
    "data.missing-columns",
    "columns that are not there",
    { y: Y, x: X },
    { drop: ["gone"], unit: "who" },
  ],
  [
    "data.column-used-twice",
    "contradicting options",
    { y: Y, x: X },
    { drop: ["x"], numeric: ["x"] },
  ],
  ["data.no-rows", "no rows", { y: [], x: [] }, {}],
  ["data.one-class", "one label only", bad("0"), {}],
  ["data.label-not-binary", "three labels", bad("0", "1", "secret"), {}],
  ["data.label-missing", "rows without a label", bad("0", "1", ""), {}],
  ["data.label-unclear", "two unknown labels, equally frequent", bad("secret", "other"), {}],
  [
    "data.label-unclear",
    "a positive label that does not occur",
    bad("secret", "other"),
    { positive: "2" },
  ],
  [
    "data.cell-not-a-number",
    "texts in columns said to be numeric",
    { y: Y, x: times(N, () => "secret"), z: X },
    { numeric: ["x"] },
  ],
  ["data.no-features", "nothing to learn from", { y: Y, x: times(N, () => "secret") }, {}],
];

test.each(FAULTS)("%s: %s is refused in one line", (code, _name, columns, options) => {
  const fault = faultOf(() => infer(columns, options));

  expect(fault.code).toBe(code);
  expect(fault.exitCode).toBe(3);
  expect(fault.message.startsWith("t.csv: ")).toBe(true);
  expect(fault.message).not.toContain("secret");
  expect(fault.message).not.toContain("\n");
});

test("every column that is missing is named at once", () => {
  expect(faultOf(() => infer({ y: Y, x: X }, { drop: ["gone"], unit: "who" })).message).toContain(
    '"who", "gone"',
  );
});

test("the proposal is shown as one aligned line a column", () => {
  const lines = inferenceLines(infer({ y: Y, x: X, land: times(N, (i) => ["FR", "DE"][i % 2]) }));

  expect(lines).toEqual([
    "column  use       encoding               note",
    'y       label                            "1" is positive, "0" negative',
    "x       number    0 … 18                 decimals",
    "land    category  2 categories, one-hot  text",
    "400 rows, 80 of them positive",
  ]);
});

test("bounds enclose the range and are at most a tenth of a bound or of the width away", () => {
  const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)];
      fc.pre(max - min > 1e-6 * Math.max(1, Math.abs(min), Math.abs(max)));
      const bounds = outwardBounds(min, max);
      expect(bounds.min).toBeLessThanOrEqual(min);
      expect(bounds.max).toBeGreaterThanOrEqual(max);
      // Bounds nearer to zero than a billionth of the width count as that large.
      const size = (bound: number): number =>
        Math.max(Math.min(Math.abs(bound), max - min), 1e-9 * (max - min));
      expect(min - bounds.min).toBeLessThanOrEqual(0.1001 * size(min));
      expect(bounds.max - max).toBeLessThanOrEqual(0.1001 * size(max));
    }),
  );
});

test("the table it was inferred from always passes the proposed schema", () => {
  const cell = fc.oneof(
    fc.integer({ min: -5, max: 40 }).map(String),
    fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((x) => x.toFixed(3)),
    fc.constantFrom("", "NA", " red", "blue"),
  );
  const column = fc.array(cell, { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(column, { minLength: 1, maxLength: 4 }), (cells) => {
      const y = times(60, (i) => i % 2);
      const columns: Record<string, readonly string[]> = { y, x: times(60, (i) => i / 2) };
      for (const [i, values] of cells.entries()) columns[`c${i}`] = values;
      const { schema } = infer(columns);
      const header = Object.keys(columns);
      const options = { table: "t", isHoldout: () => false, allowOneClass: false };
      const encoder = tableEncoder(schema, header, options);
      for (let r = 0; r < 60; r++)
        encoder.add(
          header.map((name) => columns[name]?.[r] ?? ""),
          r + 1,
          r + 2,
        );
      const { train } = encoder.finish().data;
      expect(train.rowCount).toBe(60);
      for (const x of train.numbers)
        if (!Number.isNaN(x)) expect(Math.abs(x)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 40 },
  );
});
