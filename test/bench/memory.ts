/**
 * EDGE: what a member of a million rows needs: a table of 30 numbers, read, encoded and trained on by the agent's own
 * gate thread in a process of its own. Its peak memory, and how long the thread of its connection was ever kept from
 * its events. Takes about a minute.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { BenchResult } from "./format.ts";
import type { Measured } from "./memory-agent.ts";

const RESOLUTION_MS = 5;
const ROWS = 1_000_000;
const ROWS_PER_UNIT = 10;
const COLUMNS = Array.from({ length: 30 }, (_, i) => `n${i}`);

export async function memoryBench(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "cloister-memory-"));
  try {
    const dataPath = join(folder, "rows.csv");
    writeTable(dataPath);
    const agent = fork(new URL("./memory-agent.ts", import.meta.url), [
      folder,
      dataPath,
      COLUMNS.join(","),
    ]);
    // This process only waits: what it is kept from its own events is the machine's doing.
    const idle = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    idle.enable();
    const [measured] = (await Promise.race([once(agent, "message"), failed(agent)])) as [Measured];
    idle.disable();
    return results(measured, idle.max / 1e6 - RESOLUTION_MS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function failed(agent: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(agent, "exit");
  throw new Error(`the measured process ended with ${code}`);
}

function results(measured: Measured, idleMs: number): BenchResult[] {
  const { openSeconds, roundSeconds, peakMb, longestWaitMs, usualWaitMs } = measured;
  return [
    {
      name: "1 M × 30 rows read and trained on, peak resident memory",
      value: peakMb,
      unit: "MB",
      target: 400,
      limit: 500,
    },
    {
      name: "longest wait of the connection's thread",
      value: longestWaitMs,
      unit: "ms",
      target: 50,
      limit: null,
    },
    info("longest wait of an idle process beside it", idleMs, "ms"),
    info("99 of 100 waits are below", usualWaitMs, "ms"),
    info("reading, encoding, opening the ledger", openSeconds, "s"),
    info("a round of training, mean", roundSeconds, "s"),
  ];
}

/** Written in pieces, so that little of it is ever in memory. */
function writeTable(path: string): void {
  const source = new UniformSource(reproducibleRng("a million rows"));
  const file = openSync(path, "w");
  let text = `customer,label,${COLUMNS.join(",")}\n`;
  for (let row = 0; row < ROWS; row++) {
    const customer = `customer-${row % (ROWS / ROWS_PER_UNIT)}`;
    const cells = COLUMNS.map(() => ((16 * source.uint32()) / 2 ** 32 - 8).toFixed(4));
    text += `${customer},${source.below(20) === 0 ? 1 : 0},${cells.join(",")}\n`;
    if (text.length < 2 ** 20) continue;
    writeSync(file, text);
    text = "";
  }
  writeSync(file, text);
  closeSync(file);
}

function info(name: string, value: number, unit: string): BenchResult {
  return { name, value, unit, target: null, limit: null };
}
