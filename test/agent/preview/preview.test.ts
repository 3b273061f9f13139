/** What a preview tells is what the gate would do: the same numbers, sizes and costs, and nothing spent. */
import { expect, test } from "vitest";
import { previewLines } from "../../../agent/preview/lines.ts";
import type { Preview } from "../../../agent/preview/preview.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { releasesOf } from "../../../models/tasks/privacy-events.ts";
import { wireShape } from "../../../models/tasks/reading.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import { vectorParts } from "../../../models/tasks/vector-parts.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import type { Manifest } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { fromRing } from "../../../shared/privacy/encoding/ring.ts";
import { applyMasksInPlace, type Mask } from "../../../shared/secagg/masks.ts";
import { reduceInPlace, unpackRing } from "../../../shared/secagg/ring.ts";
import { PRIVACY, TRAIN_TASK } from "../../support/manifests.ts";
import { type PreviewedMember, previewedMember } from "./member.ts";

const MASKS: Mask[] = [1, 2, 3].map((byte) => ({ key: new Uint8Array(32).fill(byte), sign: 1 }));
const UNMASK: Mask[] = MASKS.map(({ key }) => ({ key, sign: -1 }));

const trainBy = (change: object): TaskSpec => TaskSpec.parse({ ...TRAIN_TASK, ...change });
const local = { rounds: 3, learningRate: 0.1, batchSize: 8 };
const strategy = (kind: string, more = {}): TaskSpec =>
  trainBy({ model: { hidden: [3] }, strategy: { ...local, kind, ...more } });
const boost = (edges: string): TaskSpec =>
  TaskSpec.parse({
    kind: "boost",
    model: { trees: 2, depth: 2, bins: 4, edges },
    evaluation: { everyTrees: null, bins: 8 },
  });

const RUNS: readonly (readonly [name: string, plan: Partial<Manifest>, first: string])[] = [
  ["a noised gradient", {}, "gradient"],
  ["one around each value", { encoding: { profile: "dp", ringBits: 20 } }, "gradient"],
  [
    "one with the coordinator's noise",
    { privacy: { ...PRIVACY, noisePlacement: "central" } },
    "gradient",
  ],
  ["an exact gradient", { privacy: null }, "gradient"],
  ["moments", { privacy: null, task: trainBy({ scaling: "moments" }) }, "moments"],
  [
    "counts",
    {
      privacy: null,
      task: trainBy({ loss: { kind: "crossEntropy", positiveWeight: "balanced" } }),
    },
    "counts",
  ],
  ["an update", { privacy: null, task: strategy("fedAvg") }, "update"],
  [
    "a rotated update",
    { privacy: null, task: strategy("fedAvg"), encoding: { profile: "wan" } },
    "update",
  ],
  ["personal layers", { privacy: null, task: strategy("fedAvg", { personalLayers: 1 }) }, "update"],
  ["a control variate", { privacy: null, task: strategy("scaffold") }, "update"],
  ["grids of numbers", { privacy: null, task: boost("quantiles") }, "start"],
  ["a noised histogram", { task: boost("bounds") }, "level0"],
  ["zeros", { privacy: null, task: { kind: "probe", dimension: 5, rounds: 2 } }, "zeros"],
];
/** Lets the coordinator add noise. */
const TERMS: Partial<Charter> = {
  privacy: {
    budget: { epsilon: 3, delta: 1e-5, rdpOrder: 8 },
    unnoisedRuns: "allowed",
    centralNoise: "allowed",
    unitsExpected: 300,
  },
};

/** What the gate sends first, without its masks. */
function sentFirst({ gate, charter, manifest, question }: PreviewedMember) {
  expect(gate.assess(question)).toEqual([]);
  const task = taskFor(manifest.task);
  const context = contextOf(charter, manifest);
  const ask = task.nextAsk(context, task.begin(context));
  const kind = ask?.kind ?? "";
  gate.work(0, kind, ask?.input ?? new Float32Array());
  const sealed = gate.seal(0, 0, MASKS);
  if (!("vector" in sealed)) throw new Error(`refused: ${sealed.refused}`);
  const { dimension, ringBits } = wireShape(context, manifest, kind);
  const ring = unpackRing(sealed.vector, dimension, ringBits);
  applyMasksInPlace(ring, UNMASK, ringBits);
  reduceInPlace(ring, ringBits);
  return { ring: fromRing(ring, ringBits), bytes: sealed.vector.length };
}

test.each(
  RUNS,
)("the numbers and bytes shown are those that the gate sends: %s", async (_, plan, first) => {
  const member = await previewedMember(plan, TERMS);
  const { sample, asks } = member.preview();
  expect(sample?.askKind).toBe(first);
  const { ring, bytes } = sentFirst(member);
  expect(asks.find(({ kind }) => kind === first)?.bytesPerRound).toBe(bytes);
  const squares = ring.reduce((sum, value) => sum + value * value, 0);
  expect(sample?.encoded).toEqual({
    length: ring.length,
    first: [...ring.subarray(0, 3)],
    smallest: Math.min(...ring),
    largest: Math.max(...ring),
    l2Norm: Math.sqrt(squares),
  });
});

test.each(RUNS)("the parts by name are the whole vector, without gaps: %s", async (_, plan) => {
  const { charter, manifest } = await previewedMember(plan, TERMS);
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  for (const { kind } of task.plannedAsks(context)) {
    const parts = vectorParts(context, kind);
    let at = 0;
    for (const { offset, length } of parts) {
      expect(offset).toBe(at);
      at += length;
    }
    expect(at).toBe(task.shapeOf(context, kind).dimension);
    expect(parts.map(({ name }) => name)).not.toContain("not used");
  }
});

test("the parts are named for what they are", async () => {
  const counts = await previewedMember({
    privacy: null,
    task: trainBy({ loss: { kind: "crossEntropy", positiveWeight: "balanced" } }),
  });
  const { parts = [] } = counts.preview().sample ?? {};
  const { train } = counts.table.data;
  const positives = train.labels.reduce((sum, label) => sum + label, 0);
  expect(parts.map(({ name, first }) => [name, ...first])).toEqual([
    ["rows", train.rowCount],
    ["positive rows", positives],
  ]);
  const exact = await previewedMember({ privacy: null });
  const tail = exact.preview().sample?.parts.at(-1);
  expect(tail?.name).toBe("units");
  expect(tail?.first[0]).toBeGreaterThan(0);
  expect(tail?.first[0]).toBeLessThan(train.rowCount);
});

test("a preview spends nothing, however often it is asked for", async () => {
  const { preview, account } = await previewedMember();
  const shown = [preview(), preview()].map(({ costs }) => costs);
  expect(shown[0]).toEqual(shown[1]);
  expect(account.epsilonSpent()).toBe(0);
  expect(account.lastAttempt(preview().runId)).toBe(-1);
});

test("the cost shown is what the ledger says when the run is paid, and its own rounds are not counted twice", async () => {
  const { preview, account, charter, manifest } = await previewedMember();
  const before = preview();
  for (const { partition, event, count } of releasesOf(charter, manifest)) {
    const shared = { runId: before.runId, askKind: "gradient", partition, event, parameters: null };
    for (let i = 0; i < count; i++)
      account.debit({ ...shared, round: i, attempt: partition === "train" ? i : 100 + i });
  }
  const dearest = Math.max(...before.costs.map(({ budgets }) => budgets[0]?.spentAfter ?? 0));
  expect(account.epsilonSpent()).toBeCloseTo(dearest, 9);
  expect(preview().costs).toEqual(before.costs);
  const other = await previewedMember({ nonce: "1".repeat(32) });
  other.account.debit({
    ...{ runId: "ab".repeat(32), round: 0, attempt: 0, askKind: "gradient", partition: "train" },
    ...{ event: { kind: "gaussian", noiseMultiplier: 5 }, parameters: null },
  });
  const [train, holdout] = other.preview().costs;
  expect(train?.budgets[0]?.spentBefore).toBeCloseTo(other.account.epsilonSpent() ?? 0, 9);
  expect(holdout?.budgets[0]?.spentBefore).toBe(0);
});

test("what refuses is shown with its reason, and nothing is computed on more rows than agreed", async () => {
  const verdicts = ({ rulings }: Preview): Map<string, string> =>
    new Map(rulings.map(({ rule, verdict }) => [rule, verdict]));
  const fine = verdicts((await previewedMember()).preview());
  expect([...fine.values()]).not.toContain("refuses");
  expect(fine.get("the members that must sign did")).toBe("unknown");
  const many = (await previewedMember({}, { rowsMax: 59 })).preview();
  expect(verdicts(many).get("the data are enough, and not too much")).toBe("refuses");
  expect(many.sample).toBeNull();
  const poor = (await previewedMember({ privacy: { ...PRIVACY, trainMultiplier: 0.5 } })).preview();
  expect(verdicts(poor).get("the ledger can pay to the end")).toBe("refuses");
  expect(previewLines(poor).join("\n")).toContain("NOT ENOUGH");
  const broken = (await previewedMember({ task: strategy("fedAvg") })).preview();
  expect(verdicts(broken).get("the charter allows the task and its size")).toBe("refuses");
  expect(broken).toMatchObject({ asks: [], costs: [], sample: null });
});

test("the page says what is read, summed and kept, and leaves real numbers out where it is told to", async () => {
  const task = trainBy({ scaling: "moments" });
  const { preview } = await previewedMember({ privacy: null, task });
  const { columns } = preview();
  expect(columns.read).toEqual(["amount", "hour", "channel", "label", "customer"]);
  expect(columns.summed).toEqual(["amount", "hour"]);
  const text = previewLines(preview()).join("\n");
  expect(text).toContain("THEY STAY ON THIS SCREEN");
  expect(text).toContain("amount: rows, sum, sum of squares");
  expect(text).toContain("no ε");
  expect(previewLines(preview(false)).join("\n")).not.toContain("STAY ON THIS SCREEN");
  const trees = (await previewedMember({ privacy: null, task: boost("quantiles") })).preview();
  expect(trees.columns.groupedBy).toEqual(["amount", "hour", "channel"]);
});
