/** An exact matching asked of a room of processes: right to the unit; and ended, by name, when an agent is killed in it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Charter } from "../../shared/charter/charter.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { cloister, type Outcome } from "../support/command.ts";
import { plainCounts } from "../support/matching.ts";
import { type RoomProcesses, startRoom } from "../support/processes.ts";
import { PATIENCE } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-match-"));
const members = memberIds(3);
const base = smallCharter(members);
const charter = Charter.parse({
  ...base,
  schema: {
    ...base.schema,
    identifiers: [
      { name: "mail", type: "email" },
      { name: "alias", type: "text" },
    ],
  },
  columns: { mail: { join: true } },
  tasks: ["match", "probe"],
  receivers: { models: ["analyst"], metrics: ["analyst"] },
});
/** Of numbers from … to. The first and the third share ten that the second has not: fewer would be held back. */
const SETS = [
  [[0, 1200]],
  [[700, 1750]],
  [
    [1100, 2290],
    [0, 10],
  ],
].map((ranges) =>
  ranges.flatMap(([from = 0, to = 0]) => Array.from({ length: to - from }, (_, i) => from + i)),
);
const task = { kind: "match", column: "mail", setSize: 1300 };
let room: RoomProcesses;

/** Each member spells addresses in another way. */
function table(member: number): string {
  const spelled = (n: number): string =>
    member === 1 ? `Customer.${n}@EXAMPLE.com ` : `customer.${n}@example.com`;
  const rows = (SETS[member] ?? []).map(
    (n) => `${members[member]}-${n},5,${n % 24},web,${n % 2},${spelled(n)},x`,
  );
  return `customer,amount,hour,channel,label,mail,alias\n${rows.join("\n")}\n`;
}

beforeAll(async () => {
  const data = new Map(members.map((memberId) => [memberId, join(folder, `${memberId}.csv`)]));
  for (const [i, path] of [...data.values()].entries()) writeFileSync(path, table(i));
  room = await startRoom({ folder, charter, data, patience: { ...PATIENCE, stepSeconds: 2 } });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

function ask(changes: object = {}, ...args: string[]): Promise<Outcome> {
  const path = join(folder, "match.yaml");
  writeFileSync(path, JSON.stringify({ ...task, ...changes }));
  return cloister("ask", path, "--exact", ...args, "--config", room.configPath);
}

test("counts are right to the unit, whatever the spelling", async () => {
  const asked = await ask({}, "--json");
  expect(asked).toMatchObject({ code: 0 });
  const { answer, outlook } = JSON.parse(asked.output);
  expect(outlook).toMatchObject({ rounds: 0, cost: null });
  const [byMembers, inCommon] = answer.tables;
  const truth = plainCounts(SETS.map((set) => set.map(String)));
  expect(byMembers.rows).toEqual(truth.byMembers.map((count, k) => [k + 1, count]));
  const off = (i: number, j: number) => (i === j ? null : truth.pairs[i]?.[j]);
  expect(inCommon.rows).toEqual(members.map((name, i) => [name, ...SETS.map((_, j) => off(i, j))]));
});

test("with noise counts are nearly right, ledgers are charged, and what it costs and promises is said", async () => {
  const path = join(folder, "noised.yaml");
  writeFileSync(path, JSON.stringify(task));
  const asked = await cloister(
    "ask",
    path,
    "--epsilon",
    "3",
    "--json",
    "--config",
    room.configPath,
  );
  expect(asked).toMatchObject({ code: 0 });
  const { answer, outlook } = JSON.parse(asked.output);
  expect(outlook).toMatchObject({ cost: { epsilon: 3, shares: { before: 0, fits: true } } });
  // 72 decoys in each of four pools: half of their coins come up, give or take 8.5.
  expect(outlook.question).toMatchObject({ stdDev: Math.sqrt(72), verdict: "good" });
  const truth = plainCounts(SETS.map((set) => set.map(String)));
  for (const [i, [, ...row]] of answer.tables[1].rows.entries())
    for (const [j, cell] of row.entries()) {
      if (i === j) continue;
      expect(cell.high - cell.low).toBeLessThan(40);
      expect(Math.abs(cell.value - (truth.pairs[i]?.[j] ?? 0))).toBeLessThan(
        6 * outlook.question.stdDev,
      );
    }
  const spent = await cloister("ledger", "show", "--folder", join(folder, "bank-1"));
  expect(spent.output).toMatch(/1 match {2}[\d. ]+% of the budget/);
});

test("a charter that does not let customers be matched by a column refuses it, with the code", async () => {
  const asked = await ask({ column: "alias" });
  expect(asked.code).not.toBe(0);
  expect(asked.errors).toContain("columnNotAKey");
});

test("an agent that is killed in the middle ends it by its name, and the others stay well", async () => {
  const killed = room.agents.get("bank-2");
  // It masks its own set first: then it is in the middle, of a set so long that it is not over when the kill comes.
  killed?.onLine(({ type }) => type === "matching" && killed.kill("SIGKILL"));
  const asked = await ask({ setSize: 4_000 }, "--fresh");
  expect(asked.code).not.toBe(0);
  expect(asked.errors).toContain("memberLeft (bank-2)");
  await killed?.ended;
  await room.startAgent("bank-2");
  const again = await ask({}, "--fresh", "--json");
  expect(again).toMatchObject({ code: 0 });
});
