/** EDGE: what the ledger adds to a round's critical path, and to an agent's start. Medians; takes about 20 s. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccount, type Terms } from "../../agent/ledger/account.ts";
import type { Ledger, NewEntry } from "../../agent/ledger/ledger.ts";
import { openLedger } from "../../agent/ledger/open.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { type DpEvent, sampledGaussian } from "../../shared/privacy/accounting/events.ts";
import type { BenchResult } from "./format.ts";

const ENTRIES = 100_000;
const DEBITS = 400;
const BATCH = 1000;
const RUN_ROUNDS = 300;
const env = { clock: osClock, rng: osRng };
const EVENT = sampledGaussian(0.1, 500);
const TERMS: Terms = {
  population: "customers",
  unit: "customer",
  sketch: [],
  charterHash: "c1".repeat(32),
  budget: { epsilon: 100, delta: 1e-6, rdpOrder: 9 },
  split: { fraction: 0.2, salt: "room" },
  requester: "c0".repeat(32),
};

export async function ledgerBench(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "bench-ledger-"));
  const path = join(folder, "ledger.db");
  try {
    const { ledger } = openLedger(path, env);
    const results = [
      debits("debit of an unnoised release, new ledger", ledger, "a", null),
      debits("debit of a noised release, new ledger", ledger, "b", EVENT),
    ];
    fill(ledger);
    results.push(debits("debit of a noised release, 100,000 entries", ledger, "c", EVENT));
    ledger.close();
    return [...results, opening(path)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function debits(name: string, ledger: Ledger, runId: string, event: DpEvent | null): BenchResult {
  const account = openAccount(ledger, TERMS);
  const run = { runId, askKind: "gradient", partition: "train", event } as const;
  const parameters = { dimension: 4097, ringBits: 32 };
  const times: number[] = [];
  for (let attempt = 0; attempt < DEBITS; attempt++) {
    const start = performance.now();
    account.answers(runId, "gradient");
    const outcome = account.debit({ ...run, round: attempt, attempt, parameters });
    account.epsilonSpent();
    times.push(1000 * (performance.now() - start));
    if (outcome !== "debited") throw new Error(outcome);
  }
  const value = times.sort((a, b) => a - b)[DEBITS / 2] ?? Number.NaN;
  return { name, value, unit: "µs", target: 1000, limit: null };
}

/** Other runs' entries, as many as to make the ledger long; each run has a noise of its own. */
function fill(ledger: Ledger): void {
  const { population, unit, charterHash, requester } = TERMS;
  for (let from = 0; from < ENTRIES; from += BATCH)
    ledger.write(() =>
      Array.from({ length: BATCH }, (_, i): NewEntry => {
        const run = Math.floor((from + i) / RUN_ROUNDS);
        const what = {
          runId: `${"ab".repeat(30)}${run}`,
          round: from + i,
          attempt: from + i,
          askKind: "gradient",
        };
        const event = sampledGaussian(0.1, 600 + run);
        const shape = {
          partition: "train",
          parameters: { dimension: 4097, ringBits: 32 },
        } as const;
        return {
          kind: "debit",
          population,
          unit,
          charterHash,
          requester,
          ...what,
          event,
          ...shape,
        };
      }),
    );
}

function opening(path: string): BenchResult {
  const times = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    openLedger(path, env).ledger.close();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  const value = times.sort((a, b) => a - b)[1] ?? Number.NaN;
  const name = "verifying 100,000 entries at the start, CPU time";
  return { name, value, unit: "ms", target: 2000, limit: null };
}
