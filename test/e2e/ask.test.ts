/** `cloister ask` through the binary, in a room of processes: told before, asked, answered, and answered again for nothing. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Papa from "papaparse";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Charter } from "../../shared/charter/charter.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import { type RoomProcesses, startRoom } from "../support/processes.ts";
import { PATIENCE } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-ask-"));
const members = memberIds(3);
const charter = Charter.parse({
  ...smallCharter(members, { budget: { epsilon: 3, delta: 1e-5, rdpOrder: 32 } }),
  tasks: ["query", "probe"],
  columns: { channel: { group: true }, amount: { group: true } },
  receivers: { models: ["analyst"], metrics: ["analyst"] },
});
let room: RoomProcesses;

beforeAll(async () => {
  const data = new Map(members.map((memberId) => [memberId, join(folder, `${memberId}.csv`)]));
  for (const [memberId, path] of data) writeFileSync(path, smallTable(memberId, 60));
  room = await startRoom({ folder, charter, data, patience: PATIENCE });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (...args: string[]): Promise<Outcome> =>
  cloister("ask", ...args, "--config", room.configPath);
const rows = (): Record<string, string>[] =>
  members.flatMap(
    (memberId) =>
      Papa.parse<Record<string, string>>(smallTable(memberId, 60).trim(), { header: true }).data,
  );
const runs = async (): Promise<number> => (await room.client.get<unknown[]>("/v1/runs")).length;

test("an exact count is told before, asked, and printed as a table, CSV, JSON and a picture", async () => {
  const question = ["--count", "--by", "channel", "--where", "amount > 300", "--exact"];
  const svg = join(folder, "rows.svg");
  const asked = await ask(...question, "--svg", svg);
  expect(asked).toMatchObject({ code: 0 });
  expect(asked.errors).toMatch(
    /Asks +3 members for one secure sum[\s\S]*Costs +no budget[\s\S]*Run [0-9a-f]{12} is proposed/,
  );
  const truth = new Map<string, number>();
  for (const { channel = "", amount } of rows())
    if (Number(amount) > 300) truth.set(channel, (truth.get(channel) ?? 0) + 1);
  for (const [channel, count] of truth)
    expect(asked.output).toMatch(new RegExp(`^${channel} +${count}$`, "m"));
  expect(readFileSync(svg, "utf8")).toContain("</svg>");

  const runId = /Run ([0-9a-f]{12})/.exec(asked.errors)?.[1] ?? "";
  const config = ["--config", room.configPath];
  const csv = await cloister("run", "answer", runId, "--format", "csv", ...config);
  expect(csv.output).toBe(
    `channel,rows\r\nweb,${truth.get("web")}\r\nshop,${truth.get("shop")}\r\n(other),0\r\n`,
  );
  const json = JSON.parse((await cloister("run", "answer", runId, "--json", ...config)).output);
  expect(json).toMatchObject({ answer: { title: "Rows by channel", tables: [{ name: "rows" }] } });

  const before = await runs();
  const again = await ask(...question);
  expect(again.errors).toMatch(
    /The same was answered on .* \(run [0-9a-f]{12}\): given again at ε = 0/,
  );
  expect(again.output).toBe(asked.output);
  expect(await runs()).toBe(before);
  expect((await ask(...question, "--fresh")).errors).toContain("is proposed");
  expect(await runs()).toBe(before + 1);
});

test("a noised count has an interval, costs what was said before, and the rest of the budget is told", async () => {
  const question = ["--count", "--epsilon", "1.5"];
  const preview = await ask(...question, "--preview");
  expect(preview).toMatchObject({ code: 0, errors: "" });
  expect(preview.output).toMatch(
    /Costs +ε = 1.5 at δ = 0.00001; leaves (\d+\.\d) % .* of which 100.0 % are left now/,
  );
  const asked = await ask(...question, "--json");
  const { answer, epsilon, outlook } = JSON.parse(asked.output);
  expect([asked.code, asked.errors, epsilon]).toEqual([0, "", 1.5]);
  const [[cell]] = answer.tables[0].rows;
  expect((cell.high - cell.low) / 2).toBeCloseTo(1.959964 * outlook.question.stdDev, 4);
  expect(Math.abs(cell.value - rows().length)).toBeLessThan(6 * outlook.question.stdDev);
  const after = await ask("--count", "--epsilon", "0.5", "--preview", "--json");
  const { shares } = JSON.parse(after.output).outlook.cost;
  expect(shares.before).toBeCloseTo(outlook.cost.shares.after, 9);
});

test("a hopeless question is refused before anybody is asked, unless it is insisted on", async () => {
  const before = await runs();
  const edges = Array.from({ length: 40 }, (_, i) => 20 * (i + 1)).join(",");
  const question = ["--count", "--by", `amount at ${edges}`, "--epsilon", "0.25"];
  const refused = await ask(...question);
  expect(refused).toMatchObject({ code: 4, output: "" });
  expect(refused.errors).toContain("cloister: the answer would be hopeless: ± ");
  const costly = await ask("--count", "--epsilon", "3");
  expect(costly).toMatchObject({ code: 4, output: "" });
  expect(costly.errors).toContain("is more than is left of the charter's budget");
  expect(await runs()).toBe(before);
  expect((await ask(...question, "--anyway")).output).toContain("Rows by amount");
});

test("questions in files are asked too: the task alone, or a whole plan", async () => {
  const path = join(folder, "question.yaml");
  writeFileSync(path, "kind: query\nstatistic: { kind: count }\nby: [{ column: channel }]\n");
  const alone = await ask(path, "--exact");
  expect(alone.output).toContain("Rows by channel");
  const task = { kind: "query", statistic: { kind: "count" }, by: [{ column: "channel" }] };
  const plan = join(folder, "plan.json");
  writeFileSync(plan, JSON.stringify({ task, privacy: "none" }));
  expect((await ask(plan)).errors).toContain("given again"); // It is the same question.
  expectOneLine(await ask(plan, "--exact"), 2, "is a whole plan");
  writeFileSync(plan, JSON.stringify({ task: { ...task, sql: "DROP" }, privacy: "none" }));
  expectOneLine(await ask(plan), 3, "plan.json", '"sql"');
  writeFileSync(
    plan,
    JSON.stringify({ task: { kind: "probe", dimension: 8, rounds: 1 }, privacy: "none" }),
  );
  expectOneLine(await ask(plan), 3, "asks no question");
});

test("what makes no sense is refused in one line, before anything is asked", async () => {
  const before = await runs();
  const exact = (...args: string[]): Promise<Outcome> => ask("--count", "--exact", ...args);
  const tried = await Promise.all([
    exact("--where", "amout > 1"),
    exact("--where", "amount > 2000"),
    exact("--format", "xml"),
    ask("--count"),
  ]);
  const [unknown, outside, format, price] = tried;
  if (!unknown || !outside || !format || !price) throw new Error("all were tried");
  expectOneLine(unknown, 3, 'at character 1 ("amout > 1")', 'did you mean "amount"?');
  expectOneLine(outside, 3, "2000 is outside");
  expectOneLine(format, 3, "--format xml: unknown");
  expectOneLine(price, 2, "how much may it cost? --epsilon, from ", " up to 3, or --exact");
  expect(await runs()).toBe(before);
});

test("answers are for the charter's receivers of metrics, and a run without a question has none", async () => {
  const listed = await room.client.get<{ runId: string; task: string }[]>("/v1/runs");
  const answered = listed.find(({ task }) => task === "query")?.runId ?? "";
  const create = async (role: string, ...more: string[]): Promise<string> => {
    const who = ["--role", role, "--name", "Ada", ...more];
    const made = await cloister("token", "create", ...who, "--config", room.configPath);
    const path = join(folder, `${role}.token`);
    writeFileSync(path, made.output);
    return path;
  };
  const as = async (path: string): Promise<Outcome> =>
    cloister("run", "answer", answered, "--config", room.configPath, "--token-file", path);
  expect(await as(await create("analyst"))).toMatchObject({ code: 0, errors: "" });
  const admin = await as(await create("member-admin", "--member", "bank-1"));
  expectOneLine(admin, 4, "receiver of metrics");
  const { runId } = await room.client.post<{ runId: string }>("/v1/runs", {
    task: { kind: "probe", dimension: 8, rounds: 1 },
    privacy: "none",
  });
  const none = await cloister("run", "answer", runId, "--config", room.configPath);
  expectOneLine(none, 3, "asked no question");
  expect(existsSync(join(folder, "none.svg"))).toBe(false);
});
