/**
 * EDGE: the process that `memory.ts` measures: the agent's gate thread over the table that it is given, and beside it a
 * thread that does nothing but wait, as the connection's would. Sends what it took to its parent.
 */
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { GateHost } from "../../agent/gate/host.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { memberIds } from "../support/charters.ts";
import { PRIVACY, questionOf, signedManifest } from "../support/manifests.ts";

/** What the parent is told. */
export interface Measured {
  readonly openSeconds: number;
  readonly roundSeconds: number;
  readonly peakMb: number;
  readonly longestWaitMs: number;
  readonly usualWaitMs: number;
}

const ROUNDS = 20;
const RUN = "ab".repeat(32);
const RESOLUTION_MS = 5;

const [folder = "", dataPath = "", columns = ""] = process.argv.slice(2);
const charter = charterOf(columns.split(","));
const { delta = 0 } = charter.privacy.budget ?? {};
const privacy = { ...PRIVACY, epsilon: 8, delta, unitsExpected: 300_000 };
const manifest = signedManifest(charter, { task: taskOf(), privacy });
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
const seconds = await train();
delay.disable();
const measured: Measured = {
  ...seconds,
  peakMb: process.resourceUsage().maxRSS / 1000,
  longestWaitMs: delay.max / 1e6 - RESOLUTION_MS,
  usualWaitMs: delay.percentile(99) / 1e6 - RESOLUTION_MS,
};
process.send?.(measured);
process.disconnect?.();

/** Opens the table and trains. @returns Seconds of wall time. */
async function train(): Promise<{ openSeconds: number; roundSeconds: number }> {
  const gate = new GateHost("bank-1");
  const ledger = { path: join(folder, "ledger.db"), id: null };
  const terms = { population: "customers", requester: "cd".repeat(32), purpose: "work" } as const;
  const start = performance.now();
  await gate.ask({ type: "open", charter, dataPath, ledger, ...terms }, "opened");
  const opened = performance.now();
  const { reasons } = await gate.ask({ type: "assess", ...questionOf(manifest, RUN) }, "assessed");
  if (reasons.length > 0) throw new Error(reasons.map(({ message }) => message).join("; "));
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  const input = task.nextAsk(context, task.begin(context))?.input ?? new Float32Array();
  for (let round = 0; round < ROUNDS; round++) {
    const masks = [1, 2, 3].map((byte) => ({
      key: new Uint8Array(32).fill(byte),
      sign: 1 as const,
    }));
    await gate.ask(
      { type: "work", attempt: round, askKind: "gradient", input: input.slice() },
      "worked",
    );
    await gate.ask({ type: "seal", round, attempt: round, masks }, "sealed");
  }
  const trained = performance.now();
  await gate.ask({ type: "work", attempt: ROUNDS, askKind: "evaluate", input }, "worked");
  await gate.close();
  return {
    openSeconds: (opened - start) / 1000,
    roundSeconds: (trained - opened) / 1000 / ROUNDS,
  };
}

function charterOf(names: readonly string[]): Charter {
  return Charter.parse({
    version: 1,
    room: "bench-room",
    purpose: "bench",
    members: memberIds(3),
    schema: {
      label: { column: "label" },
      unit: { column: "customer" },
      features: names.map((name) => ({ name, type: "number", min: -8, max: 8 })),
    },
    tasks: ["train"],
    minimums: { members: 3, rows: 10 },
    rowsMax: 1_000_000,
    privacy: {
      budget: { epsilon: 8, delta: 1e-7, rdpOrder: 8 },
      unnoisedRuns: "allowed",
      unitsExpected: 300_000,
    },
  });
}

/** The plan of a fraud model: a hundredth of the units a round. */
function taskOf(): TaskSpec {
  return TaskSpec.parse({
    kind: "train",
    model: { hidden: [64, 32] },
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds: ROUNDS,
      samplingProbability: 0.01,
      clipNorm: 1,
      learningRate: 0.1,
    },
    evaluation: { everyRounds: null, bins: 64 },
  });
}
