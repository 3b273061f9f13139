/** One unit more or less disturbs its own chunk only, and that bounds what single precision can add to it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import type { UnitRows } from "../../../models/engine/backend.ts";
import { wasmBackend } from "../../../models/engine/wasm/backend.ts";
import { type Chunks, chunksOf, newChunkRoom } from "../../../models/engine/wasm/chunks.ts";
import { CHUNK_ROWS } from "../../../models/engine/wasm/layout.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { FLOAT_SLACK, toGrid } from "../../../shared/privacy/mechanism/grid.ts";
import { rng, type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { allUnits, rowsOfUnit, unitsOf } from "./backends.ts";

interface Tagged {
  readonly tag: number;
  readonly rows: number;
}

const tagged = fc.record({
  // Few distinct tags and many: equal tags, common beginnings.
  tag: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat(2 ** 32 - 1)),
  rows: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 70 })),
});
const manyTagged = fc.array(tagged, { maxLength: 300, size: "max" });

function unitRows(units: readonly Tagged[]): UnitRows {
  const starts = [0];
  for (const { rows } of units) starts.push((starts.at(-1) ?? 0) + rows);
  const tags = Uint32Array.from(units, ({ tag }) => tag);
  return { rows: new Uint32Array(starts.at(-1) ?? 0), starts: Uint32Array.from(starts), tags };
}

function cut(units: UnitRows): Chunks {
  const { order, ends, ...rest } = chunksOf(units, newChunkRoom());
  return { order: order.subarray(0, ends.at(-1) ?? 0), ends, ...rest };
}

/** Each chunk as the list of its units, named by their place among the units that remain when `skipped` is left out. */
function namedChunks(units: readonly Tagged[], skipped = -1): string[] {
  const kept = units.filter((_, u) => u !== skipped);
  const names = units.map((_, u) => u).filter((u) => u !== skipped);
  const { order, ends } = cut(unitRows(kept));
  return ends.map((end, c) => {
    return [...order.subarray(ends[c - 1] ?? 0, end)].map((i) => names[i]).join();
  });
}

test("chunks hold every unit of 1 to 64 rows once, chunks by tag, units in their order, and no more rows than they may", () => {
  const property = fc.property(manyTagged, (units) => {
    const { order, ends, rowCounts, large } = cut(unitRows(units));
    const small = units.flatMap(({ rows }, u) => (rows >= 1 && rows <= CHUNK_ROWS ? [u] : []));
    expect([...order].sort((a, b) => a - b)).toEqual(small);
    expect(large).toHaveLength(units.filter(({ rows }) => rows > CHUNK_ROWS).length);
    let last = 0;
    expect(ends.at(-1) ?? 0).toBe(order.length);
    for (const [c, end] of ends.entries()) {
      const members = [...order.subarray(ends[c - 1] ?? 0, end)];
      const rows = members.reduce((sum, u) => sum + (units[u]?.rows ?? 0), 0);
      const tags = members.map((u) => units[u]?.tag ?? 0);
      expect(Math.min(...tags)).toBeGreaterThanOrEqual(last);
      last = Math.max(...tags);
      expect(members).toEqual(members.toSorted((a, b) => a - b));
      expect(rowCounts[c]).toBe(rows);
      expect(rows).toBeGreaterThan(0);
      expect(rows).toBeLessThanOrEqual(CHUNK_ROWS);
    }
  });
  fc.assert(property, { numRuns: 200, seed: 1 });
});

test("without a unit, all chunks but its own are as they were, and its own holds at most 64 rows besides", () => {
  const property = fc.property(manyTagged, fc.nat(), (units, pick) => {
    if (units.length === 0) return;
    const skipped = pick % units.length;
    const before = namedChunks(units, skipped);
    const after = namedChunks(units);
    const lost = before.filter((chunk) => !after.includes(chunk));
    const gained = after.filter((chunk) => !before.includes(chunk));
    expect(lost.length).toBeLessThanOrEqual(1);
    const rowsOf = (chunks: readonly string[]): number =>
      chunks
        .flatMap((chunk) => chunk.split(","))
        .reduce((sum, name) => sum + (units[Number(name)]?.rows ?? 0), 0);
    expect(rowsOf(lost)).toBeLessThanOrEqual(CHUNK_ROWS);
    expect(rowsOf(gained)).toBeLessThanOrEqual(2 * CHUNK_ROWS);
  });
  fc.assert(property, { numRuns: 500, seed: 2 });
});

test("random tags fill chunks to between a third and the whole", () => {
  const source = new UniformSource(rng("fill"));
  const units = Array.from({ length: 5000 }, () => ({ tag: source.uint32(), rows: 1 }));
  const { ends } = cut(unitRows(units));
  expect(5000 / ends.length).toBeGreaterThan(30);
});

const features: ShortFeature[] = ["number", "missing", { onehot: 3 }, { embedding: 2 }];

function setup(variant: "simd" | "relaxed", passRows?: number) {
  const schema = schemaOf(features);
  const architecture = architectureOf(schema, { hidden: [19, 8], activation: "tanh", seed: "a" });
  const source = new UniformSource(rng("params"));
  const params = Float32Array.from(
    { length: architecture.paramCount },
    () => 0.5 * source.normal(),
  );
  const data = tableOf(schema, 400, (u) => (u % 97 === 5 ? 80 : u % 5 === 0 ? 1 + (u % 16) : 1));
  const backend = wasmBackend(architecture, variant, passRows);
  if (backend === null) throw new Error(`${variant} does not run here: nothing is tested`);
  return { architecture, params, scaling: unevenScaling(2), data, backend };
}

const variants = ["simd", "relaxed"] as const;
test.each(
  variants,
)("%s: sums are equal to the last bit whatever goes through together", (variant) => {
  const sumWith = (passRows?: number) => {
    const { params, scaling, data, backend } = setup(variant, passRows);
    return backend.clippedGradientSum(params, scaling, data, allUnits(data), 0.2);
  };
  const expected = sumWith();
  for (const passRows of [1, 7, 64, 5000]) expect(sumWith(passRows)).toEqual(expected);
  const meanWith = (passRows?: number) => {
    const { params, scaling, data, backend } = setup(variant, passRows);
    return backend.meanGradient(params, scaling, data, allUnits(data).rows);
  };
  for (const passRows of [1, 7, 64, 5000]) expect(meanWith(passRows)).toEqual(meanWith());
});

test.each(
  variants,
)("%s: a unit's norm and loss are the same to the last bit in any company", (variant) => {
  const { params, scaling, data, backend } = setup(variant);
  const together = backend.clippedGradientSum(params, scaling, data, allUnits(data), 0.2);
  for (let u = 0; u < 400; u += 7) {
    const rows = rowsOfUnit(data, u);
    const alone = unitsOf(rows, [0, rows.length]);
    const { norms, losses } = backend.clippedGradientSum(params, scaling, data, alone, 0.2);
    expect(norms[0]).toBe(together.norms[u]);
    expect(losses[0]).toBe(together.losses[u]);
  }
});

test.each(
  variants,
)("%s: a unit more moves the sum by at most C (1 + η), and few grid steps of others", (variant) => {
  const { params, scaling, data, backend } = setup(variant);
  const clipNorm = 0.2;
  const all = allUnits(data);
  const whole = backend.clippedGradientSum(params, scaling, data, all, clipNorm);
  const changed = Array.from({ length: 400 }, (_, u) => u).filter((u) => u % 29 === 0);
  for (const without of changed) {
    const kept = [...Array(400).keys()].filter((u) => u !== without);
    const starts = [0];
    for (const u of kept) starts.push((starts.at(-1) ?? 0) + rowsOfUnit(data, u).length);
    const rows = Uint32Array.from(kept.flatMap((u) => rowsOfUnit(data, u)));
    const tags = Uint32Array.from(kept, (u) => all.tags[u] ?? 0);
    const units = { rows, starts: Uint32Array.from(starts), tags };
    const { gradient } = backend.clippedGradientSum(params, scaling, data, units, clipNorm);
    const moved = whole.gradient.map((x, i) => x - (gradient[i] ?? 0));
    expect(Math.hypot(...moved)).toBeLessThanOrEqual(clipNorm * (1 + FLOAT_SLACK));
    const steps = toGrid(whole.gradient, clipNorm, 2 ** 30);
    const fewer = toGrid(gradient, clipNorm, 2 ** 30);
    const stepsMoved = Math.hypot(...steps.map((x, i) => x - (fewer[i] ?? 0)));
    expect(stepsMoved).toBeLessThanOrEqual(
      2 ** 16 * (1 + FLOAT_SLACK) + Math.sqrt(gradient.length),
    );
  }
});
