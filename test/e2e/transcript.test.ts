/**
 * Real processes: a room's history at every member, through a coordinator and an agent that are killed; checked, and
 * handed out as a regulator's pack, by the commands that a person would use; and whatever is done to a copy is found.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyPath } from "../../agent/transcript-copy.ts";
import { EXIT } from "../../shared/base/errors.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import { verifyRoom } from "../../shared/transcript/room/verify.ts";
import { memberIds } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { eventsOf, settled } from "../support/room-copies.ts";
import { follow, openRoom, probe, startRun, until } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-history-"));
const members = memberIds(4);
const NOBODY = { coordinatorKey: null, memberKeys: new Map(), heads: new Map() };
const PACK = join(folder, "pack.jsonl");
let room: RoomProcesses;
let trained = "";
let probed = "";

const pathOf = (memberId: string): string => copyPath(room.agentFolder(memberId));
const copyOf = (memberId: string): Uint8Array => readFileSync(pathOf(memberId));

beforeAll(async () => {
  room = await openRoom({ folder, members });
  const train = {
    task: {
      kind: "train",
      model: { hidden: [] },
      scaling: "bounds",
      strategy: {
        kind: "dpSgd",
        rounds: 2,
        samplingProbability: 0.5,
        clipNorm: 1,
        learningRate: 0.1,
      },
      evaluation: { everyRounds: null, bins: 8 },
    },
    privacy: { epsilon: 2 },
  };
  trained = await startRun(room, train);
  await follow(room, trained);
  probed = await startRun(room, probe(40, 50_000)); // Of rounds long enough that it is not over when the kill comes.
  await follow(room, probed, ({ round, type }) =>
    type === "roundReleased" && (round ?? 0) >= 5 ? "stop" : undefined,
  );
  room.agents.get("bank-2")?.kill("SIGKILL");
  room.coordinator.kill("SIGKILL");
  await room.coordinator.ended;
  await room.startCoordinator();
  await room.startAgent("bank-2");
  await follow(room, probed);
  const isEnd = (e: RoomEvent): boolean => e.type === "runEnded" && e.runId === probed;
  await settled(room, isEnd, members);
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

test("every member's own copy holds, from the command line, and says what happened and who signed", async () => {
  for (const memberId of members) {
    const said = await cloister("audit", "verify", "--folder", room.agentFolder(memberId));
    expect(said).toMatchObject({ code: EXIT.ok, errors: "" });
    expect(said.output).toContain(`Run ${trained.slice(0, 12)}  train  completed, 3 rounds`);
    expect(said.output).toContain(`Run ${probed.slice(0, 12)}  probe  completed, 40 rounds`);
    expect(said.output).not.toContain("Look into");
    for (const other of members)
      expect(said.output).toMatch(new RegExp(`Member ${other} .* has signed for \\d+ entries`));
  }
  const told = eventsOf(copyOf("bank-1"));
  for (const runId of [trained, probed])
    expect(told.some((event) => event.type === "runDecided" && event.runId === runId)).toBe(true);
  expect(told.some((event) => event.type === "attemptAborted")).toBe(true);
});

test("a pack, with two members' ledgers, verifies with nothing else at hand", async () => {
  const extracts: string[] = [];
  for (const memberId of ["bank-1", "bank-3"]) {
    const out = join(folder, `${memberId}-ledger.jsonl`);
    const place = ["--folder", room.agentFolder(memberId), "--out", out];
    expect((await cloister("ledger", "extract", ...place)).code).toBe(EXIT.ok);
    extracts.push(out);
  }
  const place = ["--folder", room.agentFolder("bank-1"), "--out", PACK];
  const made = await cloister("audit", "export", "--room", ...place, "--ledger", ...extracts);
  expect(made).toMatchObject({ code: EXIT.ok, errors: "" });
  const said = await cloister("audit", "verify", PACK);
  expect(said).toMatchObject({ code: EXIT.ok, errors: "" });
  expect(said.output).toMatch(/model card [0-9a-f]{16}… {2}is here, and is that one/);
  expect(said.output).toMatch(/privacy statement [0-9a-f]{16}… {2}is here, and is that one/);
  for (const memberId of ["bank-1", "bank-3"])
    expect(said.output).toContain(`Ledger of ${memberId}`);
});

test("the operator exports one run, and the coordinator's fingerprint is asked for", async () => {
  const out = join(folder, "run.jsonl");
  const made = await cloister(
    ..."audit export".split(" "),
    trained.slice(0, 12),
    "--config",
    room.configPath,
    "--out",
    out,
    "--json",
  );
  expect(made).toMatchObject({ code: EXIT.ok, errors: "" });
  expect(JSON.parse(made.output)).toMatchObject({ type: "exported", documents: 2 });
  const said = JSON.parse((await cloister("audit", "verify", out, "--json")).output);
  expect(said).toMatchObject({ type: "holds", documents: [{ kind: "modelCard" }, {}] });
  const other = await cloister("audit", "verify", out, "--coordinator", "00".repeat(16));
  expectOneLine(other, EXIT.caught, "and not by 00000000");
});

test("a byte of the pack, wherever, is found", async () => {
  const pack = readFileSync(PACK);
  const step = Math.ceil(pack.length / 120);
  for (let at = 7; at < pack.length; at += step) {
    const changed = Uint8Array.from(pack);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(verifyRoom(changed, NOBODY).type, `byte ${at}`).toBe("fails");
  }
  const path = join(folder, "changed.jsonl");
  writeFileSync(path, pack.toString("utf8").replace('"round":3,', '"round":4,'));
  const said = await cloister("audit", "verify", path);
  expectOneLine(said, EXIT.caught, ": its hash is not that of what it says");
  expect(said.errors).toMatch(/entry \d+ \(line \d+\)/);
});

test("a copy that was set back is found by the folder that signed for more, and the agent mends it", async () => {
  const own = room.agentFolder("bank-4");
  const agent = room.agents.get("bank-4");
  agent?.kill();
  await agent?.ended;
  const whole = copyOf("bank-4");
  const lines = new TextDecoder().decode(whole).split("\n");
  const firstHead = lines.findIndex((line) => line.includes('"size"') && !line.includes('"body"'));
  writeFileSync(pathOf("bank-4"), `${lines.slice(0, firstHead + 1).join("\n")}\n`);
  expect((await cloister("audit", "verify", pathOf("bank-4"))).code).toBe(EXIT.ok);
  const said = await cloister("audit", "verify", "--folder", own);
  expectOneLine(said, EXIT.caught, "entries were signed for before");
  await room.startAgent("bank-4");
  // Anew it comes in fewer pieces: with the same entries, and fewer heads.
  await until(() => eventsOf(copyOf("bank-4")).length >= eventsOf(whole).length);
  expect((await cloister("audit", "verify", "--folder", own)).code).toBe(EXIT.ok);
});

test("what cannot be exported or verified is said in one line", async () => {
  const own = ["--folder", room.agentFolder("bank-1")];
  expectOneLine(await cloister("audit", "export", ...own), EXIT.badInput, "name one run");
  expectOneLine(await cloister("audit", "export", "ff", ...own), EXIT.badInput, "0 runs");
  const noLedger = await cloister("audit", "export", "--room", "--ledger", PACK, ...own);
  expectOneLine(noLedger, EXIT.badInput, "ledger extract");
  expectOneLine(
    await cloister("audit", "verify", join(folder, "none.jsonl")),
    EXIT.badInput,
    "none.jsonl",
  );
  const empty = join(folder, "empty.jsonl");
  writeFileSync(empty, "");
  expectOneLine(await cloister("audit", "verify", empty), EXIT.caught, "there is no signed head");
});
