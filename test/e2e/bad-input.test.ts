/** Through the binary: whatever is wrong with an input, one clear line says what and where, and nothing crashes. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { AdminClient } from "../../coordinator/client.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { Subprocess } from "../support/processes.ts";

const MAIN = fileURLToPath(new URL("../../bin/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cloister-bad-"));
const configPath = join(folder, "coordinator.yaml");
const charter = smallCharter(memberIds(3));
let coordinator: Subprocess;
let port = 0;
let client: AdminClient;

beforeAll(async () => {
  const config = (number: number): string =>
    stringify({ listen: { port: number }, dataDir: join(folder, "coordinator") });
  writeFileSync(configPath, config(0));
  coordinator = new Subprocess(["coordinator", "start", "--config", configPath, "--json"]);
  port = Number((await coordinator.line(({ type }) => type === "listening"))["port"]);
  writeFileSync(configPath, config(port));
  client = AdminClient.fromConfig(configPath);
  await client.post("/v1/rooms", charter);
}, 20_000);

afterAll(async () => {
  coordinator.kill();
  await coordinator.ended;
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly errors: string;
}

function cloister(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.once("close", (code) => resolve({ code, errors }));
  });
}

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function expectOneLine({ code, errors }: Outcome, ...mentions: string[]): void {
  expect(code).not.toBe(0);
  expect(errors).not.toMatch(/^ {4}at /m);
  expect(errors).not.toContain("internal error");
  expect(errors.trim().split("\n")).toHaveLength(1);
  for (const mention of mentions) expect(errors).toContain(mention);
}

const invite = async (): Promise<string> =>
  (await client.post<{ token: string }>("/v1/invitations", { memberId: "bank-1" })).token;

let folders = 0;
async function init(token: string, data: string): Promise<Outcome> {
  const own = join(folder, `agent-${++folders}`);
  mkdirSync(own);
  const url = `ws://127.0.0.1:${port}`;
  const where = ["--coordinator", url, "--folder", own];
  return cloister("agent", "init", ...where, "--token", token, "--data", data);
}

const table = smallTable("bank-1", 40);
const withRow = (change: (cells: string[]) => void): string => {
  const lines = table.trim().split("\n");
  const cells = lines[3]?.split(",") ?? [];
  change(cells);
  lines[3] = cells.join(",");
  return lines.join("\n");
};

test("charters and configurations that are wrong are refused by file and field", async () => {
  const unknown = write("unknown.yaml", stringify({ ...charter, surprise: 1 }));
  const notYaml = write("broken.yaml", "listen: [1, {");
  const dead = write(
    "dead.yaml",
    stringify({ listen: { port: 1 }, dataDir: join(folder, "coordinator") }),
  );
  const [field, yaml, busy, unreachable] = await Promise.all([
    cloister("room", "create", "--charter", unknown, "--config", configPath),
    cloister("coordinator", "start", "--config", notYaml),
    cloister("coordinator", "start", "--config", configPath),
    cloister("run", "list", "--config", dead),
  ]);
  expectOneLine(field, "unknown.yaml", "surprise");
  expectOneLine(yaml, "broken.yaml");
  expectOneLine(busy, "port is in use");
  expectOneLine(unreachable, "does not answer");
  expect(unreachable.code).toBe(5);
}, 20_000);

test("tables that do not fit are refused by file, and the token stays good until one fits", async () => {
  const token = await invite();
  const cases: [string, string, string][] = [
    ["no-label.csv", table.replace("label", "other"), "label"],
    ["text.csv", withRow((cells) => cells.splice(1, 1, "many")), "amount"],
    ["empty.csv", `${table.split("\n")[0]}\n`, "rows"],
  ];
  for (const [name, content, mention] of cases) {
    expectOneLine(await init(token, write(name, content)), name, mention);
  }
  expect(await init(token, write("bom.csv", `\uFEFF${table}`))).toEqual({ code: 0, errors: "" });
  expectOneLine(await init(token, write("good.csv", table)), "used already");
  const wrong = `${"0".repeat(32)}.${token.split(".")[1]}`;
  expectOneLine(await init(wrong, join(folder, "good.csv")), "token");
}, 20_000);

test("a model file that is garbage or of another shape is refused by name", async () => {
  const input = write("rows.csv", table);
  const [garbage, other] = await Promise.all([
    cloister("score", write("garbage.json", "\u0000{{{"), "--input", input),
    cloister("score", write("other.json", '{"format":"other"}'), "--input", input),
  ]);
  expectOneLine(garbage, "garbage.json");
  expectOneLine(other, "other.json");
}, 20_000);

test("random bytes from a stranger do not crash the coordinator", async () => {
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
      socket.on("error", () => resolve()).on("close", () => resolve());
      socket.resume();
    });
  for (let i = 1; i <= 20; i++) {
    await send(Uint8Array.from({ length: 37 * i }, (_, at) => (at * at * i * 31 + 7 * at) & 0xff));
  }
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
  expect(answer.status).toBe(200);
}, 20_000);
