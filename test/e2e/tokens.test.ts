/** Real processes: an analyst, an auditor and a member's admin work by tokens of their own, and lose them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { EXIT } from "../../shared/base/errors.ts";
import { memberIds } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import { type RoomProcesses, Subprocess } from "../support/processes.ts";
import { openRoom, probe } from "../support/rooms.ts";

vi.setConfig({ testTimeout: 60_000 }); // Several processes each.
const folder = mkdtempSync(join(tmpdir(), "cloister-people-"));
const file = (name: string): string => join(folder, name);
let room: RoomProcesses;
const tokens = new Map<string, string>();

beforeAll(async () => {
  room = await openRoom({ folder: file("room"), members: memberIds(3) });
  writeFileSync(file("plan.yaml"), stringify(probe(2)));
  const url = room.url.replace(/^ws/, "http");
  const people = [
    ["Ada", "--role", "analyst", "--days", "7"],
    ["Grace", "--role", "auditor", "--room", "test-room"],
    ["Mary", "--role", "member-admin", "--member", "bank-1"],
  ] as const;
  const give = async ([name, ...options]: (typeof people)[number]): Promise<void> => {
    const made = await operator("token", "create", "--name", name, ...options);
    expect(made).toMatchObject({ code: 0, errors: "" });
    tokens.set(name, made.output.trim());
    writeFileSync(file(`${name}.token`), made.output, { mode: 0o600 });
    writeFileSync(file(`${name}.yaml`), stringify({ url, tokenPath: file(`${name}.token`) }));
  };
  await Promise.all(people.map(give));
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const operator = (...args: string[]): Promise<Outcome> =>
  cloister(...args, "--config", room.configPath);
const as = (name: string, ...args: string[]): Promise<Outcome> =>
  cloister(...args, "--config", file(`${name}.yaml`));
const tokenOf = (name: string): string => tokens.get(name) ?? "";
const idOf = (name: string): string => tokenOf(name).split("_")[1] ?? "";

test("an analyst starts and watches a run, without the coordinator's folder, and the list says who it was", async () => {
  expect(tokenOf("Ada")).toMatch(/^cloister_[0-9a-f]{12}_[\w-]{43}$/);
  const started = await as("Ada", "run", "start", file("plan.yaml"));
  expect(started).toMatchObject({ code: 0, errors: "" });
  const runId = /^Run ([0-9a-f]{12})/.exec(started.output)?.[1] ?? "";
  const watched = await as("Ada", "run", "watch", runId);
  expect(watched).toMatchObject({ code: 0, errors: "" });
  expect(watched.output).toContain("The run is complete.");
  const line = `${runId}  test-room  probe  completed  2 rounds  by Ada (token ${idOf("Ada")})\n`;
  const lists = await Promise.all([as("Grace", "run", "list"), operator("run", "list")]);
  for (const list of lists) expect(list).toMatchObject({ code: 0, output: line });
  const [audited, exported, shown, other] = await Promise.all([
    as("Grace", "audit", "replay", runId, "0"),
    as("Ada", "model", "export", runId),
    as("Mary", "member", "show", "bank-1"),
    as("Mary", "member", "show", "bank-2"),
  ]);
  expect(audited).toMatchObject({ code: 0, errors: "" });
  expectOneLine(exported, EXIT.refused, "receiver");
  expect(shown.output).toMatch(/^bank-1 of room test-room: enrolled as \S+, connected\n/);
  expect(shown.output).toContain("asked in 2 of 2 rounds, in the sum of 2");
  expectOneLine(other, EXIT.refused, "bank-1 only");
});

test("what a role may not is refused in one line that says what it may", async () => {
  const [start, create, watch] = await Promise.all([
    as("Grace", "run", "start", file("plan.yaml")),
    as("Ada", "token", "create", "--role", "auditor", "--name", "x"),
    as("Mary", "run", "watch", "00"),
  ]);
  expectOneLine(start, EXIT.refused, "the role auditor may not start runs; it may list runs");
  expectOneLine(create, EXIT.refused, "may not create tokens");
  expectOneLine(watch, EXIT.refused, "may not watch runs");
});

test("the token comes from --token-file, then CLOISTER_TOKEN, then the configuration", async () => {
  const whoLists = async (environment: Record<string, string>, ...more: string[]) => {
    const child = new Subprocess(["token", "list", ...more], environment);
    await child.ended;
    return /the role (\S+) may not/.exec(child.errors)?.[1] ?? child.errors;
  };
  const own = ["--config", file("Mary.yaml")];
  const ada = { CLOISTER_TOKEN: tokenOf("Ada") };
  const asked = [
    whoLists({ CLOISTER_TOKEN: "" }, ...own),
    whoLists(ada, ...own),
    whoLists(ada, ...own, "--token-file", file("Grace.token")),
    whoLists(ada, "--config", room.configPath),
  ];
  expect(await Promise.all(asked)).toEqual(["member-admin", "analyst", "auditor", "analyst"]);
});

test("bad input to the operator's commands is told in one line", async () => {
  const create = ["token", "create", "--name", "x", "--role"];
  const [king, ten, stranger, nobody] = await Promise.all([
    operator(...create, "king"),
    operator(...create, "auditor", "--days", "ten"),
    operator(...create, "member-admin", "--member", "bank-9"),
    operator("token", "revoke", "00"),
  ]);
  expectOneLine(king, EXIT.badInput, "role");
  expectOneLine(ten, EXIT.badInput, "--days ten");
  expectOneLine(stranger, EXIT.badInput, "bank-9 is not among the members");
  expectOneLine(nobody, EXIT.badInput, "no token has this id");
});

test("a restart keeps tokens; a revoked one is refused; no file of the coordinator's holds one", async () => {
  const today = (): string => new Date().toISOString().slice(0, 10);
  const before = today();
  room.coordinator.kill();
  await room.coordinator.ended;
  await room.startCoordinator();
  expect((await as("Ada", "run", "list")).code).toBe(0);
  const revoked = await operator("token", "revoke", idOf("Ada"));
  expect(revoked.output).toBe(`Token ${idOf("Ada")} of Ada is revoked.\n`);
  const [refused, others, listed] = await Promise.all([
    as("Ada", "run", "list"),
    as("Grace", "run", "list"),
    operator("token", "list"),
  ]);
  expectOneLine(refused, EXIT.refused, "revoked");
  expect(others.code).toBe(0);
  const list = listed.output.trim().split("\n");
  expect(list).toHaveLength(3);
  const ada = list.find((line) => line.includes("Ada"));
  expect(ada).toMatch(new RegExp(`^${idOf("Ada")}  revoked  Ada  analyst  test-room  created`));
  expect(ada).toMatch(new RegExp(`last used (${before}|${today()})`));
  expect(list.join("\n")).toContain("active  Mary  member-admin of bank-1  test-room");

  const kept = readdirSync(file("room/coordinator"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  expect(kept.some((bytes) => bytes.includes(idOf("Ada")))).toBe(true);
  for (const token of tokens.values())
    for (const bytes of kept) expect(bytes.includes(token.slice(-43))).toBe(false);
  expect(room.coordinator.errors).toBe("");
});
