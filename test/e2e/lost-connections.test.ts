/** A member whose connection is lost again and again, in the middle of frames, takes part in every round all the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { memberIds, smallTable } from "../support/charters.ts";
import { type CuttingProxy, cuttingProxy } from "../support/cutting.ts";
import type { RoomProcesses } from "../support/processes.ts";
import {
  follow,
  openRoom,
  PATIENCE,
  probe,
  released,
  releasedRounds,
  roundsUpTo,
  startRun,
} from "../support/rooms.ts";

const CUTS = 12;
const ROUNDS = 40;
const UNLUCKY = "bank-4";
const members = memberIds(4);
const folder = mkdtempSync(join(tmpdir(), "cloister-lost-"));
let room: RoomProcesses;
let proxy: CuttingProxy;
/** So many of the next connections break after a few thousand bytes. */
let cutsLeft = 0;

beforeAll(async () => {
  const patience = { ...PATIENCE, graceSeconds: 1, workSeconds: 600, stepSeconds: 600 }; // Waiting in vain fails.
  room = await openRoom({ folder, members: members.slice(0, 3), others: [UNLUCKY], patience });
  const source = new UniformSource(reproducibleRng("cuts"));
  proxy = await cuttingProxy(Number(new URL(room.url).port), () => {
    cutsLeft -= 1;
    return cutsLeft < 0 ? Number.POSITIVE_INFINITY : 2_000 + source.below(10_000);
  });
  const table = join(folder, `${UNLUCKY}.csv`);
  writeFileSync(table, smallTable(UNLUCKY, 40));
  await room.enrolAgent(UNLUCKY, table, `ws://127.0.0.1:${proxy.port}`);
});

afterAll(async () => {
  room.agents.get("bank-1")?.kill("SIGCONT"); // A paused one cannot end.
  await room.close();
  proxy.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Its own terminal says so when its first attempt to come back has failed. */
async function lose(): Promise<void> {
  const waiting = room.agents.get(UNLUCKY)?.line(({ state }) => state === "waiting");
  proxy.hold(true);
  await waiting;
}

async function comeBack(): Promise<void> {
  const connected = room.agents.get(UNLUCKY)?.line(({ state }) => state === "connected");
  proxy.hold(false);
  await connected;
}

test("away when a run begins and cut again and again, it takes part: no round is lost or doubled", async () => {
  await lose();
  const runId = await startRun(room, probe(ROUNDS));
  cutsLeft = CUTS;
  proxy.hold(false);
  const lines = await follow(room, runId);
  expect(lines.at(-1)?.type).toBe("completed");
  expect(proxy.cutCount()).toBe(CUTS);
  expect(releasedRounds(lines)).toEqual(roundsUpTo(ROUNDS));
  // A round may begin while it is away; it is back for the others.
  const withIt = released(lines).filter(({ survivors }) => survivors?.includes(UNLUCKY));
  expect(withIt.length).toBeGreaterThan(ROUNDS / 2);
  expect(released(lines).at(-1)?.survivors).toEqual(members);
  const kinds = new Set(lines.map(({ type }) => type));
  expect(kinds).toContain("left");
  for (const fault of ["fault", "attemptAborted", "declined"]) expect(kinds).not.toContain(fault);
});

test("back in the middle of a round that was begun without it, it is not waited for", async () => {
  const runId = await startRun(room, probe(ROUNDS));
  let isBack = false;
  const lines = await follow(room, runId, async ({ type, round, survivors }) => {
    if (type !== "roundReleased") return;
    if (round === 2) proxy.hold(true);
    if (isBack || survivors?.includes(UNLUCKY)) return;
    isBack = true;
    room.agents.get("bank-1")?.kill("SIGSTOP"); // No round ends now.
    await comeBack();
    await lose();
    await comeBack();
    room.agents.get("bank-1")?.kill("SIGCONT");
  });
  expect(isBack).toBe(true);
  expect(lines.at(-1)?.type).toBe("completed");
  expect(releasedRounds(lines)).toEqual(roundsUpTo(ROUNDS));
  expect(released(lines).at(-1)?.survivors).toEqual(members);
});
