/** Agents are killed without warning in the middle of a run and started again: no round is lost, nothing is paid twice. */
import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerPath } from "../../agent/places.ts";
import { EXIT } from "../../shared/base/errors.ts";
import { memberIds } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import { type RoomProcesses, Subprocess } from "../support/processes.ts";
import {
  follow,
  openRoom,
  type RunLine,
  released,
  releasedRounds,
  roundsUpTo,
  startRun,
} from "../support/rooms.ts";

const members = memberIds(4);
const folder = mkdtempSync(join(tmpdir(), "cloister-agent-restart-"));
const snapshot = join(folder, "snapshot");
let room: RoomProcesses;

beforeAll(async () => {
  room = await openRoom({ folder, members });
  for (const memberId of members) meter(memberId);
});

afterAll(async () => {
  for (const agent of room.agents.values()) agent.kill("SIGCONT"); // A paused one cannot end.
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

/** ε spent, as each agent's own terminal showed it, over all its lives. */
const epsilons = new Map<string, number[]>();

function meter(memberId: string): void {
  const shown = epsilons.get(memberId) ?? [];
  epsilons.set(memberId, shown);
  room.agents.get(memberId)?.onLine(({ epsilonSpent }) => {
    if (typeof epsilonSpent === "number") shown.push(epsilonSpent);
  });
}

/** With noise, so that every release has its price. One evaluation comes after the training rounds. */
const training = (rounds: number, maxDropouts: number): object => ({
  task: {
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: { kind: "dpSgd", rounds, samplingProbability: 0.5, clipNorm: 1, learningRate: 0.1 },
    evaluation: { everyRounds: null, bins: 8 },
  },
  privacy: { epsilon: 1.5, maxDropouts },
});

interface Entry {
  readonly runId: string;
  readonly attempt: number;
  readonly event: unknown;
}

function ledgerOf(memberId: string): Entry[] {
  const database = new DatabaseSync(ledgerPath(room.agentFolder(memberId)), { readOnly: true });
  const rows = database.prepare("SELECT body FROM entry ORDER BY sequence").all();
  database.close();
  const entries = rows.map((row) => JSON.parse(String(row["body"])) as Entry & { kind: string });
  return entries
    .filter(({ kind }) => kind === "debit")
    .map(({ runId, attempt, event }) => ({ runId, attempt, event }));
}

/** @returns What the ledger held when the process was dead. */
async function kill(memberId: string): Promise<Entry[]> {
  const agent = room.agents.get(memberId);
  agent?.kill("SIGKILL");
  await agent?.ended;
  return ledgerOf(memberId);
}

async function startAgain(memberId: string): Promise<void> {
  await room.startAgent(memberId);
  meter(memberId);
}

function expectSoundLedger(memberId: string, runId: string, lines: readonly RunLine[]): void {
  const entries = ledgerOf(memberId);
  const keys = entries.map((entry) => `${entry.runId}/${entry.attempt}`);
  expect(new Set(keys).size).toBe(keys.length);
  // Whatever was opened with this member's vector in it had been paid for.
  for (const { attempt, survivors } of released(lines)) {
    if (survivors?.includes(memberId)) expect(keys).toContain(`${runId}/${attempt}`);
  }
  for (const { event } of entries) expect(event).toHaveProperty("kind");
  const shown = epsilons.get(memberId) ?? [];
  expect(shown.length).toBeGreaterThan(2);
  expect(shown).toEqual(shown.toSorted((a, b) => a - b));
}

test("a run goes on without an agent that is killed, and with it once it is started again", async () => {
  const rounds = 40;
  const victims = ["bank-2", "bank-3"] as const;
  const ledgers: Entry[][] = [];
  const runId = await startRun(room, training(rounds, 1));
  const joinedAgain: RunLine[][] = [];
  let [next]: readonly string[] = victims;
  const lines = await follow(room, runId, async (line, seen) => {
    if (line.type === "joined" && line.memberId === victims[ledgers.length - 1]) {
      room.agents.get("bank-1")?.kill("SIGCONT");
      joinedAgain.push([...seen]);
      next = victims[ledgers.length];
    }
    if (line.type !== "roundReleased" || (line.round ?? 0) < 4 + 8 * ledgers.length || !next)
      return;
    // Without a paused member no round ends, so the run waits, in the middle of one, for the return.
    room.agents.get("bank-1")?.kill("SIGSTOP");
    ledgers.push(await kill(next));
    await startAgain(next);
    next = undefined;
  });
  expect(lines.at(-1)?.type).toBe("completed");
  expect(releasedRounds(lines)).toEqual(roundsUpTo(rounds + 1));
  for (const [i, victim] of victims.entries()) {
    const before = ledgers[i] ?? [];
    expect(before.length).toBeGreaterThan(2);
    expect(ledgerOf(victim).slice(0, before.length)).toEqual(before);
    const after = released(lines.slice(joinedAgain[i]?.length));
    expect(after.length).toBeGreaterThan(5);
    expect(after.at(-1)?.survivors).toContain(victim);
    expectSoundLedger(victim, runId, lines);
  }
});

test("a run that needs everybody waits for an agent that is killed, and completes with it", async () => {
  const rounds = 40;
  let before: Entry[] = [];
  const runId = await startRun(room, training(rounds, 0));
  const lines = await follow(room, runId, async ({ type, round }) => {
    if (type !== "roundReleased" || round !== 3) return;
    before = await kill("bank-2");
    cpSync(room.agentFolder("bank-2"), snapshot, { recursive: true });
    await startAgain("bank-2");
  });
  expect(lines.at(-1)?.type).toBe("completed");
  expect(releasedRounds(lines)).toEqual(roundsUpTo(rounds + 1));
  for (const { survivors } of released(lines)) expect(survivors).toEqual(members);
  expect(before.length).toBeGreaterThan(3);
  expect(ledgerOf("bank-2").slice(0, before.length)).toEqual(before);
  for (const memberId of members) expectSoundLedger(memberId, runId, lines);
  const opened = lines.flatMap(({ type, attempt }) => (type === "attemptOpened" ? [attempt] : []));
  expect(new Set(opened).size).toBe(opened.length);
});

/** @returns What the agent says as it refuses to go on. */
async function refusal(memberId: string): Promise<string> {
  const agent = new Subprocess(["agent", "start", "--folder", room.agentFolder(memberId)]);
  expect(await agent.ended).toBe(EXIT.caught);
  return agent.errors;
}

test("an agent whose ledger, or whole folder, is put back as it was in the middle of a run says so and stops", async () => {
  const own = room.agentFolder("bank-2");
  await kill("bank-2");
  for (const end of ["", "-wal", ".key", ".anchor"])
    copyFileSync(`${ledgerPath(snapshot)}${end}`, `${ledgerPath(own)}${end}`);
  rmSync(`${ledgerPath(own)}-shm`, { force: true });
  expect(await refusal("bank-2")).toMatch(/answered attempt \d+ of run .*an older one was put in/);
  rmSync(own, { recursive: true });
  cpSync(snapshot, own, { recursive: true });
  // By its own signature; or by its answers, where it ended before the first signature after them was an entry.
  expect(await refusal("bank-2")).toMatch(/an older (copy of it|one) was put in place/);
  // The newest state is lost: what can have been spent is taken for spent, and the agent may work again.
  const known = ledgerOf("bank-2");
  const { code, output } = await cloister("agent", "write-off", "--folder", own, "--json");
  expect(code).toBe(EXIT.ok);
  const [gap, ...more] = JSON.parse(output) as { runId: string; debits: number }[];
  expect(more).toEqual([]);
  const after = ledgerOf("bank-2");
  expect(after.slice(0, known.length)).toEqual(known);
  expect(after.length).toBe(known.length + (gap?.debits ?? 0));
  // 40 rounds and an evaluation, with twenty retries each.
  expect(after.filter(({ runId }) => runId === gap?.runId).length).toBe(40 + 20 + 1 + 20);
  await room.startAgent("bank-2");
  const again = await cloister("agent", "write-off", "--folder", own);
  expectOneLine(again, EXIT.badInput, "nothing in the copy of the room's history is missing");
});
