/**
 * Real processes: any member replays released rounds from what the coordinator keeps, finds whatever is
 * changed there, and proves with another member's transcript that the coordinator told them different things.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compare } from "../../agent/audit/compare.ts";
import { openOwnSide } from "../../agent/audit/own.ts";
import { type AuditedRound, auditRound } from "../../agent/audit/replay.ts";
import { enrol } from "../../agent/enrol.ts";
import { exportTranscript } from "../../agent/transcript.ts";
import { Vault } from "../../agent/vault.ts";
import { Store } from "../../coordinator/store.ts";
import type { Check } from "../../shared/audit/check.ts";
import { AuditRecord } from "../../shared/audit/record.ts";
import { signRequest } from "../../shared/audit/request.ts";
import { fromHex, toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { EXIT } from "../../shared/base/errors.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { HttpClient } from "../../shared/edge/http-client.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { entryStatement, type SignedEntry } from "../../shared/transcript/chain.ts";
import { fromText, TranscriptExport, toText } from "../../shared/transcript/export.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type RoomProcesses, Subprocess, startRoom, tokenFile } from "../support/processes.ts";
import { PATIENCE } from "../support/rooms.ts";

const DIMENSION = 200_000;
/** Of a probe's vector, in a ring of 24 bits; all that a member sends besides is far less. */
const UPLOAD_BYTES = 3 * DIMENSION;
const folder = mkdtempSync(join(tmpdir(), "cloister-audit-"));
const members = memberIds(4);
const LEFT_OVER = join(folder, "coordinator", "audit", "ab".repeat(32), "attempt-3.part");
let room: RoomProcesses;
/** A finished training run; and a probe in whose first round a member vanished in the middle of its upload. */
let trained = "";
let probed = "";

interface Line {
  readonly type: string;
  readonly round?: number;
  readonly loss?: number | null;
  readonly metrics?: object | null;
}
let trainedLines: Line[] = [];

beforeAll(async () => {
  const data = new Map<string, string>();
  for (const memberId of members) {
    const path = join(folder, `${memberId}.csv`);
    writeFileSync(path, smallTable(memberId, 40));
    data.set(memberId, path);
  }
  mkdirSync(dirname(LEFT_OVER), { recursive: true });
  writeFileSync(LEFT_OVER, "an attempt that a crash ended");
  const frail = data.get("bank-4") ?? "";
  data.delete("bank-4");
  room = await startRoom({ folder, charter: smallCharter(members), data, patience: PATIENCE });
  await startFrail("bank-4", frail);
  const train = {
    task: {
      kind: "train",
      model: { hidden: [] },
      scaling: "moments",
      strategy: { kind: "fedAvg", rounds: 1, learningRate: 0.05 },
      evaluation: { everyRounds: null, bins: 8 },
    },
    privacy: "none",
  };
  trained = await start(train);
  for await (const line of lines(trained)) trainedLines.push(line);
  trainedLines = trainedLines.filter(({ type }) => type === "roundReleased");
  const task = { kind: "probe", dimension: DIMENSION, rounds: 2 };
  probed = await start({ task, privacy: "none" });
  for await (const { type } of lines(probed)) expect(type).not.toBe("failed");
  // An agent may write its evidence a moment later than it acts.
  await written("bank-1", (entry) => entry.runId === probed && opens(entry, 2));
  await written("bank-4", (entry) => entry.runId === probed && opens(entry, 0));
  room.agents.get("bank-4")?.kill("SIGKILL");
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (plan: object): Promise<string> =>
  (await room.client.post<{ runId: string }>("/v1/runs", plan)).runId;
const lines = (runId: string): AsyncGenerator<Line> =>
  room.client.lines<Line>(`/v1/runs/${runId}/events`);

const opens = (entry: SignedEntry, round: number): boolean =>
  entry.kind === "roundOpened" && entry.round === round;

/** Resolves when the member's evidence holds an entry that `accept`s; the hook's own limit ends the wait. */
async function written(memberId: string, accept: (entry: SignedEntry) => boolean): Promise<void> {
  while (!openOwnSide(room.agentFolder(memberId), {}).entries.some(accept))
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Carries a member's bytes to the coordinator, and fails for good in the middle of its first long upload. */
async function frailLine(port: number): Promise<Server> {
  const line = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let sent = 0;
    near.on("data", (bytes) => {
      sent += bytes.length;
      if (sent < UPLOAD_BYTES / 2) return void far.write(bytes);
      line.close();
      near.destroy();
      far.destroy();
    });
    far.pipe(near);
    near.on("error", () => undefined).on("close", () => far.destroy());
    far.on("error", () => undefined).on("close", () => near.destroy());
  });
  return new Promise((resolve) => line.listen(0, "127.0.0.1", () => resolve(line)));
}

/** Enrols and starts a member whose line will break. */
async function startFrail(memberId: string, data: string): Promise<void> {
  const line = await frailLine(Number(new URL(baseUrl()).port));
  const address = line.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { token } = await room.client.post<{ token: string }>("/v1/invitations", { memberId });
  const where = ["--coordinator", `ws://127.0.0.1:${port}`, "--folder", room.agentFolder(memberId)];
  const init = await cloister(
    "agent",
    "init",
    ...where,
    "--token-file",
    tokenFile(room.folder, token),
    "--data",
    data,
  );
  expect(init.errors).toBe("");
  await room.startAgent(memberId);
}

interface Audited {
  readonly checks: readonly Check[];
  readonly round: AuditedRound | null;
}

/** As `cloister audit replay --folder` does, here to save a process. */
function replay(runId: string, round: number, memberId = "bank-1"): Promise<Audited> {
  const own = openOwnSide(room.agentFolder(memberId), {});
  return drain(auditRound({ run: runId, round, source: own.http, own }));
}

async function drain(audit: ReturnType<typeof auditRound>): Promise<Audited> {
  const checks: Check[] = [];
  for (;;) {
    const next = await audit.next();
    if (next.done) return { checks, round: next.value };
    checks.push(next.value);
  }
}

interface Ran {
  readonly code: number;
  readonly lines: readonly Record<string, unknown>[];
  readonly errors: string;
}

async function cloister(...args: string[]): Promise<Ran> {
  const child = new Subprocess(args);
  const seen: Record<string, unknown>[] = [];
  child.onLine((line) => seen.push(line));
  return { code: await child.ended, lines: seen, errors: child.errors };
}

/** Runs `body` while a file that the coordinator keeps is changed. */
async function whileChanged<T>(
  path: string,
  change: (bytes: Buffer) => Uint8Array,
  body: () => Promise<T>,
): Promise<T> {
  const before = readFileSync(path);
  writeFileSync(path, change(Buffer.from(before)));
  try {
    return await body();
  } finally {
    writeFileSync(path, before);
  }
}

const kept = (name: string): string => join(folder, "coordinator", "audit", probed, name);
const flipByte = (bytes: Buffer, at = 1000): Buffer => {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

test("a member replays every round of a training run and reads the coordinator's own figures in them", async () => {
  expect(trainedLines.map(({ round }) => round)).toEqual([0, 1, 2]);
  for (const { round = -1, loss, metrics } of trainedLines) {
    const { checks, round: audited } = await replay(trained, round);
    expect(checks.filter(({ status }) => status !== "holds")).toEqual([]);
    expect(checks.at(-1)?.name).toBe("evidence");
    if (round === 1) expect(audited?.reading.loss).toBe(loss);
    if (round === 2) expect(audited?.reading.metrics).toEqual(metrics);
  }
});

test("a round whose dropout left its masks behind opens, from the command line, to the released sum", async () => {
  const out = join(folder, "sum.bin");
  const {
    code,
    errors,
    lines: said,
  } = await cloister(
    ..."audit replay".split(" "),
    probed.slice(0, 8),
    "0",
    ..."--json --save".split(" "),
    out,
    "--folder",
    room.agentFolder("bank-2"),
  );
  expect(errors).toBe("");
  expect(code).toBe(0);
  const { type, survivors, cohort, resultHash } = said.at(-1) ?? {};
  expect([type, survivors, cohort]).toEqual(["replayed", 3, 4]);
  expect(said.filter(({ status }) => status === "holds")).toHaveLength(said.length - 1);
  const stored = JSON.parse(readFileSync(kept("0.json"), "utf8"));
  expect(AuditRecord.parse(stored.record).pairSeeds).toHaveLength(3);
  const saved = readFileSync(out);
  expect(saved).toHaveLength(4 * DIMENSION);
  expect(toHex(sha256(saved))).toBe(resultHash);
});

test("the operator replays without a folder, and is told what it cannot know", async () => {
  const { checks, round } = await drain(
    auditRound({ run: trained, round: 0, source: room.client, own: null }),
  );
  expect(round?.runId).toBe(trained);
  const unknown = checks.filter(({ status }) => status !== "holds").map(({ name }) => name);
  expect(unknown).toEqual(["coordinator"]);
});

test("one byte of a stored vector, of the prekeys or of the record is found, and the check is named", async () => {
  const args = ["audit", "replay", probed, "0", "--folder", room.agentFolder("bank-1")];
  // What came of the vector that was broken off is in the file too, and in no piece.
  const [piece] = JSON.parse(readFileSync(kept("0.json"), "utf8")).pieces;
  const inVector = (bytes: Buffer) => flipByte(bytes, piece.offset);
  const { code, errors } = await whileChanged(kept("0.bin"), inVector, () => cloister(...args));
  expect(code).toBe(EXIT.caught);
  expect(errors).toMatch(
    /^cloister: vectors FAILS: the stored vector of bank-\d is not the one whose hash it signed\. This accuses the coordinator\.\n$/,
  );
  const failing = async (): Promise<string | undefined> =>
    (await replay(probed, 0)).checks.find(({ status }) => status === "fails")?.name;
  const { batch } = AuditRecord.parse(JSON.parse(readFileSync(kept("0.json"), "utf8")).record);
  const prekeys = kept(`prekeys-${batch.firstAttempt}.bin`);
  expect(await whileChanged(prekeys, (bytes) => flipByte(bytes), failing)).toBe("prekeys");
  const inRecord = (pattern: RegExp) => (bytes: Buffer) =>
    Buffer.from(
      bytes
        .toString()
        .replace(pattern, (_, key: string, digit: string) => `${key}${digit === "0" ? "1" : "0"}`),
    );
  for (const [pattern, name] of [
    [/("seed":")(.)/, "seeds"],
    [/("inputHash":")(.)/, "signatures"],
    [/("resultHash":")(.)/, "result"],
    [/("headAfter":")(.)/, "history"],
  ] as const)
    expect(await whileChanged(kept("0.json"), inRecord(pattern), failing)).toBe(name);
  const garbage = () => Buffer.from("{");
  const unreadable = whileChanged(kept("0.json"), garbage, () => replay(probed, 0));
  await expect(unreadable).rejects.toThrow(/cannot be read/);
  expect((await replay(probed, 0)).round).not.toBeNull();
});

test("a coordinator that starts deletes what attempts under way had left behind", () => {
  expect(existsSync(dirname(LEFT_OVER))).toBe(true);
  expect(existsSync(LEFT_OVER)).toBe(false);
});

test("what is not there is refused in one line", async () => {
  await expect(replay(probed, 99)).rejects.toThrow(
    /^round 99 of run .* kept are rounds \d+ to \d+/,
  );
  await expect(replay("00ff00ff", 0)).rejects.toThrow(/^00ff00ff: no such run/);
});

test("nobody but members of the room and the operator reads a round, and members read nothing else", async () => {
  const { http } = openOwnSide(room.agentFolder("bank-1"), {});
  const refused = { exitCode: EXIT.refused };
  expect((await http.get<{ runId: string }[]>("/v1/runs")).map(({ runId }) => runId)).toEqual([
    trained,
    probed,
  ]);
  await expect(http.post("/v1/invitations", { memberId: "bank-1" })).rejects.toMatchObject(refused);
  await expect(http.get(`/v1/runs/${trained}/model`)).rejects.toMatchObject(refused);

  const stranger = identityFromSecret(randomBytes(reproducibleRng("stranger"), 32));
  const pose = (memberId: string): HttpClient => {
    const config = openOwnSide(room.agentFolder("bank-1"), {}).facts;
    const coordinatorKey = fromHex(config.coordinatorKey);
    const asker = { room: "test-room", memberId };
    const authorize = (method: string, path: string): string =>
      signRequest(stranger, { method, path, coordinatorKey }, asker, osClock.nowMs());
    return new HttpClient({ base: baseUrl(), authorize, remedy: "" });
  };
  for (const memberId of ["bank-1", "stranger"])
    for (const path of ["manifest", "rounds/0/audit", "rounds/0/prekeys", "rounds/0/audit/bank-2"])
      await expect(pose(memberId).bytes(`/v1/runs/${trained}/${path}`, 1)).rejects.toMatchObject(
        refused,
      );

  const guest = await enrolElsewhere();
  expect(await guest.get("/v1/runs")).toEqual([]);
  for (const path of ["manifest", "rounds/0/audit", "rounds/0/prekeys", "rounds/0/audit/bank-2"])
    await expect(guest.bytes(`/v1/runs/${trained}/${path}`, 1)).rejects.toThrow(/no such run/);
});

function baseUrl(): string {
  const vault = new Vault(room.agentFolder("bank-1"));
  const { coordinatorUrl } = vault.enrolment();
  vault.close();
  return coordinatorUrl.replace(/^ws/, "http");
}

/** A member of another room of the same coordinator. */
async function enrolElsewhere(): Promise<HttpClient> {
  const charter = { ...smallCharter(["guest-1", "guest-2", "guest-3"]), room: "other-room" };
  await room.client.post("/v1/rooms", charter);
  const invitation = { room: "other-room", memberId: "guest-1" };
  const { token } = await room.client.post<{ token: string }>("/v1/invitations", invitation);
  const own = join(folder, "guest-1");
  mkdirSync(own);
  const dataPath = join(folder, "bank-1.csv");
  const vault = new Vault(own);
  await enrol(vault, { url: baseUrl().replace(/^http/, "ws"), token, dataPath, folder: own });
  vault.close();
  return openOwnSide(own, {}).http;
}

test("two members' transcripts agree; a contradiction that the coordinator signs is proved", async () => {
  const args = ["agent", "transcript", "--json", "--folder", room.agentFolder("bank-1")];
  const one = TranscriptExport.parse((await cloister(...args)).lines[0]);
  const four = exportTranscript(openOwnSide(room.agentFolder("bank-4"), {}), "");
  expect(one.entries.length).toBeGreaterThan(four.entries.length);
  const write = (name: string, content: object): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const honest = [write("one.json", one), write("four.json", four)];

  const store = new Store(join(folder, "coordinator", "coordinator.db"), osClock);
  const coordinator = identityFromSecret(store.secret("identity", osRng));
  store.close();
  const entries = one.entries.map(fromText);
  const at = entries.findIndex((entry) => entry.kind === "roundOpened" && entry.round === 1);
  const [told] = entries.splice(at, 1);
  if (told?.kind !== "roundOpened") throw new Error("the member saw round 1");
  const other = { ...told, head: new Uint8Array(32) };
  const lie = toText({ ...other, signature: coordinator.sign(entryStatement(other)) });
  const lying = write("lie.json", { ...one, entries: [...entries.map(toText), lie] });
  const [consistent, caught] = await Promise.all([
    cloister("audit", "compare", ...honest, "--json"),
    cloister("audit", "compare", lying, honest[1] ?? "", "--json"),
  ]);
  expect(consistent).toMatchObject({ code: 0, errors: "" });
  expect(consistent.lines[0]).toMatchObject({ equivocations: [], unsigned: [] });
  expect(caught.code).toBe(EXIT.caught);
  expect(caught.errors.trim().split("\n")).toHaveLength(1);
  expect(caught.lines[0]?.["equivocations"]).toEqual([
    expect.objectContaining({ what: "twoHistories", first: lie, heldBy: [lying, honest[1]] }),
  ]);
  const notAnExport = { exitCode: EXIT.badInput, message: expect.stringContaining("sum.bin") };
  const wrong = [honest[0] ?? "", join(folder, "sum.bin")];
  expect(() => compare(wrong, {})).toThrow(expect.objectContaining(notAnExport));
});
