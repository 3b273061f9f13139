/** The ledger as a member sees it: what its commands say, whom it lets share it, and how tampering ends. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerPath } from "../../agent/places.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import { type RoomProcesses, tokenFile } from "../support/processes.ts";
import { follow, openRoom, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-ledger-"));
let room: RoomProcesses;
const own = (): string => room.agentFolder("bank-1");
const training = (rounds: number): object => ({
  task: {
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: { kind: "dpSgd", rounds, samplingProbability: 0.5, clipNorm: 1, learningRate: 0.1 },
    evaluation: { everyRounds: null, bins: 8 },
  },
  room: "test-room",
  privacy: { epsilon: 1.5, maxDropouts: 1 },
});

beforeAll(async () => {
  room = await openRoom({ folder, members: memberIds(4) });
});
afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

test("after a run the ledger shows what it cost, and verifies, while the agent goes on", async () => {
  const runId = await startRun(room, training(6));
  expect((await follow(room, runId)).at(-1)?.type).toBe("completed");
  const shown = await cloister("ledger", "show", "--json", "--folder", own());
  const { populations } = JSON.parse(shown.output) as {
    populations: { population: string; unit: string; runs: object[]; budgets: object[] }[];
  };
  expect(populations).toMatchObject([{ population: "bank-1", unit: "customer" }]);
  expect(populations[0]?.budgets).toMatchObject([{ epsilon: 3, share: expect.any(Number) }]);
  expect(populations[0]?.runs).toMatchObject([{ runId, answers: { gradient: 6, evaluate: 1 } }]);
  const verified = await cloister("ledger", "verify", "--folder", own());
  expect(verified).toMatchObject({ code: 0, output: expect.stringContaining("10 entries") });
});

test("a copy of the data in another room is refused, until it is declared as the same people's", async () => {
  const charter = { ...smallCharter(memberIds(3)), room: "other-room" };
  await room.client.post("/v1/rooms", charter);
  const invitation = { room: "other-room", memberId: "bank-1" };
  const { token } = await room.client.post<{ token: string }>("/v1/invitations", invitation);
  const data = join(folder, "copy.csv");
  copyFileSync(join(folder, "bank-1.csv"), data);
  const other = join(folder, "other");
  const where = [
    "--coordinator",
    room.url,
    "--folder",
    other,
    "--token-file",
    tokenFile(folder, token),
    "--data",
    data,
  ];
  const init = ["agent", "init", ...where, "--ledger", ledgerPath(own())];
  expectOneLine(await cloister(...init), 3, "shares units", '--population "bank-1"');
  expect(await cloister(...init, "--population", "bank-1")).toMatchObject({ code: 0, errors: "" });
  const shown = await cloister("ledger", "show", "--folder", other);
  expect(shown.output).toContain("6 gradient, 1 evaluate");
});

test("a ledger that is changed stops its agent, which does not start again on it", async () => {
  const agent = room.agents.get("bank-1");
  const database = new DatabaseSync(ledgerPath(own()));
  database.exec(
    "UPDATE entry SET body = replace(body, '\"attempt\":', '\"attempt\": ') WHERE sequence = 10",
  );
  database.close();
  await startRun(room, training(40));
  expect(await agent?.ended).toBe(6);
  expect(agent?.errors).toContain("entry 10 was changed");
  expectOneLine(await cloister("ledger", "verify", "--folder", own()), 6, "entry 10 was changed");
  expectOneLine(await cloister("agent", "start", "--folder", own()), 6, "entry 10 was changed");
});
