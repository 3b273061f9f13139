/**
 * A coordinator that is an attacker, against one agent alone: whatever it offers that the members did not sign, its
 * gate hears nothing of it. The attacks are those of the list, by name.
 */
import { expect, test } from "vitest";
import { toHex } from "../../shared/base/bytes.ts";
import { DAY_MS } from "../../shared/base/calendar.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Decision } from "../../shared/charter/decision.ts";
import { type Manifest, manifestText, parseManifest } from "../../shared/charter/manifest.ts";
import { AgentMessage, Reason } from "../../shared/protocol/messages.ts";
import { LONE_CHARTER, LONE_RUN, loneMember, ownRules } from "../support/lone-member.ts";
import {
  approvalsOf,
  decisionOn,
  enrolled,
  identityOf,
  PRIVACY,
  signedManifest,
} from "../support/manifests.ts";

const { manifest, runId } = LONE_RUN;
const made = (changes: Partial<Manifest>): Manifest => signedManifest(LONE_CHARTER, changes);
const ofCharter = (changes: Partial<Charter>): Manifest =>
  signedManifest({ ...LONE_CHARTER, ...changes });
const others = ["bank-2", "bank-3"];

type Opened = ReturnType<typeof loneMember>;
const codesOf = ({ events }: Opened): string[] =>
  events.flatMap((event) =>
    event.type === "declined" ? event.reasons.map(({ code }) => code) : [],
  );

/** The agent declines, and its gate, which alone reads records, is not asked anything. */
function expectDeclined(opened: Opened, code: string): void {
  expect(opened.sent.map(({ type }) => type)).toEqual(["runDeclined"]);
  expect(codesOf(opened)).toContain(code);
  expect(opened.asked).toEqual([]);
  expect([...opened.pinned]).toEqual([]);
}

test("the offer that all attacks begin from is taken up", () => {
  const opened = loneMember(ownRules({}));
  opened.offer(approvalsOf(manifest));
  expect(opened.sent.map(({ type }) => type)).toEqual(["runJoined"]);
});

const later = made({ createdAtMs: 6 * 60_000, expiresAtMs: 7 * DAY_MS });
const [first, second, third] = manifest.roster;
if (!first || !second || !third) throw new Error("the roster has three members");

test.each<[attack: string, code: string, manifest: Manifest]>([
  ["expired", "expired", made({ expiresAtMs: 5 })],
  ["of a clock that is six minutes ahead", "notYetValid", later],
  ["that ends before it begins", "neverValid", made({ createdAtMs: 9, expiresAtMs: 8 })],
  ["of another room", "roomMismatch", ofCharter({ room: "elsewhere" })],
  ["of another charter", "charterMismatch", ofCharter({ purpose: "something else" })],
  [
    "of a charter that trusts the coordinator more",
    "charterMismatch",
    ofCharter({
      privacy: { ...LONE_CHARTER.privacy, centralNoise: "allowed" },
    }),
  ],
  ["of another coordinator", "coordinatorMismatch", made({ coordinatorKey: "dd".repeat(32) })],
  ["without this member", "notInRoster", made({ roster: [second, third, third] })],
  ["with a member twice", "repeatedMember", made({ roster: [first, second, third, third] })],
  [
    "with a member who did not sign the charter",
    "badEnrolment",
    made({ roster: [first, second, { ...enrolled("bank-3", "ab".repeat(32)) }] }),
  ],
  [
    "with a stranger whom nobody admitted",
    "notAMember",
    made({ roster: [...manifest.roster, enrolled("bank-9", manifest.charterHash)] }),
  ],
  [
    "with less noise than its ε takes",
    "epsilonUnderstated",
    made({ privacy: { ...PRIVACY, epsilon: 0.01 } }),
  ],
  [
    "with noise that is none",
    "epsilonUnderstated",
    made({ privacy: { ...PRIVACY, trainMultiplier: 1e-9 } }),
  ],
])("a run %s is declined, whoever signed it", (_, code, about) => {
  const opened = loneMember(ownRules({ autoApprove: [{}] }));
  opened.offer(approvalsOf(about), about);
  expectDeclined(opened, code);
});

test.each([
  ["under the charter of before an amendment", "superseded", "charterSuperseded"],
  ["under an amended charter that is not in force", "notInForce", "charterNotInForce"],
] as const)("a run %s is declined, though this member signed that charter", (_, state, code) => {
  const about = ofCharter({ purpose: "something else" });
  const opened = loneMember(ownRules({ autoApprove: [{}] }));
  opened.charterStates.set(about.charterHash, state);
  opened.offer(approvalsOf(about), about);
  expectDeclined(opened, code);
});

const otherRun = made({ nonce: "1".repeat(32) });
const otherRoom = ofCharter({ room: "elsewhere" });
const otherCharter = ofCharter({ purpose: "something else" });
const from = (about: Manifest): Decision[] =>
  others.map((name) => ({ ...decisionOn(about, name), runId }));
const refusals = others.map((name) => decisionOn(manifest, name, "refused"));
const turned = (decision: Decision): Decision => ({
  ...decision,
  decision: "approved",
  reasons: [],
});

test.each<[attack: string, code: string, decisions: Decision[]]>([
  ["unsigned", "tooFewApprovals", []],
  [
    "signed by one member, said often",
    "tooFewApprovals",
    Array(200).fill(decisionOn(manifest, "bank-2")),
  ],
  ["signed for another run", "approvalInvalid", from(otherRun)],
  ["signed for another room", "approvalInvalid", from(otherRoom)],
  ["signed for another charter", "approvalInvalid", from(otherCharter)],
  ["refused", "tooFewApprovals", refusals],
  ["refused, and turned into approvals", "approvalInvalid", refusals.map(turned)],
  [
    "vetoed, and turned into approvals",
    "approvalInvalid",
    others.map((name) => turned(decisionOn(manifest, name, "vetoed"))),
  ],
  [
    "vetoed by one of them",
    "vetoed",
    [...approvalsOf(manifest), decisionOn(manifest, "bank-3", "vetoed")],
  ],
  [
    "approved at another time than was signed",
    "approvalInvalid",
    approvalsOf(manifest).map((one) => ({ ...one, atMs: 1 })),
  ],
  [
    "approved, in the name of another",
    "approvalInvalid",
    others.map((memberId) => ({ ...decisionOn(manifest, "bank-2"), memberId })),
  ],
  [
    "signed by strangers",
    "approvalInvalid",
    ["bank-8", "bank-9"].map((name) => decisionOn(manifest, name)),
  ],
  [
    "signed with keys that the coordinator made",
    "approvalInvalid",
    others.map((name) => decisionOn(manifest, name, "approved", identityOf("liar"))),
  ],
])("a run that is %s is declined", (_, code, decisions) => {
  const opened = loneMember(ownRules({ autoApprove: [{}] }));
  opened.offer(decisions);
  expectDeclined(opened, code);
});

const text = manifestText(manifest);
const swap = (from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};
test.each<[attack: string, altered: () => string]>([
  ["altered", () => swap('"clipNorm":1,', '"clipNorm":2,')],
  [
    "altered where it says who adds the noise",
    () => swap('"maxDropouts":0', '"maxDropouts":0,"noisePlacement":"central"'),
  ],
  ["with a key twice, the right one last", () => swap('"epsilon":1,', '"epsilon":9,"epsilon":1,')],
  ["with a key twice, the right one first", () => swap('"epsilon":1,', '"epsilon":1,"epsilon":9,')],
  ["with a key twice, once escaped", () => swap('"epsilon":1,', '"\\u0065psilon":9,"epsilon":1,')],
  ["with a key in look-alike letters", () => swap('"epsilon"', '"\u0435psilon"')],
  ["with a value in escaped letters", () => swap('"test-room"', '"\\u0074est-room"')],
  ["with a value in look-alike letters", () => swap('"test-room"', '"t\u0435st-room"')],
  ["with the number 1.0", () => swap('"epsilon":1,', '"epsilon":1.0,')],
  ["with the number 1e0", () => swap('"epsilon":1,', '"epsilon":1e0,')],
  ["with the number -0", () => swap('"maxDropouts":0', '"maxDropouts":-0')],
  [
    "with more digits than a number has",
    () => swap('"delta":0.00001', '"delta":0.000010000000000000000001'),
  ],
  ["with a number as text", () => swap('"epsilon":1,', '"epsilon":"1",')],
  ["with an unknown field", () => swap('"epsilon":1,', '"epsilon":1,"epsilonReally":9,')],
  ["with a prototype", () => swap('"epsilon":1,', '"epsilon":1,"__proto__":{"epsilon":9},')],
  ["without a field that has a default", () => swap('"activation":"relu",', "")],
  ["with its keys in another order", () => JSON.stringify(manifest)],
  ["with white space", () => `${text}\n`],
  ["with a byte order mark", () => `\ufeff${text}`],
  ["cut short", () => text.slice(0, -1)],
  ["followed by another", () => text + text],
  ["of deep brackets", () => "[".repeat(500_000)],
])("a manifest %s is not the one that was signed", (_, altered) => {
  const opened = loneMember(ownRules({ autoApprove: [{}] }));
  opened.offer(approvalsOf(manifest), manifest, altered());
  expectDeclined(opened, "badManifest");
});

test("an approved manifest under another run's id is declined", () => {
  const opened = loneMember(ownRules({}));
  opened.offer(approvalsOf(otherRun), otherRun, text);
  expectDeclined(opened, "badManifest");
});

test("a run is replayed after its expiry: it was good once, and is declined", () => {
  const about = made({ expiresAtMs: 100 });
  const opened = loneMember(ownRules({}));
  opened.offer(approvalsOf(about), about);
  opened.clock.now = 100;
  opened.offer(approvalsOf(about), about);
  expect(opened.sent.map(({ type }) => type)).toEqual(["runJoined", "runDeclined"]);
  expect(codesOf(opened)).toEqual(["expired"]);
});

test("a clock that is set back does not bring a run before its time to life", () => {
  const about = made({ createdAtMs: DAY_MS, expiresAtMs: 2 * DAY_MS });
  const opened = loneMember(ownRules({}));
  opened.clock.now = DAY_MS - 5 * 60_000 - 1;
  opened.offer(approvalsOf(about), about);
  expectDeclined(opened, "notYetValid");
});

test("another key for a member that was met before is declined, with everybody's approval", () => {
  const opened = loneMember(ownRules({}));
  opened.pinned.set("bank-2", toHex(identityOf("the real bank-2").publicKey));
  opened.offer(approvalsOf(manifest));
  expect(codesOf(opened)).toEqual(["keyChanged"]);
  expect(opened.asked).toEqual([]);
});

test("an offer of nothing while a run is under way ends that run's part here, and begins none", () => {
  const opened = loneMember(ownRules({}));
  opened.offer(approvalsOf(manifest));
  opened.offer([], otherRun);
  opened.tell({ type: "membersJoined", runId, members: [] });
  expect(opened.sent.map(({ type }) => type)).toEqual(["runJoined", "runDeclined"]);
});

test("a veto while the gate considers an offer is not lost: the run is declined", () => {
  const opened = loneMember(ownRules({}), undefined, () => {
    const veto = decisionOn(manifest, "bank-1", "vetoed");
    opened.decisions.set(runId, veto);
    opened.member.decided(veto);
    return { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 };
  });
  opened.offer(approvalsOf(manifest));
  expect(opened.sent.map(({ type }) => type)).toEqual(["runDecided", "runDeclined"]);
  expect(codesOf(opened)).toEqual(["local.vetoed"]);
});

test("rules that a person tightens while the gate considers an offer hold for it", () => {
  let rules = ownRules({});
  const opened = loneMember(
    () => rules(),
    undefined,
    () => {
      rules = ownRules({ epsilonMax: 0.1 });
      return { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 };
    },
  );
  opened.offer(approvalsOf(manifest));
  expect(codesOf(opened)).toEqual(["local.epsilon"]);
});

test("a veto in another process as the agent approves unseen is what the others hear", () => {
  const veto = decisionOn(manifest, "bank-1", "vetoed");
  const opened = loneMember(ownRules({ autoApprove: [{}] }));
  const { decisions } = opened;
  // As the vault keeps it: the veto was written after the agent looked, and stands.
  decisions.set = (id) => Map.prototype.set.call(decisions, id, veto) as typeof decisions;
  opened.propose();
  expect(opened.said()).toEqual([veto]);
  expect(opened.events).toEqual([]);
});

test("a manifest that ends after the last date is none: nobody could be shown until when it is valid", () => {
  expect(parseManifest(manifestText({ ...manifest, expiresAtMs: 8.64e15 }))).not.toBeNull();
  expect(parseManifest(manifestText({ ...manifest, expiresAtMs: 8.64e15 + 1 }))).toBeNull();
});

test("more reasons, and longer ones, than a message takes are told as far as it takes them", () => {
  const long = { code: "long", message: "x".repeat(2000) };
  const rulings = [{ rule: "a rule", verdict: "refuses", reasons: Array(70).fill(long) } as const];
  const opened = loneMember(
    ownRules({}),
    () => ({ type: "judged", rulings }),
    () => ({ type: "assessed", reasons: Array(70).fill(long), lastAttempt: -1, lastRound: -1 }),
  );
  opened.propose();
  opened.offer(approvalsOf(manifest));
  expect(opened.sent.map(({ type }) => type)).toEqual(["runDecided", "runDeclined"]);
  for (const message of opened.sent) expect(AgentMessage.safeParse(message).success).toBe(true);
  const kept = opened.proposals.get(runId)?.reasons ?? [];
  expect(kept).toHaveLength(70);
  for (const reason of kept) expect(Reason.safeParse(reason).success).toBe(true);
});

test("proposals of what is no manifest are refused, and fill no disk", () => {
  const opened = loneMember(ownRules({}));
  const rubbish = "x".repeat(1_000_000);
  opened.propose();
  opened.tell({ type: "runProposed", runId, manifest: rubbish });
  opened.tell({ type: "runProposed", runId: "ab".repeat(32), manifest: text });
  expect(opened.said().map(({ decision }) => decision)).toEqual(["refused", "refused"]);
  expect([...opened.proposals.values()]).toMatchObject([{ runId, manifest: text, reasons: [] }]);
});

test("where there is no room for another proposal it is refused, and not approved unseen", () => {
  const opened = loneMember(ownRules({ autoApprove: [{}] }));
  opened.room.left = false;
  opened.propose();
  expect(opened.said()).toMatchObject([
    { decision: "refused", reasons: [{ code: "tooManyProposals" }] },
  ]);
  expect(opened.decisions.size).toBe(0);
});

test("a proposal closed for a run under way changes nothing of the run", () => {
  const opened = loneMember(ownRules({}));
  opened.offer(approvalsOf(manifest));
  for (const code of ["begun", "vetoed", "expired", "cancelled"] as const)
    opened.tell({ type: "proposalClosed", runId, code });
  opened.tell({ type: "membersJoined", runId, members: [] });
  expect(opened.sent.map(({ type }) => type)).toEqual(["runJoined", "channelSecrets"]);
});

test("a proposal that claims an ε which its noise does not give is not approved unseen", () => {
  const opened = loneMember(ownRules({ autoApprove: [{ epsilonMax: 0.5 }] }));
  opened.propose(made({ privacy: { ...PRIVACY, epsilon: 0.1, trainMultiplier: 0.7 } }));
  expect(opened.said()).toMatchObject([
    { decision: "refused", reasons: [{ code: "epsilonUnderstated" }] },
  ]);
  expect(opened.decisions.size).toBe(0);
});

test("a key that was revoked is worked with by nobody, whoever approved", () => {
  const revoked = new Set([toHex(identityOf("bank-2").publicKey)]);
  const opened = loneMember(ownRules({}), undefined, undefined, null, revoked);
  opened.offer(approvalsOf(manifest));
  expectDeclined(opened, "keyRevoked");
});
