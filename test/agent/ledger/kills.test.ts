/** Real files and processes: killed without warning in the middle of debits, and two at once over one budget. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAccount } from "../../../agent/ledger/account.ts";
import { mayRelease } from "../../../shared/privacy/accounting/budget.ts";
import { UnsafeDice } from "../../simulation/dice.ts";
import { fileLedger, TERMS } from "./ledgers.ts";

const CHILD = new URL("./debits-child.ts", import.meta.url).pathname;
const KILLS = 20;
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kills-"));
  path = join(folder, "ledger.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Debits {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<void>;
}

function debits(runId: string, noise: number, first = 0): Debits {
  const args = [CHILD, path, runId, String(noise), String(first)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  const lines: string[] = [];
  child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    lines.push(...whole);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return { child, lines, ended };
}

const left = (lines: readonly string[]): number[] =>
  lines.filter((line) => line.endsWith(" debited")).map((line) => Number.parseInt(line, 10));

test("whenever the process is killed, what it let leave is in the ledger, once, and the ledger is whole", async () => {
  const dice = new UnsafeDice("kills");
  const all: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    // Asks again for the last attempts, as a coordinator might.
    const run = debits("run", 1e6, Math.max(0, all.length - 2));
    const count = dice.between(1, 30);
    await new Promise<void>((resolve) => {
      run.child.stdout?.on("data", () => {
        if (run.lines.length < count) return;
        setTimeout(resolve, dice.unit() * 3);
      });
    });
    run.child.kill("SIGKILL");
    await run.ended;
    all.push(...left(run.lines));
    expect(new Set(all).size).toBe(all.length);
    const ledger = fileLedger(path);
    const paid = ledger.book.runs.get("run")?.attempts ?? new Set<number>();
    const spent = openAccount(ledger, TERMS).spentEvents("train").events[0];
    ledger.close();
    for (const attempt of all) expect(paid).toContain(attempt);
    expect(paid.size - all.length).toBeLessThanOrEqual(kill + 1);
    expect(spent).toMatchObject({ kind: "selfComposed", count: paid.size });
  }
  expect(all.length).toBeGreaterThan(KILLS);
});

test("two processes cannot both have the last of the budget", async () => {
  const runs = [debits("one", 12), debits("two", 12)];
  await Promise.all(runs.map(({ ended }) => ended));
  const counts = runs.map(({ lines }) => left(lines).length);
  const ledger = fileLedger(path);
  const account = openAccount(ledger, TERMS);
  const [spent] = account.spentEvents("train").events;
  ledger.close();
  const total = counts.reduce((sum, count) => sum + count, 0);
  expect(spent).toMatchObject({ count: total });
  const event = { kind: "gaussian", noiseMultiplier: 12 } as const;
  const repeated = (count: number) => ({ kind: "selfComposed", event, count }) as const;
  const budget = TERMS.budget ?? { epsilon: 1, delta: 1e-6, rdpOrder: 22 };
  expect(mayRelease({ rdp: 0, tail: 0 }, repeated(total), budget).allowed).toBe(true);
  expect(mayRelease({ rdp: 0, tail: 0 }, repeated(total + 1), budget).allowed).toBe(false);
});
