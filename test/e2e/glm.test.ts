/** A regression asked of a room of processes: exact it is the tables' own fit; noised it has intervals; some have none. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Papa from "papaparse";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Charter } from "../../shared/charter/charter.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister, type Outcome } from "../support/command.ts";
import { referenceFit } from "../support/glm-reference.ts";
import { type RoomProcesses, startRoom } from "../support/processes.ts";
import { PATIENCE } from "../support/rooms.ts";

const ROWS = 100;
const folder = mkdtempSync(join(tmpdir(), "cloister-glm-"));
const members = memberIds(3);
const charter = Charter.parse({
  ...smallCharter(members, { budget: { epsilon: 30, delta: 1e-5, rdpOrder: 4 } }),
  tasks: ["glm"],
  columns: { channel: { group: true } },
  receivers: { models: ["analyst"], metrics: ["analyst"] },
});
let room: RoomProcesses;

beforeAll(async () => {
  const data = new Map(members.map((memberId) => [memberId, join(folder, `${memberId}.csv`)]));
  for (const [memberId, path] of data) writeFileSync(path, smallTable(memberId, ROWS));
  room = await startRoom({ folder, charter, data, patience: PATIENCE });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

function ask(task: object, ...args: string[]): Promise<Outcome> {
  const path = join(folder, "question.json");
  writeFileSync(path, JSON.stringify({ kind: "glm", ...task }));
  return cloister("ask", path, ...args, "--config", room.configPath);
}

const rows = members.flatMap(
  (memberId) =>
    Papa.parse<Record<string, string>>(smallTable(memberId, ROWS).trim(), { header: true }).data,
);

test("coefficients are those of all members' tables in one place", async () => {
  const asked = await ask(
    { family: "logistic", columns: ["hour", "channel"] },
    "--exact",
    "--json",
  );
  expect(asked).toMatchObject({ code: 0 });
  const [coefficients] = JSON.parse(asked.output).answer.tables;
  const x = rows.map(({ hour, channel }) => [1, Number(hour), channel === "shop" ? 1 : 0]);
  const { beta, standardErrors } = referenceFit(
    "logistic",
    x,
    rows.map(({ label }) => Number(label)),
  );
  const told = coefficients.rows.filter((row: unknown[]) => row[1] !== null);
  expect(told.map(([name]: [string]) => name)).toEqual(["(intercept)", "hour", "channel = shop"]);
  for (const [j, [, { value }, error]] of told.entries()) {
    expect(Math.abs(value - (beta[j] ?? 0))).toBeLessThan(1e-6);
    expect(Math.abs(error - (standardErrors[j] ?? 0))).toBeLessThan(1e-6);
  }
});

test("a noised regression costs what it says, and its interval is about the exact coefficient", async () => {
  const task = { family: "linear", target: "amount", columns: ["hour"], per: "halfRange" };
  const asked = await ask(task, "--epsilon", "25", "--json");
  expect(asked).toMatchObject({ code: 0 });
  const { answer, epsilon } = JSON.parse(asked.output);
  expect(epsilon).toBe(25);
  const [, [, , , , , slope]] = answer.tables[0].rows;
  const x = rows.map(({ hour }) => [1, Number(hour) / 12 - 1]);
  const { beta } = referenceFit(
    "linear",
    x,
    rows.map(({ amount }) => Number(amount) / 500 - 1),
  );
  // Three times as far as in 95 of 100 questions.
  const half = (3 * (slope.high - slope.low)) / 2;
  expect(half).toBeGreaterThan(0);
  expect(Math.abs(slope.value - (beta[1] ?? 0))).toBeLessThan(half);
});

test("a regression that has no finite answer ends with its cause", async () => {
  const asked = await ask({ family: "logistic", columns: ["amount"] }, "--exact");
  expect(asked.code).not.toBe(0);
  expect(asked.errors).toContain('glm.separation: Some rows are told apart perfectly by "amount"');
});
