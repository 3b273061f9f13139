/** A member's agent and the runs that are proposed to it: what it signs unseen, what it leaves to a person, what it refuses. */
import { expect, test } from "vitest";
import type { FromGate } from "../../agent/gate/messages.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { badInput } from "../../shared/base/errors.ts";
import { charterHash } from "../../shared/charter/charter.ts";
import { type Decision, isSignedDecision } from "../../shared/charter/decision.ts";
import type { LocalPolicy } from "../../shared/charter/policy/local-policy.ts";
import { keysOf } from "../../shared/charter/roster.ts";
import { enrolmentStatement } from "../../shared/protocol/handshake.ts";
import { memberIds } from "../support/charters.ts";
import { LONE_CHARTER, LONE_RUN, loneMember, ownRules } from "../support/lone-member.ts";
import { decisionOn, identityOf, signedManifest } from "../support/manifests.ts";

const charter = LONE_CHARTER;
const { manifest, runId } = LONE_RUN;
const BUDGET = { code: "budgetTooSmall", message: "the train budget does not suffice" };
const AGAINST: FromGate = {
  type: "judged",
  rulings: [{ rule: "the ledger can pay", verdict: "refuses", reasons: [BUDGET] }],
};

test("without rules of its own a member is asked, and nothing is said for it", () => {
  const { propose, said, events, proposals } = loneMember(ownRules({}));
  propose();
  expect(said()).toEqual([]);
  expect(events).toMatchObject([{ type: "proposed", task: "train" }]);
  expect([...proposals.keys()]).toEqual([runId]);
});

test("within its own rules it approves, signed, once for all", () => {
  const { propose, said, decisions } = loneMember(ownRules({ autoApprove: [{ epsilonMax: 1 }] }));
  propose();
  propose();
  expect(said().map(({ decision }) => decision)).toEqual(["approved", "approved"]);
  expect(said()[0]).toEqual(said()[1]);
  for (const one of said()) expect(isSignedDecision(manifest, runId, one)).toBe(true);
  expect(decisions.get(runId)).toEqual(said()[0]);
});

test.each([
  ["a dearer run", { epsilonMax: 0.5 }],
  ["another task", { tasks: ["probe"] }],
  ["a run without a purpose", { purposes: ["fraud"] }],
  ["a longer run", { sumsMax: 2 }],
])("%s than its rules allow unseen is left to a person", (_, rule) => {
  const { propose, said } = loneMember(ownRules({ autoApprove: [rule] }));
  propose();
  expect(said()).toEqual([]);
});

test("what its gate has against a run is told, signed, and is no word of its people", () => {
  const { propose, said, decisions, proposals } = loneMember(
    ownRules({ autoApprove: [{}] }),
    () => AGAINST,
  );
  propose();
  expect(said()).toMatchObject([{ decision: "refused", reasons: [BUDGET] }]);
  expect(isSignedDecision(manifest, runId, said()[0] as Decision)).toBe(true);
  expect(decisions.size).toBe(0);
  expect(proposals.get(runId)?.reasons).toEqual([BUDGET]);
});

test("which of its own rules refuse a run stays with the member", () => {
  const { propose, said, events } = loneMember(
    ownRules({ epsilonMax: 0.1, columnsRefused: ["hour"] }),
  );
  propose();
  expect(said()).toMatchObject([{ decision: "refused", reasons: [{ code: "local" }] }]);
  expect(events).toMatchObject([
    { type: "refused", reasons: [{ code: "local.epsilon" }, { code: "local.column" }] },
  ]);
});

test("rules that cannot be read allow nothing, and their text goes nowhere", () => {
  const unreadable = (): LocalPolicy => {
    throw badInput("file.not-yaml", "/secret/place/policy.yaml: line 3");
  };
  const { propose, offer, said, sent, asked } = loneMember(unreadable);
  propose();
  offer(memberIds(3).map((name) => decisionOn(manifest, name)));
  expect(said()).toMatchObject([{ decision: "refused", reasons: [{ code: "local" }] }]);
  expect(sent.at(-1)?.type).toBe("runDeclined");
  expect(JSON.stringify(sent)).not.toContain("secret");
  expect(asked).toEqual([]);
});

test("a person's word is passed on as it was signed, and a veto ends the run here", () => {
  const { member, propose, offer, said, sent, decisions, closed } = loneMember(ownRules({}));
  propose();
  const approval = decisionOn(manifest, "bank-1");
  decisions.set(runId, approval);
  member.decided(approval);
  expect(said()).toEqual([approval]);
  offer(["bank-1", "bank-2"].map((name) => decisionOn(manifest, name)));
  expect(sent.at(-1)?.type).toBe("runJoined");
  const veto = decisionOn(manifest, "bank-1", "vetoed");
  decisions.set(runId, veto);
  member.decided(veto);
  offer(["bank-1", "bank-2"].map((name) => decisionOn(manifest, name)));
  expect(sent.at(-1)).toMatchObject({ type: "runDeclined", reasons: [{ code: "local" }] });
  member.deliver({
    message: { type: "proposalClosed", runId, code: "vetoed" },
    vector: new Uint8Array(),
  });
  expect(closed).toEqual([`${runId} vetoed`]);
});

test.each<[string, readonly Decision[]]>([
  ["nobody", []],
  ["one member", [decisionOn(manifest, "bank-2")]],
  ["one member twice", [decisionOn(manifest, "bank-2"), decisionOn(manifest, "bank-2")]],
  [
    "members who approved another run",
    ["bank-2", "bank-3"].map((name) =>
      decisionOn(signedManifest(charter, { nonce: "1".repeat(32) }), name),
    ),
  ],
  [
    "keys that the coordinator made",
    ["bank-2", "bank-3"].map((name) => decisionOn(manifest, name, "approved", identityOf("liar"))),
  ],
])("a run that %s signed is declined before the gate hears of it", (_, decisions) => {
  const { offer, sent, asked } = loneMember(ownRules({ autoApprove: [{}] }));
  offer(decisions);
  expect(sent.map(({ type }) => type)).toEqual(["runDeclined"]);
  expect(asked).toEqual([]);
});

test("members whom the coordinator invented and who approve everything move nobody who confirmed the roster", () => {
  const invented = identityOf("liar");
  const hash = charterHash(charter);
  const roster = manifest.roster.map((member) => {
    if (member.memberId === "bank-1") return member;
    const { memberId } = member;
    const signature = invented.sign(enrolmentStatement(hash, memberId, invented.publicKey));
    const identityKey = toHex(invented.publicKey);
    return { memberId, identityKey, enrolmentSignature: toHex(signature) };
  });
  const theirs = signedManifest(charter, { roster });
  const approve = ["bank-2", "bank-3"].map((name) =>
    decisionOn(theirs, name, "approved", invented),
  );
  const allows = ownRules({ autoApprove: [{}] });
  const trusting = loneMember(allows);
  trusting.offer(approve, theirs);
  expect(trusting.sent.map(({ type }) => type)).toEqual(["runJoined"]);
  const careful = loneMember(allows, undefined, undefined, keysOf(manifest.roster));
  careful.offer(approve, theirs);
  careful.propose(theirs);
  expect(careful.sent).toMatchObject([
    { type: "runDeclined", reasons: [{ code: "rosterNotConfirmed" }, {}] },
    { type: "runDecided", decision: "refused" },
  ]);
  expect(careful.asked).toEqual([]);
  careful.offer(["bank-2", "bank-3"].map((name) => decisionOn(manifest, name)));
  expect(careful.sent.at(-1)?.type).toBe("runJoined");
});
