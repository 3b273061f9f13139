/** Whole runs over real sockets under each narrow encoding: they end, and cost the bytes that they should. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunEvent } from "../../coordinator/run/events.ts";
import type { CoordinatorService } from "../../coordinator/service.ts";
import { Plan } from "../../shared/charter/manifest.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const members = memberIds(3);
const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 120)]));
const folder = mkdtempSync(join(tmpdir(), "cloister-encodings-"));
let room: ServiceRoom;
let service: CoordinatorService;

beforeAll(async () => {
  const small = smallCharter(members);
  const budget = { epsilon: 20, delta: 1e-5, rdpOrder: 8 };
  const privacy = { ...small.privacy, budget, centralNoise: "allowed" as const };
  room = await serviceRoom({ folder, charter: { ...small, privacy, rowsMax: 200 }, tables });
  service = room.service;
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

type Released = Extract<RunEvent, { type: "roundReleased" }>;

/** Carries a plan out. Its rounds, once the run has completed. */
function carriedOut(plan: unknown): Promise<Released[]> {
  const { runId } = service.propose(Plan.parse(plan));
  const rounds: Released[] = [];
  return new Promise((resolve, reject) => {
    service.watch(runId, (event) => {
      if (event.type === "roundReleased") rounds.push(event);
      if (event.type === "completed") resolve(rounds);
      if (event.type === "failed" || event.type === "declined") reject(new Error(event.type));
    });
  });
}

const MODEL = { kind: "train", model: { hidden: [16] }, scaling: "bounds" };
const EVALUATION = { everyRounds: null, bins: 16 };
/** Four inputs, sixteen hidden units, one output. */
const PARAMS = 16 * (5 + 1) + 16 + 1;

test("federated averaging under wan takes two bytes a coordinate, and learns", async () => {
  const strategy = { kind: "fedAvg", rounds: 8, batchSize: 16, learningRate: 0.05 };
  const task = { ...MODEL, strategy, evaluation: EVALUATION };
  const rounds = await carriedOut({ task, privacy: "none", encoding: { profile: "wan" } });
  const updates = rounds.filter(({ askKind }) => askKind === "update");
  expect(updates.map(({ uploadBytes }) => uploadBytes)).toEqual(
    new Array<number>(8).fill(2 * (PARAMS + 2)),
  );
  const evaluation = rounds.at(-1);
  expect(evaluation?.uploadBytes).toBe(4 * 2 * 16);
  expect(evaluation?.metrics?.rocAuc).toBeGreaterThan(0.9);
});

test("a noised run under dp takes eighteen bits a coordinate, and is paid for as any other", async () => {
  const task = { ...MODEL, strategy: DP_SGD, evaluation: EVALUATION };
  const rounds = await carriedOut({ task, privacy: { epsilon: 2 }, encoding: { profile: "dp" } });
  const [gradient] = rounds.filter(({ askKind }) => askKind === "gradient");
  expect(gradient?.uploadBytes).toBe(Math.ceil((18 * (PARAMS + 1)) / 8));
  expect(rounds.at(-1)?.uploadBytes).toBe(4 * 2 * 16);
  expect(gradient?.survivors).toHaveLength(3);
});

const DP_SGD = {
  kind: "dpSgd",
  rounds: 2,
  samplingProbability: 0.5,
  clipNorm: 1,
  learningRate: 0.1,
};

test.each([
  "local",
  "central",
])("a run with %s noise, and a bound that adapts, is carried out", async (noisePlacement) => {
  const task = { ...MODEL, strategy: { ...DP_SGD, adaptiveClipping: {} }, evaluation: EVALUATION };
  const rounds = await carriedOut({ task, privacy: { epsilon: 2, noisePlacement } });
  expect(rounds.map(({ askKind }) => askKind)).toEqual(["gradient", "gradient", "evaluate"]);
  expect(rounds[0]?.uploadBytes).toBe(4 * (PARAMS + 2));
});

test("a round under central noise is not kept: whoever replayed it would see the exact sum", async () => {
  const task = { ...MODEL, strategy: { ...DP_SGD, rounds: 1 }, evaluation: EVALUATION };
  const [central] = await carriedOut({ task, privacy: { epsilon: 2, noisePlacement: "central" } });
  const [own] = await carriedOut({ task, privacy: { epsilon: 2, noisePlacement: "local" } });
  const keeps = ({ runId, round }: Released): boolean =>
    service.audits.keptRounds(runId).includes(round);
  if (!central || !own) throw new Error("both runs released rounds");
  expect([keeps(central), keeps(own)]).toEqual([false, true]);
});

test("a probe measures what an encoding costs", async () => {
  const task = { kind: "probe", dimension: 50_001, rounds: 1 };
  const bytes = async (encoding?: object): Promise<(number | undefined)[]> => {
    const rounds = await carriedOut({ task, privacy: "none", ...(encoding && { encoding }) });
    return rounds.map(({ uploadBytes }) => uploadBytes);
  };
  expect(await bytes()).toEqual([150_003]);
  expect(await bytes({ profile: "wan" })).toEqual([100_002]);
  expect(await bytes({ profile: "exact" })).toEqual([200_004]);
});

test("a plan whose encoding does not fit its privacy never becomes a run", () => {
  const task = { kind: "probe", dimension: 10, rounds: 1 };
  const plan = Plan.parse({ task, privacy: "none", encoding: { profile: "dp" } });
  expect(() => service.propose(plan)).toThrow("the encoding dp is for runs with noise");
});
