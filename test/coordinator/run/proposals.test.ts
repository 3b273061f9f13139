/** What becomes of proposed runs: the coordinator's part, against a clock and a network of the test's own. */
import { expect, test } from "vitest";
import { foldRun, type RunEvent } from "../../../coordinator/run/events.ts";
import { Proposals } from "../../../coordinator/run/proposals.ts";
import { toHex } from "../../../shared/base/bytes.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import { type Decision, signDecision } from "../../../shared/charter/decision.ts";
import { runIdOf } from "../../../shared/charter/manifest.ts";
import type { CoordinatorMessage } from "../../../shared/protocol/messages.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { decisionOn, identityOf, signedManifest } from "../../support/manifests.ts";

function openRoom(changes: Partial<Charter> = {}) {
  const charter = { ...smallCharter(memberIds(3)), ...changes };
  const log: RunEvent[] = [];
  const sent: { to: string; message: CoordinatorMessage }[] = [];
  const clock = { now: 0, nowMs: () => clock.now };
  const proposals = new Proposals({
    clock,
    append: (event) => void log.push(event),
    send: (_, ids, message) => {
      for (const to of ids) sent.push({ to, message });
    },
  });
  return { charter, log, sent, clock, proposals };
}

const typesTo = (sent: { to: string; message: CoordinatorMessage }[], name: string): string[] =>
  sent.filter(({ to }) => to === name).map(({ message }) => message.type);

test("a proposal is put to every member, and begins with enough approvals", () => {
  const { charter, log, sent, proposals } = openRoom();
  const manifest = signedManifest(charter);
  const runId = proposals.propose(charter, manifest);
  expect(sent.map(({ to }) => to)).toEqual(memberIds(3));
  expect(proposals.takeApproved()).toBeNull();
  expect(proposals.decide(charter.room, decisionOn(manifest, "bank-1"))).toBeNull();
  expect(proposals.takeApproved()).toBeNull();
  proposals.decide(charter.room, decisionOn(manifest, "bank-3"));
  const begun = proposals.takeApproved();
  expect(begun).toMatchObject({
    runId,
    decisions: [{ memberId: "bank-1" }, { memberId: "bank-3" }],
  });
  expect(proposals.takeApproved()).toBeNull();
  expect(typesTo(sent, "bank-2")).toEqual(["runProposed", "proposalClosed"]);
  expect(foldRun(log)?.decisions).toHaveLength(2);
});

test("a signature of somebody else, and one over another run, count for nothing", () => {
  const { charter, log, proposals } = openRoom();
  const manifest = signedManifest(charter);
  proposals.propose(charter, manifest);
  const forged = { ...decisionOn(manifest, "bank-1"), memberId: "bank-2" };
  expect(proposals.decide(charter.room, forged)).toBe("badSignature");
  const other = signedManifest(charter, { nonce: "1".repeat(32) });
  const moved = { ...decisionOn(other, "bank-1"), runId: runIdOf(manifest) };
  expect(proposals.decide(charter.room, moved)).toBe("badSignature");
  expect(log.map(({ type }) => type)).toEqual(["created"]);
});

test("a veto ends it, also after approvals; the same word again changes nothing", () => {
  const { charter, log, sent, proposals } = openRoom();
  const manifest = signedManifest(charter);
  proposals.propose(charter, manifest);
  proposals.decide(charter.room, decisionOn(manifest, "bank-1"));
  proposals.decide(charter.room, decisionOn(manifest, "bank-1"));
  proposals.decide(charter.room, decisionOn(manifest, "bank-1", "vetoed"));
  expect(log.map(({ type }) => type)).toEqual(["created", "decided", "decided", "refused"]);
  proposals.decide(charter.room, decisionOn(manifest, "bank-2"));
  expect(proposals.takeApproved()).toBeNull();
  expect(sent.at(-1)?.message).toMatchObject({ type: "proposalClosed", code: "vetoed" });
});

test("a refusal of an agent is kept and shown, and ends nothing", () => {
  const { charter, proposals } = openRoom();
  const manifest = signedManifest(charter);
  proposals.propose(charter, manifest);
  proposals.decide(charter.room, decisionOn(manifest, "bank-3", "refused"));
  for (const name of ["bank-1", "bank-2"])
    proposals.decide(charter.room, decisionOn(manifest, name));
  expect(proposals.takeApproved()?.decisions).toHaveLength(3);
});

test("a proposal expires, can be taken back once, and waits for the charter's hours", () => {
  const hours = { from: "08:00", to: "09:00" };
  const { charter, clock, log, proposals } = openRoom({ hours });
  const approve = (nonce: string, expiresAtMs: number): string => {
    const manifest = signedManifest(charter, { nonce: nonce.repeat(32), expiresAtMs });
    const runId = proposals.propose(charter, manifest);
    for (const name of memberIds(2)) proposals.decide(charter.room, decisionOn(manifest, name));
    return runId;
  };
  const late = approve("1", 3_600_000);
  const gone = approve("2", 36_000_000);
  const kept = approve("3", 36_000_000);
  expect(proposals.takeApproved()).toBeNull();
  proposals.cancel(gone);
  expect(() => proposals.cancel(gone)).toThrow("begun or was refused");
  clock.now = 8 * 3_600_000;
  expect(proposals.takeApproved()?.runId).toBe(kept);
  const refused = log.flatMap((event) =>
    event.type === "refused" ? [[event.runId, event.code]] : [],
  );
  expect(refused).toEqual([
    [gone, "cancelled"],
    [late, "expired"],
  ]);
});

test("a room where a run is under way waits, and another does not", () => {
  const { charter, proposals } = openRoom();
  const manifest = signedManifest(charter);
  const runId = proposals.propose(charter, manifest);
  for (const name of memberIds(2)) proposals.decide(charter.room, decisionOn(manifest, name));
  expect(proposals.takeApproved(new Set([charter.room]))).toBeNull();
  expect(proposals.takeApproved(new Set(["elsewhere"]))?.runId).toBe(runId);
});

test("a member that connects anew is asked again; one that is in no roster is not", () => {
  const { charter, sent, proposals } = openRoom();
  proposals.propose(charter, signedManifest(charter));
  sent.length = 0;
  proposals.connected(charter.room, "bank-2");
  proposals.connected(charter.room, "bank-9");
  proposals.connected("elsewhere", "bank-1");
  expect(sent.map(({ to }) => to)).toEqual(["bank-2"]);
});

test("a member that signs the same words over and over, at ever other times, does not fill the log", () => {
  const { charter, log, proposals } = openRoom();
  const manifest = signedManifest(charter);
  const runId = proposals.propose(charter, manifest);
  const say = (decision: Decision["decision"], atMs: number): void => {
    const said = { runId, memberId: "bank-1", decision, reasons: [], atMs };
    proposals.decide(charter.room, signDecision(said, identityOf("bank-1")));
  };
  for (let i = 0; i < 20; i++) say("refused", i);
  for (let i = 0; i < 20; i++) say("approved", i);
  say("refused", 99);
  expect(foldRun(log)?.decisions).toMatchObject([{ decision: "approved", atMs: 0 }]);
  for (let i = 0; i < 20; i++) say("vetoed", i);
  expect(log.map(({ type }) => type)).toEqual(["created", ...Array(3).fill("decided"), "refused"]);
});

test("what lists a key that is gone will never be a run; what does not, and other rooms', stay", () => {
  const { charter, log, sent, proposals } = openRoom();
  const listing = proposals.propose(charter, signedManifest(charter));
  const roster = signedManifest(charter).roster.slice(0, 2);
  const other = { ...signedManifest(charter), roster, nonce: "1".repeat(32) };
  proposals.propose(charter, other);
  const key = toHex(identityOf("bank-3").publicKey);
  proposals.keyGone("elsewhere", key);
  expect(log.map(({ type }) => type)).toEqual(["created", "created"]);
  proposals.keyGone(charter.room, key);
  expect(log.slice(2)).toMatchObject([{ type: "refused", runId: listing, code: "cancelled" }]);
  expect(sent.at(-1)?.message).toMatchObject({ type: "proposalClosed", runId: listing });
});
