/** Round latency and bytes: secure sums of zeros among agents in their own processes, on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent, RunSummary } from "../../coordinator/run-events.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { startRoom } from "../support/processes.ts";
import type { BenchResult } from "./format.ts";

const AGENTS = 10;
const DIMENSION = 10_817;
const ROUNDS = 60;
/** Not counted: compilers and caches warm up. The figure is that of a run under way. */
const WARM_UP = 20;

export async function roundsBench(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "cloister-rounds-"));
  const members = memberIds(AGENTS);
  const data = new Map<string, string>();
  for (const memberId of members) {
    const path = join(folder, `${memberId}.csv`);
    writeFileSync(path, smallTable(memberId, 50));
    data.set(memberId, path);
  }
  const room = await startRoom({ folder, charter: smallCharter(members), data });
  try {
    const plan = { task: { kind: "probe", dimension: DIMENSION, rounds: ROUNDS }, privacy: "none" };
    const { runId } = await room.client.post<{ runId: string }>("/v1/runs", plan);
    for await (const event of room.client.lines<RunEvent>(`/v1/runs/${runId}/events`)) {
      if (event.type === "failed") throw new Error(event.reason);
    }
    const summary = await room.client.get<RunSummary>(`/v1/runs/${runId}`);
    return results(summary);
  } finally {
    await room.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function results({ rounds }: RunSummary): BenchResult[] {
  // Wall time from one release to the next: everything that a round costs.
  const gaps: number[] = [];
  for (let i = WARM_UP; i < rounds.length; i++)
    gaps.push((rounds[i]?.atMs ?? 0) - (rounds[i - 1]?.atMs ?? 0));
  gaps.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    gaps[Math.min(gaps.length - 1, Math.floor(q * gaps.length))] ?? Number.NaN;
  const complete = rounds.filter(({ survivors }) => survivors.length === AGENTS).length;
  const common = { unit: "ms", limit: null };
  return [
    { name: "round p50 (10 agents x 10,817)", value: quantile(0.5), target: 50, ...common },
    { name: "round p95 (10 agents x 10,817)", value: quantile(0.95), target: null, ...common },
    {
      name: "upload per agent and round",
      value: rounds.at(-1)?.uploadBytes ?? 0,
      unit: "bytes",
      target: null,
      limit: 3 * DIMENSION,
    },
    {
      name: "rounds with all survivors",
      value: complete,
      unit: "rounds",
      target: ROUNDS,
      limit: ROUNDS,
    },
  ];
}
