/** Whole runs over real sockets, one of each strategy: they end, learn, and a run that diverges says why. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunEvent } from "../../coordinator/run/events.ts";
import type { CoordinatorService } from "../../coordinator/service.ts";
import { parseModelJson } from "../../models/export/json.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { modelOf, trainTask } from "../../models/tasks/train/train.ts";
import { Plan } from "../../shared/charter/manifest.ts";
import { functional, input, normalised } from "../models/topologies.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const members = memberIds(3);
const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 120)]));
const folder = mkdtempSync(join(tmpdir(), "cloister-strategies-"));
const charter = { ...smallCharter(members), rowsMax: 200 };
let room: ServiceRoom;
let service: CoordinatorService;

beforeAll(async () => {
  room = await serviceRoom({ folder, charter, tables });
  service = room.service;
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

type Released = Extract<RunEvent, { type: "roundReleased" }>;
interface Ended {
  readonly runId: string;
  readonly rounds: readonly Released[];
  /** Null: it completed. */
  readonly failed: string | null;
}

const LOCAL = { rounds: 8, batchSize: 16, learningRate: 0.05 };
const SGD = { ...LOCAL, learningRate: 1, localOptimizer: "sgd", localEpochs: 2 };

function carriedOut(
  task: object,
  onRound: (round: Released) => void = () => undefined,
): Promise<Ended> {
  const common = { kind: "train", model: { hidden: [16, 4] }, scaling: "bounds" };
  const evaluation = { everyRounds: null, bins: 16 };
  const plan = Plan.parse({ task: { ...common, evaluation, ...task }, privacy: "none" });
  const { runId } = service.propose(plan);
  const rounds: Released[] = [];
  return new Promise((resolve, reject) => {
    service.watch(runId, (event) => {
      if (event.type === "roundReleased") {
        rounds.push(event);
        onRound(event);
      }
      if (event.type === "completed") resolve({ runId, rounds, failed: null });
      if (event.type === "failed") resolve({ runId, rounds, failed: event.reason });
      if (event.type === "declined") reject(new Error(JSON.stringify(event)));
    });
  });
}

const adaptive = (kind: string, learningRate: number) => ({
  strategy: { kind: "fedAvg", ...SGD, server: { kind, learningRate } },
});
test.each([
  ["FedProx", { strategy: { kind: "fedProx", proximal: 0.1, ...LOCAL } }],
  [
    "SCAFFOLD",
    { strategy: { kind: "scaffold", ...SGD, learningRateSchedule: { kind: "cosine" } } },
  ],
  [
    "server momentum",
    { strategy: { kind: "fedAvg", ...LOCAL, server: { kind: "momentum", learningRate: 0.5 } } },
  ],
  ["FedAdam", adaptive("adam", 0.1)],
  ["FedYogi", adaptive("yogi", 0.1)],
  ["FedAdagrad", adaptive("adagrad", 0.3)],
  [
    "a topology with layer normalisation, dropout and an embedding",
    {
      strategy: { kind: "fedAvg", ...LOCAL },
      model: { topology: normalised(charter.schema, { dropout: 0.1 }) },
    },
  ],
  [
    "focal loss and weights that a round has counted",
    {
      strategy: { kind: "fedAvg", ...LOCAL },
      loss: { kind: "focal", positiveWeight: "balanced" },
    },
  ],
] as const)("%s learns over sockets", async (_, task) => {
  const { rounds, failed } = await carriedOut(task);
  expect(failed).toBeNull();
  expect(rounds.at(-1)?.metrics?.rocAuc).toBeGreaterThan(0.9);
  const kinds = rounds.map(({ askKind }) => askKind);
  const counts = "loss" in task ? ["counts"] : [];
  expect(kinds).toEqual([...counts, ...new Array<string>(8).fill("update"), "evaluate"]);
});

test("personal layers stay: each member has a whole model on its own disk, and goes on with it after a restart", async () => {
  const strategy = { kind: "fedAvg", ...LOCAL, personalLayers: 1 };
  const [first] = members;
  if (!first) throw new Error("there are members");
  let restarted: Promise<void> = Promise.resolve();
  const { runId, rounds, failed } = await carriedOut({ strategy }, ({ round }) => {
    if (round !== 3) return;
    restarted = (async () => {
      await room.agents.get(first)?.close();
      await room.start(first);
    })();
  });
  await restarted;
  expect(failed).toBeNull();
  expect(rounds.at(-1)?.metrics?.rocAuc).toBeGreaterThan(0.9);
  const shared = 16 * 6 + 4 * 17;
  for (const { askKind, uploadBytes } of rounds)
    if (askKind === "update") expect(uploadBytes).toBe(3 * (shared + 2));
  const models = members.map((memberId) => {
    const path = join(folder, memberId, "models", `${runId}.json`);
    expect(existsSync(path)).toBe(true);
    return parseModelJson(readFileSync(path, "utf8"), charter.schema).params;
  });
  const [own, other] = models;
  expect(own?.subarray(shared)).not.toEqual(other?.subarray(shared));
  if (rounds.at(-1)?.survivors.length === 3)
    expect(own?.subarray(0, shared)).toEqual(other?.subarray(0, shared));
});

test("a topology that does not fit the charter is refused before anybody is asked", () => {
  const topology = functional(input("numbers", 2), ["Dense", "score", { units: 1 }, "numbers"]);
  const strategy = { kind: "fedAvg", ...LOCAL };
  const evaluation = { everyRounds: null, bins: 16 };
  const task = { kind: "train", model: { topology }, scaling: "bounds", strategy, evaluation };
  const plan = Plan.parse({ task, privacy: "none" });
  expect(() => service.propose(plan)).toThrow('column "channel" is read by no input');
});

test("early stopping ends a run, and the best round's model is what it hands out", async () => {
  const { runId, rounds, failed } = await carriedOut({
    strategy: { kind: "fedAvg", ...LOCAL, rounds: 40 },
    evaluation: {
      everyRounds: 1,
      bins: 16,
      earlyStopping: { patience: 2, minImprovement: 0.01 },
      select: "best",
    },
  });
  expect(failed).toBeNull();
  const aucs = rounds.flatMap(({ askKind, metrics }) =>
    askKind === "evaluate" && metrics ? [metrics.rocAuc] : [],
  );
  expect(aucs.length).toBeLessThan(40);
  const { manifest } = service.catalog.find(runId, null);
  const bytes = service.taskState(runId);
  if (manifest.task.kind !== "train" || !bytes) throw new Error("a training run has a state");
  const context = { ...contextOf(charter, manifest), spec: manifest.task };
  const state = trainTask.decodeState(context, bytes);
  expect(state.selection.best?.value).toBe(Math.max(...aucs));
  expect(state.selection.best?.trainingDone).toBe(aucs.indexOf(Math.max(...aucs)) + 1);
  expect(modelOf(context, state).params).toEqual(state.selection.bestParams);
});

test("a run that diverges fails with the reason, and its last good model is there", async () => {
  const { runId, rounds, failed } = await carriedOut({
    strategy: { kind: "fedProx", ...SGD, localEpochs: 4, proximal: 1e9, learningRate: 1e9 },
  });
  expect(rounds).toHaveLength(1);
  expect(failed).toMatch(/^task\.no-update: in training round 1 .*smaller learningRate/);
  expect(service.catalog.find(runId, null)).toMatchObject({ status: "failed", reason: failed });
  expect(service.taskState(runId)).not.toBeNull();
});

test("a noised plan with a strategy that sends updates never becomes a run", () => {
  for (const kind of ["fedAvg", "fedProx", "scaffold"]) {
    const strategy = {
      kind,
      ...LOCAL,
      localOptimizer: "sgd",
      ...(kind === "fedProx" && { proximal: 1 }),
    };
    const task = { kind: "train", model: { hidden: [] }, scaling: "bounds", strategy };
    const evaluation = { everyRounds: null, bins: 16 };
    const plan = Plan.parse({ task: { ...task, evaluation }, privacy: { epsilon: 1 } });
    expect(() => service.propose(plan)).toThrow(`${kind} carries no guarantee per unit`);
  }
});
