/** Through the binary: whatever is wrong with a file, an argument or the other side, one clear line says what and where. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { memberIds, smallCharter } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import { type RoomProcesses, startRoom, tokenFile } from "../support/processes.ts";
import { probe } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-bad-"));
const charter = smallCharter(memberIds(3));
let room: RoomProcesses;

beforeAll(async () => {
  room = await startRoom({ folder: join(folder, "room"), charter, data: new Map() });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : stringify(content));
  return path;
}

test("charters that are wrong are refused by file and field, and no room is opened", async () => {
  const at = ["--config", room.configPath];
  const create = (path: string) => cloister("room", "create", "--charter", path, ...at);
  const [field, twice, exists] = await Promise.all([
    create(write("unknown.yaml", { ...charter, room: "other", surprise: 1 })),
    create(write("twice.yaml", "version: 1\nversion: 1\n")),
    create(write("again.yaml", charter)),
  ]);
  expectOneLine(field, 3, "unknown.yaml", '"surprise"', "remove it");
  expectOneLine(twice, 3, "twice.yaml: line 2");
  expectOneLine(exists, 3, '"test-room" exists already');
  const unknown = await cloister("room", "invite", "bank-1", "--room", "other", ...at);
  expectOneLine(unknown, 3, '"other" does not exist');
});

test("configurations that are wrong are refused by file and field, and leave nothing behind", async () => {
  const dataDir = join(folder, "never");
  const start = (name: string, more: object | string) => {
    const content = typeof more === "string" ? more : { listen: { port: 0 }, dataDir, ...more };
    return cloister("coordinator", "start", "--config", write(name, content));
  };
  const pem = join(folder, "none.pem");
  const [yaml, field, port, plain] = await Promise.all([
    start("broken.yaml", "listen: [1, {"),
    start("field.yaml", { surprise: 1 }),
    start("port.yaml", { listen: { port: 65_536 } }),
    start("file.yaml", { dataDir: room.configPath }),
  ]);
  expectOneLine(yaml, 3, "broken.yaml: line 1: not valid YAML");
  expectOneLine(field, 3, "field.yaml", '"surprise"');
  expectOneLine(port, 3, "port.yaml", '"listen.port"');
  expectOneLine(plain, 3, room.configPath, "folder");
  expect(existsSync(dataDir)).toBe(false);
  const tls = await start("tls.yaml", { tls: { certPath: pem, keyPath: pem } });
  expectOneLine(tls, 3, "none.pem: cannot be read");
});

test("a port in use, a coordinator that is dead and one of another key are told apart", async () => {
  const { port } = new URL(room.url);
  const busy = write("busy.yaml", {
    listen: { port: Number(port) },
    dataDir: join(folder, "busy"),
  });
  const dead = write("dead.yaml", {
    listen: { port: 1 },
    dataDir: join(folder, "room/coordinator"),
  });
  const init = (url: string, token: string, ...more: string[]) => {
    const where = ["--coordinator", url, "--folder", join(folder, "nobody")];
    return cloister(
      "agent",
      "init",
      ...where,
      "--token-file",
      tokenFile(folder, token),
      "--data",
      "x.csv",
      ...more,
    );
  };
  const [inUse, unreachable, initDead, impostor, noCa] = await Promise.all([
    cloister("coordinator", "start", "--config", busy),
    cloister("run", "list", "--config", dead),
    init("ws://127.0.0.1:1", "a.b"),
    init(room.url, `a.${"0".repeat(32)}`),
    init("wss://127.0.0.1:1", "a.b", "--ca", join(folder, "none.pem")),
  ]);
  expectOneLine(inUse, 1, port, "the port is in use");
  expectOneLine(unreachable, 5, "127.0.0.1:1", "does not answer");
  expectOneLine(initDead, 5, "ws://127.0.0.1:1", "cannot be reached");
  expectOneLine(impostor, 4, room.url, "not the one in the token");
  expectOneLine(noCa, 3, "none.pem: cannot be read");
});

test("plans that do not fit and runs that do not exist are refused", async () => {
  const at = ["--config", room.configPath];
  const [early, plan, model] = await Promise.all([
    cloister("run", "start", write("early.yaml", probe(1)), ...at),
    cloister("run", "start", write("plan.yaml", probe(0)), ...at),
    cloister("model", "export", "abc", "--out", join(folder, "export"), ...at),
  ]);
  expectOneLine(early, 3, "0 members are enrolled, the charter asks for 3");
  expectOneLine(plan, 3, "plan.yaml", '"task.rounds"');
  expectOneLine(model, 3, "abc: no such run");
  expect(existsSync(join(folder, "export"))).toBe(false);
});

test("wrong usage is one line too, in JSON for programs, with an exit code of its own", async () => {
  const [command, option, json, group] = await Promise.all([
    cloister("frobnicate"),
    cloister("score", "model.json"),
    cloister("run", "watch", "--json"),
    cloister("run"),
  ]);
  expectOneLine(command, 2, "unknown command 'frobnicate'; add --help");
  expectOneLine(option, 2, "--input");
  expect(json.code).toBe(2);
  expect(JSON.parse(json.errors)).toMatchObject({ error: { code: "commander.missingArgument" } });
  expect(group).toMatchObject({ code: 2, output: "" });
  expect(group.errors).toContain("Usage: cloister run");
});

test("random bytes from a stranger do not crash the coordinator", async () => {
  const { port } = new URL(room.url);
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.end(bytes));
      socket.on("error", () => resolve()).on("close", () => resolve());
      socket.resume();
    });
  for (let i = 1; i <= 20; i++) {
    await send(Uint8Array.from({ length: 37 * i }, (_, at) => (at * at * i * 31 + 7 * at) & 0xff));
  }
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
  expect(answer.status).toBe(200);
  expect(room.coordinator.errors).toBe("");
});
