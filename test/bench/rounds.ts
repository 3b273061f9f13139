/** EDGE: whole rounds: secure sums of zeros among agents in their own processes, on loopback, everything on. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunSummary } from "../../coordinator/run/events.ts";
import { packedBytes } from "../../shared/secagg/ring.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type RoomProcesses, startRoom } from "../support/processes.ts";
import type { BenchResult } from "./format.ts";
import { signatureCheck } from "./machine.ts";

interface Case {
  readonly dimension: number;
  readonly rounds: number;
  /** Not counted: compilers and caches warm up. The figure is that of a run under way. */
  readonly warmUp: number;
  readonly targetMs: number;
}

const POLL_MS = 2000;

/** Ten agents: latency of small and large rounds, bytes, the coordinator's memory. About two minutes. */
export async function roundsBench(): Promise<BenchResult[]> {
  const small = await inRoom(10, { dimension: 10_817, rounds: 1500, warmUp: 500, targetMs: 25 });
  // A room of its own: what the coordinator held for small rounds is not what large ones need.
  const large = { dimension: 1_000_000, rounds: 40, warmUp: 15, targetMs: 450 };
  return [...small, ...(await inRoom(10, large))];
}

/** A hundred agents. Some minutes, most of them to start 200 processes. */
export async function rounds100Bench(): Promise<BenchResult[]> {
  return inRoom(100, { dimension: 10_817, rounds: 150, warmUp: 60, targetMs: 400 });
}

async function inRoom(agents: number, one: Case): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "cloister-rounds-"));
  const members = memberIds(agents);
  const data = new Map<string, string>();
  for (const memberId of members) {
    const path = join(folder, `${memberId}.csv`);
    writeFileSync(path, smallTable(memberId, 50));
    data.set(memberId, path);
  }
  const setup = { folder, charter: smallCharter(members), data, quiet: true, atOnce: 8 };
  const room = await startRoom(setup);
  try {
    const before = signatureCheck("before");
    const results = await measure(room, agents, one);
    return [before, ...results, signatureCheck("after")];
  } finally {
    await room.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(room: RoomProcesses, agents: number, one: Case): Promise<BenchResult[]> {
  const { dimension, rounds, warmUp, targetMs } = one;
  const bytes = room.agents
    .get("bank-2")
    ?.line(({ type }) => type === "ended")
    .then((line) => [Number(line["bytesSent"]), Number(line["bytesReceived"])] as const)
    .catch(() => [Number.NaN, Number.NaN] as const); // It ended before the run did: `ended` says why.
  const plan = { task: { kind: "probe", dimension, rounds }, privacy: "none" };
  const { runId } = await room.client.post<{ runId: string }>("/v1/runs", plan);
  await ended(room, runId);
  const [sent, received] = (await bytes) ?? [0, 0];
  const summary = await room.client.get<RunSummary>(`/v1/runs/${runId}`);
  const name = `${agents} x ${dimension.toLocaleString("en-US")}`;
  const upload = packedBytes(dimension, 24);
  const control = (sent + received) / rounds - upload;
  const none = { target: null, limit: null };
  return [
    ...latencies(name, summary, warmUp, targetMs),
    {
      name: `${name}: control, both ways, an agent and round`,
      value: control / 1024,
      unit: "KiB",
      target: 20,
      limit: null,
    },
    { name: `${name}: upload`, value: upload, unit: "bytes", ...none },
    {
      name: `${name}: coordinator's peak memory`,
      value: peakMemoryMb(room.coordinator.child.pid),
      unit: "MB",
      target: 300,
      limit: null,
    },
    {
      name: `${name}: rounds with all survivors`,
      value: summary.rounds.filter(({ survivors }) => survivors.length === agents).length,
      unit: "rounds",
      target: rounds,
      limit: rounds,
    },
  ];
}

/** Asks now and then: whoever listens to every event takes processor time from the room. */
async function ended(room: RoomProcesses, runId: string): Promise<void> {
  for (;;) {
    const runs = await room.client.get<{ runId: string; status: string }[]>("/v1/runs");
    const status = runs.find((run) => run.runId === runId)?.status;
    if (status === "completed") return;
    if (status !== "proposed" && status !== "running") throw new Error(`the run is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Wall time from one release to the next: everything that a round costs. */
function latencies(
  name: string,
  { rounds }: RunSummary,
  warmUp: number,
  target: number,
): BenchResult[] {
  const gaps: number[] = [];
  for (let i = warmUp; i < rounds.length; i++)
    gaps.push((rounds[i]?.atMs ?? 0) - (rounds[i - 1]?.atMs ?? 0));
  gaps.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    gaps[Math.min(gaps.length - 1, Math.floor(q * gaps.length))] ?? Number.NaN;
  const common = { unit: "ms", limit: null };
  return [
    { name: `${name}: round p50`, value: quantile(0.5), target, ...common },
    { name: `${name}: round p95`, value: quantile(0.95), target: null, ...common },
  ];
}

function peakMemoryMb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
