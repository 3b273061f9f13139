/** Preview and offline check through the binary: what a member sees of a proposed run, and that its files stay as they are. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { policyPath } from "../../agent/policy-file.ts";
import type { Preview } from "../../agent/preview/preview.ts";
import type { Ruling } from "../../shared/charter/policy/decide.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import { memberIds } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { settled } from "../support/room-copies.ts";
import { openRoom, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-preview-"));
const manifestPath = join(folder, "run.json");
let room: RoomProcesses;
let runId = "";
const own = (): string => room.agentFolder("bank-3");
const PLAN = {
  task: {
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds: 4,
      samplingProbability: 0.5,
      clipNorm: 1,
      learningRate: 0.1,
    },
    evaluation: { everyRounds: null, bins: 8 },
  },
  privacy: { epsilon: 1.5 },
};

beforeAll(async () => {
  room = await openRoom({ folder, members: memberIds(3), approves: (id) => id === "bank-1" });
  runId = await startRun(room, PLAN);
});
afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const preview = (run: string, ...more: string[]) =>
  cloister("agent", "preview", run, "--folder", own(), ...more);

/** Of every file in the agent's folder; the index of an open log is SQLite's scratch memory, which readers mark. */
function hashes(): string[] {
  const names = readdirSync(own()).filter((name) => !name.endsWith("-shm"));
  return names.sort().map((name) => {
    const hash = createHash("sha256").update(readFileSync(join(own(), name)));
    return `${name} ${hash.digest("hex")}`;
  });
}

test("beside a running agent: every rule, size and cost, and nothing is written or spent", async () => {
  const { code, output, errors } = await preview(runId.slice(0, 12), "--json");
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  // All have signed for the last that was said in the room: the agent writes no more.
  const isLast = (e: RoomEvent): boolean => e.type === "runDecided" && e.runId === runId;
  await settled(room, isLast, memberIds(3));
  const before = hashes();
  expect(before.map((line) => line.split(" ")[0])).toContain("ledger.db-wal");
  const again = await preview(runId, "--json");
  expect(hashes()).toEqual(before);
  const shown = JSON.parse(output) as Preview;
  expect(shown).toMatchObject({ runId, memberId: "bank-3", survivorsMin: 3 });
  expect(shown.rulings.filter(({ verdict }) => verdict === "refuses")).toEqual([]);
  expect(shown.data.train.rows + shown.data.holdout.rows).toBe(40);
  expect(shown.asks.map(({ kind, count }) => [kind, count])).toEqual([
    ["gradient", 4],
    ["evaluate", 1],
  ]);
  expect(shown.costs[0]?.budgets[0]).toMatchObject({ epsilon: 3, spentBefore: 0, fits: true });
  expect(shown.sample?.whole.l2Norm).toBeGreaterThan(0);
  const { sample: _, ...stays } = shown;
  expect(JSON.parse(again.output)).toMatchObject(stays);
  writeFileSync(manifestPath, JSON.stringify(shown.manifest));
});

test("without a running agent no file is made or changed either; a manifest's file serves as well", async () => {
  room.agents.get("bank-3")?.kill();
  await room.agents.get("bank-3")?.ended;
  const before = hashes();
  expect(readdirSync(own()).filter((name) => /-(?:wal|shm)$/.test(name))).toEqual([]);
  const { code, output } = await preview(manifestPath);
  expect(code).toBe(0);
  expect(output).toContain(`Run ${runId}`);
  expect(output).toMatch(/Real numbers .* THEY STAY ON THIS SCREEN/);
  expect((await preview(manifestPath, "--no-sample")).output).not.toContain("Real numbers");
  expect(hashes()).toEqual(before);
  expect(readdirSync(own()).filter((name) => /-(?:wal|shm)$/.test(name))).toEqual([]);
});

test("after a kill the ledger's log is read as it was left", async () => {
  await room.startAgent("bank-3");
  room.agents.get("bank-3")?.kill("SIGKILL");
  await room.agents.get("bank-3")?.ended;
  const before = hashes();
  expect((await preview(runId)).code).toBe(0);
  expect(hashes()).toEqual(before);
});

test("the member's own rules are asked, and a refusal is no failure of the preview", async () => {
  writeFileSync(policyPath(own()), "version: 1\nepsilonMax: 0.5\n");
  const { code, output } = await preview(runId);
  expect(code).toBe(0);
  expect(output).toContain("refuses  the member's own rules allow it");
  expect(output).toContain("(local.epsilon)");
  writeFileSync(policyPath(own()), "version: 1\nepsilonmax: 0.5\n");
  expectOneLine(await preview(runId), 3, "policy.yaml");
  rmSync(policyPath(own()));
});

test("what cannot be shown is refused in a line", async () => {
  const broken = join(folder, "broken.json");
  writeFileSync(broken, "{");
  expectOneLine(await preview(broken), 3, "broken.json", "not JSON");
  writeFileSync(broken, "{}");
  expectOneLine(await preview(broken), 3, "broken.json", "version");
  expectOneLine(await preview("f".repeat(12)), 3, "agent pending");
  const elsewhere = cloister("agent", "preview", runId, "--folder", join(folder, "nowhere"));
  expectOneLine(await elsewhere, 3, "agent init");
});

test("the same decision offline: allowed, refused by a member's own rules, or unknown", async () => {
  const charter = ["--charter", join(folder, "charter.yaml")];
  const check = (...more: string[]) =>
    cloister("manifest", "check", manifestPath, ...charter, ...more);
  const plain = await check();
  expect(plain).toMatchObject({ code: 0, errors: "" });
  expect(plain.output).toContain("unknown  the ledger can pay to the end");
  const policy = join(folder, "strict.yaml");
  writeFileSync(policy, "version: 1\ntasks: [probe]\nepsilonMax: 1\n");
  const strict = await check("--policy", policy, "--json");
  expect(strict.code).toBe(4);
  expect(JSON.parse(strict.errors)).toMatchObject({ error: { code: "manifest.refused" } });
  const { allowed, rulings } = JSON.parse(strict.output) as { allowed: boolean; rulings: Ruling[] };
  expect(allowed).toBe(false);
  const reasons = rulings.flatMap((ruling) => ruling.reasons.map(({ code }) => code));
  expect(reasons).toEqual(["local.task", "local.epsilon"]);
  const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as object;
  writeFileSync(manifestPath, JSON.stringify({ ...manifest, room: "other-room" }));
  const altered = await check();
  expect(altered.code).toBe(4);
  expect(altered.output).toContain("(roomMismatch)");
});

test("a plan that every agent would refuse is not proposed", async () => {
  const planPath = join(folder, "plan.yaml");
  writeFileSync(planPath, JSON.stringify({ ...PLAN, purpose: "marketing" }));
  const start = cloister("run", "start", planPath, "--config", room.configPath);
  expectOneLine(await start, 4, "purposeNotAgreed");
});
