/** A coordinator that offers an old signed manifest again: what has ended here, or was left, is never taken up again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Member } from "../../agent/member.ts";
import { Vault } from "../../agent/vault.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { charterHash } from "../../shared/charter/charter.ts";
import { toWire } from "../../shared/charter/decision.ts";
import { manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import { signStatement } from "../../shared/charter/member-statement.ts";
import { NO_POLICY } from "../../shared/charter/policy/local-policy.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { entryStatement, firstHead } from "../../shared/transcript/chain.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { approvalsOf, identityOf, signedManifest } from "../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const coordinator = identityOf("coordinator");
const coordinatorKey = toHex(coordinator.publicKey);
const manifestOf = (nonce: string) => signedManifest(charter, { coordinatorKey, nonce });
const manifest = manifestOf("1".repeat(32));
const runId = runIdOf(manifest);

let folder = "";
let vault: Vault;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-replay-"));
  vault = new Vault(folder);
});
afterEach(() => {
  vault.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An agent's process: it remembers what is in the vault, and nothing else. */
function startMember() {
  const sent: AgentMessage[] = [];
  const asked: string[] = [];
  const member = new Member({
    memberId: "bank-1",
    charter,
    identity: identityOf("bank-1"),
    coordinatorKey,
    vault: {
      ...vault.facts,
      pinKey: (id, key) => vault.keys.pin(id, key),
      endRun: (id, why) => vault.endRun(id, why),
      record: () => undefined,
      decisionOf: (id) => vault.decisionOf(id),
      saveProposal: (proposal) => vault.saveProposal(proposal),
      saveDecision: (decision) => vault.saveDecision(decision),
      closeProposal: (id, code) => vault.closeProposal(id, code),
    },
    clock: { nowMs: () => 5 },
    policy: () => NO_POLICY,
    gate: ({ type }, answer) => {
      asked.push(type);
      answer({ type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 });
    },
    rng: reproducibleRng("member"),
    kem: null,
    send: (message) => void sent.push(message),
    report: () => undefined,
  });
  const hear = (message: CoordinatorMessage): AgentMessage | undefined => {
    member.deliver({ message, vector: new Uint8Array() });
    return sent.at(-1);
  };
  return { hear, asked };
}

function offer(about = manifest): CoordinatorMessage {
  const decisions = approvalsOf(about).map((decision) => {
    return { memberId: decision.memberId, ...toWire(decision) };
  });
  return { type: "runOffered", runId: runIdOf(about), manifest: manifestText(about), decisions };
}

/** That the run has ended before its first round. */
function end(by = coordinator): CoordinatorMessage {
  const said = { runId, round: 0, attempt: 0, head: firstHead(runId) };
  const entry = { kind: "roundOpened", askHash: new Uint8Array(32), ...said } as const;
  const signature = by.sign(entryStatement(entry));
  return { type: "runEnded", outcome: "failed", last: null, ...said, signature };
}

const OVER = { type: "runDeclined", reasons: [{ code: "runOver" }] };

test("a run that is not over may be offered again, as after a lost connection", () => {
  expect(startMember().hear(offer())).toMatchObject({ type: "runJoined" });
  expect(startMember().hear(offer())).toMatchObject({ type: "runJoined" });
});

test("a run that has ended is declined before the gate hears of it, by this process and by the next", () => {
  const { hear } = startMember();
  hear(offer());
  hear(end());
  expect(hear(offer())).toMatchObject(OVER);
  const next = startMember();
  expect(next.hear(offer())).toMatchObject(OVER);
  expect(next.asked).toEqual([]);
});

test("neither is it approved again, where it is proposed again", () => {
  const { hear } = startMember();
  hear(offer());
  hear(end());
  const proposed = { type: "runProposed", runId, manifest: manifestText(manifest) } as const;
  const answer = hear(proposed);
  expect(answer).toMatchObject({ type: "runDecided", decision: "refused" });
  expect(answer).toMatchObject({ reasons: [{ code: "runOver" }] });
});

test("a run that was left, because the coordinator was caught lying, stays left", () => {
  const { hear } = startMember();
  hear(offer());
  hear(end(identityOf("somebody")));
  expect(hear(offer())).toMatchObject(OVER);
  expect(startMember().hear(offer())).toMatchObject(OVER);
});

test("another run of the same members is another run", () => {
  const { hear } = startMember();
  hear(offer());
  hear(end());
  expect(hear(offer(manifestOf("2".repeat(32))))).toMatchObject({ type: "runJoined" });
});

test("after the member has left the room, nothing is taken up", () => {
  const { hear } = startMember();
  const about = { charterHash: charterHash(charter), memberId: "bank-1", atMs: 5 };
  vault.saveLeaving(signStatement({ kind: "left", reason: "sold", ...about }, coordinator));
  expect(hear(offer())).toMatchObject(OVER);
});

test("the end of a run that this agent is not in changes nothing", () => {
  startMember().hear(end());
  expect(vault.isOver(runId)).toBe(false);
});
