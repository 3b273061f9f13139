/** The search for splits against trying every one of them by its definition. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FeatureBins, featureBins } from "../../../models/trees/bins.ts";
import { bestSplit, type Condition, type SplitRules } from "../../../models/trees/split.ts";
import { schemaOf } from "../fixtures.ts";

const layout = featureBins(schemaOf(["number", "missing", { onehot: 4 }]), 4);
const features = Uint32Array.of(0, 1, 2);

interface Row {
  readonly bins: readonly number[];
  readonly g: number;
  readonly h: number;
}

const rowOf = fc.record({
  bins: fc.tuple(fc.nat(3), fc.nat(4), fc.nat(4)),
  g: fc.integer({ min: -8, max: 8 }),
  h: fc.integer({ min: 1, max: 8 }),
});
const rowsOf = fc.array(rowOf, { minLength: 2, maxLength: 80 });
const rulesOf = fc.record({
  l2: fc.constantFrom(0, 1, 3.5),
  minChildWeight: fc.constantFrom(0.1, 2),
  minRows: fc.constantFrom(1, 5),
  minGain: fc.constantFrom(0, 0.3),
  monotone: fc.constantFrom([0, 0, 0], [1, 0, 0], [-1, 1, 0]).map((signs) => Int8Array.from(signs)),
  unit: fc.constant({ g: 1 / 8, h: 1 / 32 }),
});
const boundsOf = fc.constantFrom({ low: -30, high: 30 }, { low: -0.2, high: 0.4 });

function histogramOf(rows: readonly Row[]): Float64Array {
  const parts = layout.map(({ binCount }, f) => {
    const sums = new Float64Array(3 * binCount);
    for (const { bins, g, h } of rows)
      for (const [channel, value] of [g, h, 1].entries()) {
        const at = 3 * (bins[f] ?? 0) + channel;
        sums[at] = (sums[at] ?? 0) + value;
      }
    return [...sums];
  });
  return Float64Array.from(parts.flat());
}

function sumsOf(rows: readonly Row[]): { g: number; h: number; n: number } {
  const sums = { g: 0, h: 0, n: rows.length };
  for (const { g, h } of rows) {
    sums.g += g;
    sums.h += h;
  }
  return sums;
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** −(G·w + ½(H + λ)w²) at the best w within the bounds, from the rows. */
function saved(rows: readonly Row[], { l2, unit }: SplitRules, { low, high }: Bounds) {
  const g = rows.reduce((sum, row) => sum + row.g * unit.g, 0);
  const h = rows.reduce((sum, row) => sum + row.h * unit.h, 0);
  const weight = Math.min(high, Math.max(low, -g / (h + l2)));
  return { weight, h, loss: -(g * weight + ((h + l2) / 2) * weight ** 2) };
}

/** Every allowed way to part the rows, and what it gains. */
function allGains(rows: readonly Row[], rules: SplitRules, bounds: Bounds): number[] {
  return layout.flatMap((bins, f) =>
    leftSets(bins, f, rows).flatMap((left) => {
      const isLeft = (row: Row): boolean => left.has(row.bins[f] ?? 0);
      return gainOf(
        rows.filter(isLeft),
        rows.filter((row) => !isLeft(row)),
        f,
        rules,
        bounds,
      );
    }),
  );
}

function gainOf(
  left: readonly Row[],
  right: readonly Row[],
  feature: number,
  rules: SplitRules,
  bounds: Bounds,
): number[] {
  const [a, b] = [saved(left, rules, bounds), saved(right, rules, bounds)];
  const parent = saved([...left, ...right], rules, bounds);
  if (Math.min(left.length, right.length) < rules.minRows) return [];
  if (Math.min(a.h, b.h) < rules.minChildWeight) return [];
  const { valueCount } = layout[feature] ?? { valueCount: 0 };
  const isMissing = ({ bins }: Row): boolean => bins[feature] === valueCount;
  const hasOrder = !left.every(isMissing) && !right.every(isMissing);
  if (hasOrder && (rules.monotone[feature] ?? 0) * (b.weight - a.weight) < 0) return [];
  const gain = a.loss + b.loss - parent.loss;
  return gain > rules.minGain ? [gain] : [];
}

/** Categories with too few rows stay on the side of the rest. */
function leftSets({ kind, valueCount, binCount }: FeatureBins, f: number, rows: readonly Row[]) {
  const all = Array.from({ length: binCount }, (_, bin) => bin);
  if (kind === "number") {
    const upTo = (bin: number): number[] => all.slice(0, bin + 1);
    return all
      .slice(0, valueCount)
      .flatMap((bin) => [new Set(upTo(bin)), new Set([...upTo(bin), valueCount])]);
  }
  const usable = all.filter((bin) => rows.filter((row) => row.bins[f] === bin).length >= 10);
  return Array.from(
    { length: 2 ** usable.length },
    (_, mask) => new Set(usable.filter((_bin, i) => (mask >> i) & 1)),
  );
}

function isLeftBin(condition: Condition, bin: number): boolean {
  if (condition.kind === "category") return condition.bins.includes(bin);
  const { valueCount } = layout[condition.feature] ?? { valueCount: 0 };
  return bin === valueCount ? condition.missingLeft : bin <= condition.bin;
}

test("no split of numbers gains more, and what is found gains what it says", () => {
  const numbers = Uint32Array.of(0, 1);
  fc.assert(
    fc.property(rowsOf, rulesOf, boundsOf, (rows, rules, bounds) => {
      const parts = histogramOf(rows).slice(0, 3 * (4 + 5));
      const sums = { ...sumsOf(rows), ...bounds };
      const found = bestSplit(parts, layout, numbers, sums, rules);
      const gains = layout.slice(0, 2).flatMap((bins, f) =>
        leftSets(bins, f, rows).flatMap((left) => {
          const isLeft = (row: Row): boolean => left.has(row.bins[f] ?? 0);
          return gainOf(
            rows.filter(isLeft),
            rows.filter((r) => !isLeft(r)),
            f,
            rules,
            bounds,
          );
        }),
      );
      const best = Math.max(-Infinity, ...gains);
      // Gains that are the least allowed but for rounding may be found or not.
      if (best < rules.minGain + 1e-12) return;
      expect(found?.gain).toBeCloseTo(best, 10);
    }),
    { numRuns: 500 },
  );
});

test("with categories, too, what is found gains what it says, and no more than can be gained", () => {
  fc.assert(
    fc.property(fc.array(rowOf, { minLength: 30, maxLength: 90 }), (rows) => {
      const rules = { ...PLAIN, l2: 10, minRows: 1 };
      const bounds = { low: -30, high: 30 };
      const sums = { ...sumsOf(rows), ...bounds };
      const found = bestSplit(histogramOf(rows), layout, features, sums, rules);
      const gains = allGains(rows, rules, bounds);
      const best = Math.max(-Infinity, ...gains);
      if (found) {
        const { condition } = found;
        const isLeft = ({ bins }: Row): boolean =>
          isLeftBin(condition, bins[condition.feature] ?? 0);
        const [left, right] = [rows.filter(isLeft), rows.filter((row) => !isLeft(row))];
        const [gain] = gainOf(left, right, condition.feature, rules, bounds);
        expect(found.gain).toBeCloseTo(gain ?? Number.NaN, 10);
        expect([found.left.n, found.right.n]).toEqual([left.length, right.length]);
        expect(found.gain).toBeLessThanOrEqual(best + 1e-10);
      } else expect(best).toBeLessThan(1e-12);
    }),
    { numRuns: 300 },
  );
});

const PLAIN: SplitRules = {
  l2: 1,
  minChildWeight: 1e-3,
  minRows: 1,
  minGain: 0,
  monotone: new Int8Array(3),
  unit: { g: 1, h: 1 },
};

test("two kinds of category are told apart however they are mixed among six", () => {
  const wide = featureBins(schemaOf([{ onehot: 5 }]), 4);
  for (let mask = 1; mask < 63; mask++) {
    const histogram = Float64Array.from({ length: 18 }, (_, i) =>
      i % 3 === 0 ? ((mask >> (i / 3)) & 1 ? -20 : 20) : 20,
    );
    const g = histogram.filter((_, i) => i % 3 === 0).reduce((a, b) => a + b, 0);
    const node = { g, h: 120, n: 120, low: -30, high: 30 };
    const found = bestSplit(histogram, wide, Uint32Array.of(0), node, PLAIN);
    if (found?.condition.kind !== "category") throw new Error("a category was split");
    const listed = found.condition.bins.reduce((bits, bin) => bits | (1 << bin), 0);
    expect([mask, 63 - mask]).toContain(listed);
    expect(found.condition.bins.length).toBeLessThanOrEqual(3);
  }
});

test("a monotone split bounds what its children may weigh", () => {
  const histogram = Float64Array.of(30, 30, 10, 0, 0, 0, 0, 0, 0, -30, 30, 10);
  const node = { g: 0, h: 60, n: 20, low: -30, high: 30 };
  const one = layout.slice(0, 1);
  const rules = { ...PLAIN, monotone: Int8Array.of(1) };
  const found = bestSplit(histogram, one, Uint32Array.of(0), node, rules);
  expect([found?.left.high, found?.right.low]).toEqual([0, 0]);
  const against = { ...PLAIN, monotone: Int8Array.of(-1) };
  expect(bestSplit(histogram, one, Uint32Array.of(0), node, against)).toBeNull();
});
