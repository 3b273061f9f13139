/** A coordinator that proves its key and then sends nonsense: the agent hangs up, comes back, and gives nothing away. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerPath } from "../../agent/places.ts";
import { toHex, utf8 } from "../../shared/base/bytes.ts";
import { toWire } from "../../shared/charter/decision.ts";
import { type Manifest, manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import { decode, encode } from "../../shared/protocol/codec.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { badFrames } from "../support/bad-frames.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { EMPTY_VECTOR, exampleMessages } from "../support/examples.ts";
import { type Caller, type FakeCoordinator, fakeCoordinator } from "../support/fake-coordinator.ts";
import { decisionOn, signedManifest } from "../support/manifests.ts";
import { Subprocess, tokenFile } from "../support/processes.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-liar-"));
const own = join(folder, "agent");
const dataPath = join(folder, "bank-1.csv");
const charter = smallCharter(memberIds(3));
let liar: FakeCoordinator;
let agent: Subprocess;

const init = (coordinator: FakeCoordinator, into: string): Subprocess => {
  const where = [
    "--coordinator",
    coordinator.url,
    "--token-file",
    tokenFile(folder, coordinator.token),
  ];
  return new Subprocess(["agent", "init", ...where, "--data", dataPath, "--folder", into]);
};

beforeAll(async () => {
  writeFileSync(dataPath, smallTable("bank-1", 40));
  liar = await fakeCoordinator(JSON.stringify(charter), "bank-1");
  expect(await init(liar, own).ended).toBe(0);
  agent = new Subprocess(["agent", "start", "--folder", own, "--json"]);
});

afterAll(async () => {
  agent.kill("SIGKILL");
  await agent.ended;
  liar.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ends a session as the agent must: by hanging up over a message that nobody knows. */
async function end(caller: Caller): Promise<void> {
  caller.send(caller.session.sendControl(encode({ type: "the end" })));
  expect(await caller.closed).toEqual({ code: 1002, reason: "unknownMessage" });
}

test("whatever the coordinator sends, the agent hangs up by code and connects again", async () => {
  for (const { what, code, frames } of badFrames(CoordinatorMessage)) {
    const caller = await liar.caller();
    caller.send(...frames(caller.session));
    const closing = await caller.closed;
    if (code === "frameTooLarge") expect([1006, 1009]).toContain(closing.code);
    else expect({ what, ...closing }).toEqual({ what, code: 1002, reason: code });
  }
});

test("a greeting that is no challenge is waited out", async () => {
  const caller = await liar.caller();
  for (const greeting of [utf8("garbage"), encode({ type: "enrolled" }), new Uint8Array(70_000)]) {
    liar.greetWith(greeting);
  }
  await end(caller);
  await end(await liar.caller());
});

/** A run among members that the coordinator has made up, and whose keys it has. */
function inventedRun(number: number): Manifest {
  const nonce = String(number).padStart(32, "0");
  const manifest = signedManifest(charter, { coordinatorKey: toHex(liar.publicKey), nonce });
  const { identityKey, signature } = liar.enrolment;
  const self = { identityKey: toHex(identityKey), enrolmentSignature: toHex(signature) };
  const roster = manifest.roster.map((member) =>
    member.memberId === "bank-1" ? { ...member, ...self } : member,
  );
  return { ...manifest, roster };
}

/** What the agent said in a session, by type, up to `last`. Chunks of vectors count as said. */
async function saidUntil(caller: Caller, last: string): Promise<string[]> {
  const said: string[] = [];
  while (said.at(-1) !== last) {
    const frame = await caller.next();
    if (frame[0] === 2) said.push("a chunk");
    if (frame[0] !== 1) continue;
    const decoded = decode(AgentMessage, frame.subarray(9), LIMITS.controlBytesMax);
    said.push(decoded.ok ? decoded.message.type : decoded.code);
  }
  return said;
}

test("valid messages of every kind at any time draw no vector and no debit out of a member of a run", async () => {
  // It has their keys, and they approve whatever it likes.
  const decisionsOn = (manifest: Manifest) =>
    ["bank-2", "bank-3"].map((name) => {
      const decision = decisionOn(manifest, name);
      return { memberId: name, ...toWire(decision) };
    });
  const caller = await liar.caller();
  const say = (message: object): void => caller.send(caller.session.sendControl(encode(message)));
  const said: string[] = [];
  say({ type: "roomExtended", from: 0, lines: "", size: 0 });
  let number = 0;
  for (const attempt of [0, 1, 2, 0xffff_ffff]) {
    for (const askKind of ["gradient", "evaluate", "x"]) {
      // A new one each time: what it left, an agent does not take up again.
      const manifest = inventedRun(number++);
      const runId = runIdOf(manifest);
      const decisions = decisionsOn(manifest);
      say({ type: "runOffered", runId, manifest: manifestText(manifest), decisions });
      said.push(...(await saidUntil(caller, "runJoined")));
      const given = { ...EMPTY_VECTOR, runId, attempt, askKind, memberId: "bank-1", of: "bank-2" };
      for (const message of exampleMessages(CoordinatorMessage, given)) {
        if (message.type !== "runOffered" && message.type !== "roomExtended") say(message);
      }
    }
  }
  const last = inventedRun(0);
  const again = { runId: runIdOf(last), decisions: decisionsOn(last) };
  say({ type: "runOffered", ...again, manifest: manifestText(last) });
  said.push(...(await saidUntil(caller, "runDeclined")));
  say({ type: "runOffered", ...again, manifest: "no manifest" });
  said.push(...(await saidUntil(caller, "runDeclined")));
  // Whoever makes up the room's history gets no part of the member in any run.
  say({ type: "roomExtended", from: 0, lines: "once upon a time\n", size: 1 });
  const fresh = inventedRun(number);
  const unheard = { runId: runIdOf(fresh), decisions: decisionsOn(fresh) };
  say({ type: "runOffered", ...unheard, manifest: manifestText(fresh) });
  expect(await saidUntil(caller, "runDeclined")).toEqual(["runDeclined"]);
  expect(said).not.toContain("a chunk");
  await end(caller);
  const database = new DatabaseSync(ledgerPath(own), { readOnly: true });
  expect(database.prepare("SELECT * FROM entry WHERE body ->> 'kind' = 'debit'").all()).toEqual([]);
  database.close();
});

test("after all that the same process is there, has complained of nothing, and ends politely", async () => {
  await end(await liar.caller());
  expect(agent.errors).toBe("");
  agent.kill();
  expect(await agent.ended).toBe(0);
});

test("a charter that is not one ends the enrolment in one line", async () => {
  for (const text of ["{", '{"version":1}']) {
    const other = await fakeCoordinator(text, "bank-1");
    const process = init(other, join(folder, "other"));
    expect(await process.ended).toBe(3);
    expect(process.errors).toMatch(/^cloister: ws:\/\/127\S+: the charter offered.*\n$/);
    other.close();
  }
});
