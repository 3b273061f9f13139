/** A member's agent and the runs that are proposed to it: what it signs unseen, what it leaves to a person, what it refuses. */
import { expect, test } from "vitest";
import type { FromGate } from "../../agent/gate/messages.ts";
import { Member } from "../../agent/member.ts";
import type { MemberEvent } from "../../agent/member-events.ts";
import type { Proposal } from "../../agent/member-ports.ts";
import { badInput } from "../../shared/base/errors.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { type Decision, fromWire, isSignedDecision } from "../../shared/charter/decision.ts";
import { type Manifest, manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import { LocalPolicy } from "../../shared/charter/policy/local-policy.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { COORDINATOR_KEY, decisionOn, identityOf, signedManifest } from "../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const manifest = signedManifest(charter);
const runId = runIdOf(manifest);
const NOTHING_AGAINST: FromGate = { type: "judged", rulings: [] };
const BUDGET = { code: "budgetTooSmall", message: "the train budget does not suffice" };
const AGAINST: FromGate = {
  type: "judged",
  rulings: [{ rule: "the ledger can pay", verdict: "refuses", reasons: [BUDGET] }],
};

function openMember(policy: () => LocalPolicy, gate = NOTHING_AGAINST) {
  const sent: AgentMessage[] = [];
  const events: MemberEvent[] = [];
  const proposals = new Map<string, Proposal>();
  const decisions = new Map<string, Decision>();
  const closed: string[] = [];
  const asked: string[] = [];
  const member = new Member({
    memberId: "bank-1",
    charter,
    identity: identityOf("bank-1"),
    coordinatorKey: COORDINATOR_KEY,
    vault: {
      pinnedKeys: () => new Map(),
      pinKey: () => undefined,
      record: () => undefined,
      decisionOf: (id) => decisions.get(id) ?? null,
      saveProposal: (proposal) => proposals.set(proposal.runId, proposal),
      saveDecision: (decision) => decisions.set(decision.runId, decision),
      closeProposal: (id, code) => void closed.push(`${id} ${code}`),
    },
    clock: { nowMs: () => 5 },
    policy,
    gate: (message, answer) => {
      asked.push(message.type);
      answer(
        message.type === "assess"
          ? { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 }
          : gate,
      );
    },
    rng: reproducibleRng("member"),
    kem: null,
    send: (message) => void sent.push(message),
    report: (event) => void events.push(event),
  });
  const propose = (about: Manifest = manifest): void =>
    member.deliver({
      message: { type: "runProposed", runId: runIdOf(about), manifest: manifestText(about) },
      vector: new Uint8Array(),
    });
  const said = (): Decision[] =>
    sent.flatMap((message) => {
      if (message.type !== "runDecided") return [];
      const { type: _, runId: id, ...words } = message;
      return [fromWire(id, "bank-1", words)];
    });
  const offer = (given: readonly Decision[]): void => {
    const words = given.map(({ runId: _, signature, ...rest }) => ({
      ...rest,
      signature: new Uint8Array(Buffer.from(signature, "hex")),
    }));
    const text = manifestText(manifest);
    const message = { type: "runOffered", runId, manifest: text, decisions: words } as const;
    member.deliver({ message, vector: new Uint8Array() });
  };
  return { member, propose, offer, said, sent, events, proposals, decisions, closed, asked };
}

const policy = (rules: object) => (): LocalPolicy => LocalPolicy.parse({ version: 1, ...rules });

test("without rules of its own a member is asked, and nothing is said for it", () => {
  const { propose, said, events, proposals } = openMember(policy({}));
  propose();
  expect(said()).toEqual([]);
  expect(events).toMatchObject([{ type: "proposed", task: "train" }]);
  expect([...proposals.keys()]).toEqual([runId]);
});

test("within its own rules it approves, signed, once for all", () => {
  const { propose, said, decisions } = openMember(policy({ autoApprove: [{ epsilonMax: 1 }] }));
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
  const { propose, said } = openMember(policy({ autoApprove: [rule] }));
  propose();
  expect(said()).toEqual([]);
});

test("what its gate has against a run is told, signed, and is no word of its people", () => {
  const { propose, said, decisions, proposals } = openMember(
    policy({ autoApprove: [{}] }),
    AGAINST,
  );
  propose();
  expect(said()).toMatchObject([{ decision: "refused", reasons: [BUDGET] }]);
  expect(isSignedDecision(manifest, runId, said()[0] as Decision)).toBe(true);
  expect(decisions.size).toBe(0);
  expect(proposals.get(runId)?.reasons).toEqual([BUDGET]);
});

test("which of its own rules refuse a run stays with the member", () => {
  const { propose, said, events } = openMember(
    policy({ epsilonMax: 0.1, columnsRefused: ["hour"] }),
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
  const { propose, offer, said, sent, asked } = openMember(unreadable);
  propose();
  offer(memberIds(3).map((name) => decisionOn(manifest, name)));
  expect(said()).toMatchObject([{ decision: "refused", reasons: [{ code: "local" }] }]);
  expect(sent.at(-1)?.type).toBe("runDeclined");
  expect(JSON.stringify(sent)).not.toContain("secret");
  expect(asked).toEqual([]);
});

test("a person's word is passed on as it was signed, and a veto ends the run here", () => {
  const { member, propose, offer, said, sent, decisions, closed } = openMember(policy({}));
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
  const { offer, sent, asked } = openMember(policy({ autoApprove: [{}] }));
  offer(decisions);
  expect(sent.map(({ type }) => type)).toEqual(["runDeclined"]);
  expect(asked).toEqual([]);
});
