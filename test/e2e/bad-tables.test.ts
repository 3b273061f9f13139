/** Through the binary: tables, tokens and models that do not fit are refused in one line, and nothing comes of them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { architectureOf } from "../../models/engine/architecture.ts";
import { modelToJson } from "../../models/export/json.ts";
import { ModelSpec } from "../../shared/charter/model-spec.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import { type RoomProcesses, Subprocess, startRoom, tokenFile } from "../support/processes.ts";
import { probe, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-tables-"));
const charter = smallCharter(memberIds(3));
const table = smallTable("bank-1", 40);
let room: RoomProcesses;

beforeAll(async () => {
  room = await startRoom({ folder: join(folder, "room"), charter, data: new Map() });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The table with row 3 (line 4) changed. */
function withRow(change: (cells: string[]) => void): string {
  const lines = table.trim().split("\n");
  const cells = lines[3]?.split(",") ?? [];
  change(cells);
  lines[3] = cells.join(",");
  return lines.join("\n");
}

const invite = async (memberId: string): Promise<string> =>
  (await room.client.post<{ token: string }>("/v1/invitations", { memberId })).token;

function init(token: string, data: string, own: string): Promise<Outcome> {
  const where = ["--coordinator", room.url, "--folder", join(folder, own)];
  return cloister(
    "agent",
    "init",
    ...where,
    "--token-file",
    tokenFile(folder, token),
    "--data",
    data,
  );
}

/** More ways for a table to be wrong, and their codes, are in test/agent/data. */
const CASES: readonly (readonly [string, string, ...string[]])[] = [
  ["one-class.csv", table.replaceAll(/,0$/gm, ",1"), "all 40 labels are positive", "both classes"],
  ["no-label.csv", table.replace("label", "other"), "missing columns", '"label"'],
  ["text.csv", withRow((c) => c.splice(1, 1, "many")), 'row 3 (line 4), column "amount"', "number"],
  ["no-rows.csv", `${table.split("\n")[0]}\n`, "no rows"],
  ["few.csv", table.split("\n").slice(0, 9).join("\n"), "8 rows", "at least 10"],
];

test("tables that do not fit are refused by file, row and column, and enrol nobody", async () => {
  const token = await invite("bank-1");
  const refuse = async ([name, content, ...mentions]: (typeof CASES)[number]): Promise<void> => {
    const outcome = await init(token, write(name, content), `agent-${name}`);
    expectOneLine(outcome, 3, `${join(folder, name)}: `, ...mentions);
    expect(outcome.errors).not.toContain("many"); // A cell's content never reaches a terminal.
  };
  await Promise.all(CASES.map(refuse));
  const start = await cloister("agent", "start", "--folder", join(folder, "agent-text.csv"));
  expectOneLine(start, 3, "agent-text.csv", 'run "cloister agent init" again');
  await expect(startRun(room, probe(1))).rejects.toThrow("0 members are enrolled");
});

test("a token is good once, after any number of tables that did not fit", async () => {
  const token = await invite("bank-2");
  const [secret, coordinator] = token.split(".");
  expectOneLine(await init(token, write("bad.csv", "a,b\n1,2\n"), "own"), 3, "missing columns");
  const withMark = write("bom.csv", `\uFEFF${table}`);
  expect(await init(token, withMark, "own")).toMatchObject({ code: 0, errors: "" });
  const [used, wrong] = await Promise.all([
    init(token, withMark, "other"),
    init(`${secret?.split("").reverse().join("")}.${coordinator}`, withMark, "other-2"),
  ]);
  expectOneLine(used, 4, "the token was used already; ask for a new one");
  expectOneLine(wrong, 4, "the token is not known here; ask for a new one");
});

test("an agent whose table was spoilt says so; one whose coordinator is gone waits for it", async () => {
  const own = join(folder, "own"); // Enrolled above, with bom.csv.
  write(
    "bom.csv",
    withRow((cells) => cells.splice(1, 1, "many")),
  );
  expectOneLine(await cloister("agent", "start", "--folder", own), 3, "bom.csv: row 3 (line 4)");
  write("bom.csv", table);
  room.coordinator.kill("SIGKILL");
  await room.coordinator.ended;
  const agent = new Subprocess(["agent", "start", "--folder", own, "--json"]);
  const waiting = await agent.line(({ state }) => state === "waiting");
  expect(String(waiting["detail"])).toBe(
    `${room.url}: the coordinator cannot be reached: nothing listens there; is it running, and is the port right?`,
  );
  await room.startCoordinator();
  await agent.line(({ state }) => state === "connected");
  expect(agent.errors).toBe("");
  agent.kill();
  expect(await agent.ended).toBe(0);
});

function modelFile(): string {
  const spec = ModelSpec.parse({ hidden: [] });
  const { numberCount, paramCount } = architectureOf(charter.schema, spec);
  const scaling = new Float32Array(2 * numberCount).fill(1, numberCount);
  const params = new Float32Array(paramCount);
  return modelToJson({ schema: charter.schema, spec, scaling, params });
}

test("models that are garbage, cut or for other tables are refused by name, and score nothing", async () => {
  const rows = write("rows.csv", table);
  const model = write("model.json", modelFile());
  const input = (path: string): string[] => ["--input", path];
  const [garbage, cut, schema, row] = await Promise.all([
    cloister("score", write("garbage.json", "\u0000{{{"), ...input(rows)),
    cloister("score", write("cut.json", modelFile().slice(0, -100)), ...input(rows)),
    cloister("score", model, ...input(write("pets.csv", "cat,dog\n1,2\n"))),
    cloister(
      "score",
      model,
      ...input(
        write(
          "spoilt.csv",
          withRow((c) => c.splice(1, 1, "x")),
        ),
      ),
    ),
  ]);
  expectOneLine(garbage, 3, "garbage.json: ", "not JSON");
  expectOneLine(cut, 3, "cut.json: ", "cut short");
  expectOneLine(schema, 3, "pets.csv: missing columns", '"amount"', "model.json");
  expectOneLine(row, 3, "spoilt.csv: row 3 (line 4)");
});
