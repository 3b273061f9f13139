/** Tests of `demo/generator.ts`. */
import { expect, test } from "vitest";
import type { EncodedData } from "../../models/data.ts";
import { architectureOf, initialParams } from "../../models/engine/architecture.ts";
import { trainLocally } from "../../models/engine/local-training.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { type EncodedTable, tableEncoder } from "../../models/features/encoder.ts";
import { holdoutRule } from "../../models/features/partition.ts";
import { addScoresInPlace, metricsOfHistogram } from "../../models/metrics/histogram.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { DEMO_DEFAULTS, type DemoTable, generateDemo, knownPatterns } from "./generator.ts";
import { PATTERNS } from "./generator-fraud.ts";
import { DEMO_COLUMNS, demoSchema } from "./generator-schema.ts";

const isHoldout = holdoutRule(0.25, "demo");
const SMALL = { ...DEMO_DEFAULTS, customerCount: 600, isHoldout };
const BANKS = generateDemo({ ...DEMO_DEFAULTS, isHoldout });
const TABLES = BANKS.map(encode);

function encode({ memberId, csv }: DemoTable): EncodedTable {
  const [header, ...lines] = csv.trimEnd().split("\n");
  const options = { table: memberId, isHoldout, allowOneClass: false };
  const encoder = tableEncoder(demoSchema(), (header ?? "").split(","), options);
  for (const [i, line] of lines.entries()) encoder.add(line.split(","), i + 1, i + 2);
  return encoder.finish();
}

test("the same seed gives the same tables, another seed gives others", () => {
  const [first] = generateDemo(SMALL);

  expect(generateDemo(SMALL)[0]?.csv).toBe(first?.csv);
  expect(generateDemo({ ...SMALL, seed: "other" })[0]?.csv).not.toBe(first?.csv);
});

test("five banks of different size bring about 120,000 payments, one in a hundred fraudulent", () => {
  const rowCount = BANKS.reduce((sum, bank) => sum + bank.rowCount, 0);
  const fraudCount = BANKS.reduce((sum, bank) => sum + bank.fraudCount, 0);

  expect(BANKS.map((bank) => bank.memberId)).toEqual([
    "bank-1",
    "bank-2",
    "bank-3",
    "bank-4",
    "bank-5",
  ]);
  expect(rowCount).toBeGreaterThan(110_000);
  expect(rowCount).toBeLessThan(140_000);
  expect(fraudCount / rowCount).toBeGreaterThan(0.008);
  expect(fraudCount / rowCount).toBeLessThan(0.014);
  expect((BANKS[0]?.rowCount ?? 0) / (BANKS[4]?.rowCount ?? 1)).toBeGreaterThan(2.5);
});

test("every table passes its own schema, with the counts that the generator states", () => {
  for (const [i, { rowCount, unitCount, positiveCount }] of TABLES.entries()) {
    const bank = BANKS[i];
    expect({ rowCount, unitCount, positiveCount }).toEqual({
      rowCount: bank?.rowCount,
      unitCount: bank?.customerCount,
      positiveCount: bank?.fraudCount,
    });
    expect(bank?.csv.startsWith(`${DEMO_COLUMNS.join(",")}\n`)).toBe(true);
  }
});

test("every pattern is known to somebody, none but the first to everybody", () => {
  for (const bankCount of [1, 2, 3, 4, 5, 8]) {
    const known = Array.from({ length: bankCount }, (_, bank) => knownPatterns(bank, bankCount));
    for (const [p, pattern] of PATTERNS.entries()) {
      const knowers = known.filter((patterns) => patterns.includes(pattern)).length;
      if (p === 0) expect(knowers).toBe(bankCount);
      else expect(knowers).toBe(bankCount < 4 ? 1 : 2);
    }
  }
});

test("card testing reaches held-out customers of a bank whose training customers never saw it", () => {
  const bank = BANKS.findIndex(({ knownPatterns: known }) => !known.includes("cardTesting"));
  const column = demoSchema()
    .features.filter((feature) => feature.type === "number")
    .findIndex((feature) => feature.name === "count_1h");
  const bursts = ({ numbers, labels, rowCount }: EncodedData): number => {
    let count = 0;
    const width = numbers.length / rowCount;
    // Two payments or more in the hour before: 1/3 of [−1, 1] and above.
    for (let r = 0; r < rowCount; r++) {
      if (labels[r] === 1 && (numbers[r * width + column] ?? 0) > 0.3) count += 1;
    }
    return count;
  };
  const data = TABLES[bank]?.data;

  expect(data && bursts(data.train) / data.train.rowCount).toBeLessThan(0.0003);
  expect(data && bursts(data.holdout) / data.holdout.rowCount).toBeGreaterThan(0.0005);
});

test("the declared bounds spread the numbers well over [−1, 1]", () => {
  const data = TABLES[0]?.data.train;
  const names = demoSchema()
    .features.filter((f) => f.type === "number")
    .map((f) => f.name);
  for (const [j, name] of names.entries()) {
    const values: number[] = [];
    for (let r = 0; r < (data?.rowCount ?? 0); r++) {
      const x = data?.numbers[r * names.length + j] ?? 0;
      if (!Number.isNaN(x)) values.push(x);
    }
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    expect(Math.sqrt(variance), name).toBeGreaterThan(0.2);
    expect(Math.sqrt(variance), name).toBeLessThan(0.95);
  }
});

/** PR-AUC on all banks' held-out customers of a model trained on the given tables. */
function prAucOf(tables: readonly EncodedTable[]): number {
  const model = { hidden: [16], activation: "relu" as const, seed: "test" };
  const backend = plainBackend(architectureOf(demoSchema(), model));
  const numberCount = backend.architecture.numberCount;
  const scaling = new Float32Array(2 * numberCount).fill(2, numberCount);
  const training = {
    epochs: 3,
    batchSize: 256,
    optimizer: { kind: "adam" as const, learningRate: 0.005 },
  };
  let params = initialParams(backend.architecture, "test");
  // Table after table, and over again: enough of a mixture for three epochs.
  for (let epoch = 0; epoch < training.epochs; epoch++) {
    for (const { data } of tables) {
      const once = { ...training, epochs: tables.length > 1 ? 1 : training.epochs };
      params = trainLocally(
        backend,
        params,
        scaling,
        data.train,
        once,
        reproducibleRng("test"),
      ).params;
    }
    if (tables.length === 1) break;
  }
  const histogram = new Float64Array(2 * 4096);
  for (const { data } of TABLES) {
    const { holdout } = data;
    addScoresInPlace(histogram, backend.logits(params, scaling, holdout), holdout.labels, null);
  }
  return metricsOfHistogram(histogram)?.prAuc ?? 0;
}

test("what all banks know together beats what any of them knows alone, by far", () => {
  const pooled = prAucOf(TABLES);
  const own = TABLES.map((table) => prAucOf([table]));
  const mean = own.reduce((sum, x) => sum + x, 0) / own.length;

  expect(pooled).toBeGreaterThan(0.55);
  expect(Math.max(...own)).toBeLessThan(0.9 * pooled);
  expect(mean).toBeLessThan(0.7 * pooled);
});
