/** An `agent init` that broke off, at any of its steps, is finished by the same command in the same folder. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent } from "../../agent/agent.ts";
import { enrol } from "../../agent/enrol.ts";
import { invitationIn } from "../../agent/invitation.ts";
import { changed } from "../../agent/settings.ts";
import { Vault } from "../../agent/vault.ts";
import { CoordinatorConfig } from "../../coordinator/config.ts";
import { CoordinatorService } from "../../coordinator/service.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-init-"));
const dataPath = join(folder, "bank-1.csv");
let service: CoordinatorService;
let url: string;

beforeAll(async () => {
  const dataDir = join(folder, "coordinator");
  mkdirSync(dataDir);
  service = new CoordinatorService(CoordinatorConfig.parse({ listen: { port: 0 }, dataDir }));
  url = `ws://127.0.0.1:${await service.listen()}`;
  service.rooms.create(smallCharter(memberIds(3)));
  writeFileSync(dataPath, smallTable("bank-1", 40));
  writeFileSync(join(folder, "bad.csv"), "a,b\n1,2\n");
});

afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const invite = (): string => service.rooms.invite(undefined, "bank-1").token;

/** What a process does that begins, and then ends. @param spoil What goes wrong before its end. */
async function init(
  own: string,
  token: string,
  changes: { url?: string; dataPath?: string } = {},
  spoil: (vault: Vault) => void = () => undefined,
): Promise<void> {
  const vault = new Vault(own);
  spoil(vault);
  try {
    const address = { url, caPath: undefined, allowPlain: undefined, ...changes };
    await enrol(vault, { dataPath, ...address, token, folder: own });
    expect(vault.enrolment()).toMatchObject({ memberId: "bank-1" });
  } finally {
    vault.close();
  }
}

/** The process is gone after the coordinator has seated the member, and before the folder knows. */
const killed = (vault: Vault): void => {
  vault.saveEnrolment = () => {
    throw new Error("killed");
  };
};

test("after every step the same command finishes, with the same token and the same key", async () => {
  const own = join(folder, "own");
  const token = invite();
  await expect(init(own, token, { url: "ws://127.0.0.1:1" })).rejects.toThrow("cannot be reached");
  const begun = new Vault(own);
  const remedy = 'enrolment was not finished; run "cloister agent init" again in this folder';
  expect(() => begun.enrolment()).toThrow(remedy);
  begun.close();
  await expect(init(own, token, { dataPath: join(folder, "bad.csv") })).rejects.toThrow("bad.csv");
  expect(service.rooms.members("test-room")).toEqual([]);
  await expect(init(own, token, {}, killed)).rejects.toThrow("killed");
  const [seated] = service.rooms.members("test-room");
  await init(own, token);
  expect(service.rooms.members("test-room")).toEqual([seated]);
  // No other key has any use of the token.
  await expect(init(join(folder, "other"), token)).rejects.toThrow("was used already");
  expect(service.rooms.members("test-room")).toEqual([seated]);
});

test("an invitation comes from a file or the environment; as an argument with a warning; and no other secret passes for one", () => {
  const path = join(folder, "bank-1.token");
  writeFileSync(path, "abc.def\n");
  const before = process.env["CLOISTER_TOKEN"];
  try {
    delete process.env["CLOISTER_TOKEN"];
    expect(() => invitationIn({})).toThrow("no token: take what");
    process.env["CLOISTER_TOKEN"] = "en.v";
    expect(invitationIn({})).toBe("en.v");
    expect(invitationIn({ tokenFile: path })).toBe("abc.def");
    expect(invitationIn({ token: "a.b" })).toBe("a.b");
    expect(() => invitationIn({ token: "a.b", tokenFile: path })).toThrow("give one");
    // Somebody's access token: it is never repeated, and never sent.
    process.env["CLOISTER_TOKEN"] = "cloister_0123_secret";
    expect(() => invitationIn({})).toThrow(/^the token is none of an invitation; copy the whole/);
  } finally {
    if (before === undefined) delete process.env["CLOISTER_TOKEN"];
    else process.env["CLOISTER_TOKEN"] = before;
  }
});

test("a folder goes elsewhere with its ledger; a table or an address that moved is told to it, and nobody else's ledger", async () => {
  const ownFolder = join(folder, "before");
  // As somebody in another working directory, or on another machine, would find it.
  await init(relative(process.cwd(), ownFolder), invite());
  const moved = join(folder, "after");
  renameSync(ownFolder, moved);
  const elsewhere = join(folder, "Zahlungen März.csv");
  renameSync(dataPath, elsewhere);
  const start = () => startAgent({ folder: moved, onEvent: () => undefined });
  await expect(start()).rejects.toThrow("if it has moved: cloister agent settings --data FILE");
  const vault = new Vault(moved);
  try {
    const { enrolment, counts } = await changed(vault.enrolment(), {
      folder: moved,
      data: elsewhere,
    });
    expect(enrolment).toMatchObject({
      dataPath: elsewhere,
      population: "bank-1",
      coordinatorUrl: url,
    });
    expect(counts?.rowCount).toBe(40);
    vault.saveEnrolment(enrolment);
    const other = { folder: moved, ledger: join(folder, "own", "ledger.db") };
    await expect(changed(enrolment, other)).rejects.toThrow("not the ledger that this agent");
    const plain = { folder: moved, coordinator: "ws://198.51.100.7:1" };
    await expect(changed(enrolment, plain)).rejects.toThrow("refused, not encrypted");
    const inTls = { url: url.replace("ws:", "wss:"), token: "a.b", dataPath, folder: moved };
    await expect(enrol(vault, inTls)).rejects.toThrow("does not speak TLS");
  } finally {
    vault.close();
    renameSync(elsewhere, dataPath);
  }
}, 60_000);
