/** Whole boosting runs: constraints kept, patience, the store, memory, data with nothing to learn. */
import { expect, test } from "vitest";
import type { EncodedData } from "../../../../models/data.ts";
import { metricsOfScores } from "../../../../models/metrics/ranking.ts";
import { boostTask, modelOf } from "../../../../models/tasks/boost/boost.ts";
import type { BoostState } from "../../../../models/tasks/boost/state.ts";
import type { Ask } from "../../../../models/tasks/task.ts";
import { DataSchema } from "../../../../shared/charter/schema.ts";
import {
  boosted,
  boostTaskOf,
  rosterOf,
  treeScores,
  unnoisedContext,
} from "../../../support/boosted.ts";
import { categoryCount, EMPTY, joined, numberCount, schema, uneven } from "../../boost-fixtures.ts";
import { rng, tableOf } from "../../fixtures.ts";

test("a score never falls where it may only rise, whatever the other features are", () => {
  const spec = boostTaskOf({ monotone: { f0: 1, f4: -1 }, depth: 4, trees: 12, learningRate: 0.5 });
  const context = unnoisedContext(spec, schema, 4);
  const model = modelOf(context, boosted(context, uneven("monotone")));
  const grid = Array.from({ length: 41 }, (_, i) => -1 + i / 20);
  const others = tableOf(schema, 60, () => 1, "others");
  for (const [column, direction] of [
    [0, 1],
    [2, -1],
  ] as const) {
    let moved = 0;
    for (let row = 0; row < others.rowCount; row++) {
      const scores = treeScores(model, along(others, row, column, grid));
      for (let i = 1; i < scores.length; i++) {
        const change = direction * ((scores[i] ?? 0) - (scores[i - 1] ?? 0));
        expect(change).toBeGreaterThanOrEqual(0);
        moved += change;
      }
    }
    expect(moved).toBeGreaterThan(0);
  }
});

/** One row again and again, with one number moved along a grid. */
function along(
  data: EncodedData,
  row: number,
  column: number,
  grid: readonly number[],
): EncodedData {
  const numbers = data.numbers.slice(row * numberCount, (row + 1) * numberCount);
  const codes = data.codes.slice(row * categoryCount, (row + 1) * categoryCount);
  return {
    rowCount: grid.length,
    numbers: Float32Array.from(
      grid.flatMap((value) => [...numbers].map((own, j) => (j === column ? value : own))),
    ),
    codes: Uint16Array.from(grid.flatMap(() => [...codes])),
    labels: new Uint8Array(grid.length),
    unitStarts: Uint32Array.from({ length: grid.length + 1 }, (_, i) => i),
  };
}

test("three members learn a separable problem, and the secure evaluation says so", () => {
  const spec = boostTaskOf({ trees: 20, learningRate: 0.3 }, { everyTrees: 5, bins: 256 });
  const context = unnoisedContext(spec, schema, 4);
  const members = uneven("separable");
  const losses: number[] = [];
  const state = boosted(context, members, rosterOf(4), (_, { loss }) => losses.push(loss ?? 9));
  const model = modelOf(context, state);
  const holdout = joined(members.map((member) => member.holdout));
  const exact = metricsOfScores(treeScores(model, holdout), holdout.labels);
  expect(state.metrics?.rocAuc).toBeGreaterThan(0.95);
  expect(state.metrics?.rocAuc).toBeCloseTo(exact?.rocAuc ?? 0, 2);
  expect(losses.at(-1)).toBeLessThan((losses[1] ?? 0) / 2);
  expect(state.done).toBe(state.total);
});

test("patience stops a run that gets no better, and keeps the best ensemble", () => {
  const evaluation = { everyTrees: 1, bins: 256, patience: 3 };
  const spec = boostTaskOf({ trees: 200, learningRate: 1, depth: 5, l2: 0 }, evaluation);
  const context = unnoisedContext(spec, schema, 4);
  const seen: { trees: number; auc: number }[] = [];
  const members = uneven("patience");
  const state = boosted(context, members, rosterOf(4), ({ kind }, { trees, metrics }) => {
    if (kind === "evaluate") seen.push({ trees: trees.length, auc: metrics?.rocAuc ?? 0 });
  });
  const best = Math.max(...seen.map(({ auc }) => auc));
  expect(seen.length).toBeLessThan(200);
  expect(state.metrics?.rocAuc).toBe(best);
  const first = seen.findIndex(({ auc }) => auc === best);
  expect(state.trees).toHaveLength(first + 1);
  expect(seen).toHaveLength(first + 4);
  expect(state.done).toBe(state.total);
});

test("as good is not better", () => {
  const evaluation = { everyTrees: 1, bins: 16, patience: 2 };
  const spec = boostTaskOf({ trees: 50, learningRate: 1e-4, depth: 1 }, evaluation);
  const state = boosted(unnoisedContext(spec, schema, 4), uneven("alike"));
  expect(state.trees).toHaveLength(1);
});

test("a state survives the store after every round, bit for bit", () => {
  const spec = boostTaskOf({ trees: 2, depth: 4, leavesMax: 6 }, { everyTrees: 1, patience: 1 });
  const context = unnoisedContext(spec, schema, 4);
  const bytes: Uint8Array[] = [];
  boosted(context, uneven("state"), rosterOf(4), (_, state) => {
    const encoded = boostTask.encodeState(state);
    expect(boostTask.decodeState(context, encoded)).toEqual(state);
    bytes.push(encoded);
  });
  expect(bytes.length).toBeGreaterThan(8);
  for (const cut of [0, 7, 8, 100, -8, -1])
    expect(() =>
      boostTask.decodeState(context, bytes[3]?.slice(0, cut) ?? bytes[0] ?? EMPTY_BYTES),
    ).toThrow("The stored state is not one of this boosting run.");
});
const EMPTY_BYTES = new Uint8Array();

test("what members remember between asks decides nothing", () => {
  const members = uneven("memory");
  const [member] = members;
  if (!member) throw new Error("there are members");
  const context = unnoisedContext(boostTaskOf({ trees: 4 }, { everyTrees: 2 }), schema, 4);
  const asks: Ask[] = [];
  boosted(context, members, rosterOf(4), (ask) => asks.push(ask));
  // The same asks of other trees: as long, and their values differ.
  const other = {
    ...context,
    spec: boostTaskOf({ trees: 4, learningRate: 0.3 }, { everyTrees: 2 }),
  };
  const others: Ask[] = [];
  boosted(other, members, rosterOf(4), (ask) => others.push(ask));
  const mixed = [
    ...asks,
    ...asks.toReversed(),
    ...asks.flatMap((ask, i) => [ask, others[i] ?? ask]),
  ];
  for (const ask of mixed) {
    const copy = { train: { ...member.train }, holdout: { ...member.holdout } };
    const fresh = boostTask.contribute(context, ask, copy, rng("x"));
    expect(boostTask.contribute(context, ask, member, rng("x"))).toEqual(fresh);
  }
});

function oneClass(data: EncodedData): EncodedData {
  return { ...data, labels: new Uint8Array(data.rowCount) };
}

test("constant columns and a single class give no tree, and the run ends", () => {
  const context = unnoisedContext(boostTaskOf({ trees: 50 }), schema, 4);
  const constant = uneven("constant").map(({ train, holdout }) => ({
    train: { ...train, numbers: train.numbers.map(() => 0.5), codes: train.codes.map(() => 1) },
    holdout,
  }));
  const single = uneven("single").map(({ train, holdout }) => ({
    train: oneClass(train),
    holdout,
  }));
  const sides: BoostState[] = [boosted(context, constant), boosted(context, single)];
  expect(sides.map(({ trees }) => trees.length)).toEqual([0, 0]);
  const scores = treeScores(
    modelOf(context, sides[0] as BoostState),
    joined([uneven("x")[0]?.train ?? EMPTY]),
  );
  expect(new Set(scores).size).toBe(1);
  expect(scores[0]).toBeGreaterThan(0);
});

test("members without rows take part", () => {
  const context = unnoisedContext(boostTaskOf({}), schema, 4);
  const nobody = uneven("none").map(() => ({ train: EMPTY, holdout: EMPTY }));
  expect(boosted(context, nobody).metrics).toBeNull();
});

test("categories that training never saw go with the rest", () => {
  const spec = boostTaskOf({ depth: 2, trees: 1 });
  const wide = DataSchema.parse({
    label: { column: "label" },
    unit: null,
    features: [{ name: "f", type: "category", categories: ["a", "b", "c", "d"] }],
  });
  const table = (codes: number[], labels: number[]): EncodedData => ({
    rowCount: codes.length,
    numbers: new Float32Array(0),
    codes: Uint16Array.from(codes),
    labels: Uint8Array.from(labels),
    unitStarts: Uint32Array.from({ length: codes.length + 1 }, (_, i) => i),
  });
  const codes = Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? 2 : 1));
  const train = table(
    codes,
    codes.map((code) => (code === 2 ? 1 : 0)),
  );
  const context = unnoisedContext(spec, wide, 3);
  const state = boosted(
    context,
    [train, EMPTY, EMPTY].map((one) => ({ train: one, holdout: one })),
  );
  const scores = treeScores(modelOf(context, state), table([1, 2, 3, 4, 0], [0, 0, 0, 0, 0]));
  expect(scores[1]).toBeGreaterThan(scores[0] ?? 1);
  // Code 1 has twice the rows of code 2: the unseen keep company with it.
  expect([...scores.slice(2)]).toEqual([scores[0], scores[0], scores[0]]);
});
