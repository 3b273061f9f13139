/** Each reason to refuse a run, alone; what is allowed beside it; all reasons together; and none for a right run. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS } from "../../../../shared/base/calendar.ts";
import type { Charter } from "../../../../shared/charter/charter.ts";
import { charterHash } from "../../../../shared/charter/charter.ts";
import { ColumnRule } from "../../../../shared/charter/governance.ts";
import { decide, rulings } from "../../../../shared/charter/policy/decide.ts";
import { LocalPolicy } from "../../../../shared/charter/policy/local-policy.ts";
import { TaskSpec } from "../../../../shared/charter/task-spec.ts";
import { memberIds } from "../../../support/charters.ts";
import { decisionOn, enrolled, PRIVACY, TRAIN_TASK } from "../../../support/manifests.ts";
import { type Case, CHARTER, codesOf, factsOf, NOON_MS } from "./cases.ts";

const HOUR = 3_600_000;
const right = factsOf({});
const { roster } = right.manifest;
const [first, second, third] = roster;
if (!first || !second || !third) throw new Error("the roster has three members");
/** Signed the very charter that does not list it. */
const stranger = enrolled("bank-9", charterHash(CHARTER));
const PROBE = { kind: "probe", dimension: 8, rounds: 3 } as const;
const privacy = (changes: Partial<Charter["privacy"]>): Case => ({
  charter: { privacy: { ...CHARTER.privacy, ...changes } },
});
const noise = (changes: object): Case => ({ manifest: { privacy: { ...PRIVACY, ...changes } } });
const minimums = (changes: object): Case => ({
  charter: { minimums: { ...CHARTER.minimums, ...changes } },
});
const limits = (changes: object): Case => ({ charter: { limits: changes } });
/** What was approved is another manifest: the approvals are signed anew for it. */
const changed = (changes: Case["manifest"]): Case => ({ manifest: changes ?? {} });
const rule = (changes: Partial<ColumnRule>): ColumnRule => ColumnRule.parse(changes);
const question = (spec: object, charter: Case["charter"] = {}): Case => ({
  charter: { tasks: ["train", "boost", "query"], ...charter },
  manifest: {
    task: TaskSpec.parse({ kind: "query", statistic: { kind: "count" }, ...spec }),
    privacy: null,
  },
});
const CONFIRMED = new Map(roster.map(({ memberId, identityKey }) => [memberId, identityKey]));
const without = (gone: string): Map<string, string> =>
  new Map([...CONFIRMED].filter(([memberId]) => memberId !== gone));
const CONFIRMED_ONLY: Partial<Charter> = {
  governance: { approvals: 2, mustApprove: [], vetoes: "any", confirmedRoster: "required" },
};
const keysSince = (atMs: number): Case => ({
  charter: { governance: { approvals: 2, mustApprove: [], vetoes: "any", keyDays: 30 } },
  agent: { keysSinceMs: new Map([[second.identityKey, atMs]]) },
});
const MOMENTS = {
  ...TRAIN_TASK,
  scaling: "moments",
  strategy: { kind: "fedAvg", rounds: 2, localEpochs: 1, batchSize: 8, learningRate: 0.1 },
};
const TREES = TaskSpec.parse({
  kind: "boost",
  model: { trees: 2 },
  evaluation: { everyTrees: 2, bins: 8 },
});
const RECEIVERS = { models: ["bank-1", "bank-2"], metrics: ["bank-1"] };
const moments = { task: MOMENTS as typeof TRAIN_TASK, privacy: null };

const CASES: readonly (readonly [codes: string | null, what: string, change: Case])[] = [
  [null, "a right run", {}],
  [null, "a probe without noise", { manifest: { task: PROBE, privacy: null } }],
  // Room, coordinator, roster.
  ["charterMismatch", "another charter", { facts: { charter: { ...CHARTER, purpose: "other" } } }],
  ["roomMismatch", "another room", changed({ room: "elsewhere" })],
  ["coordinatorMismatch", "another coordinator", { agent: { coordinatorKey: "dd".repeat(32) } }],
  ["notAMember", "a stranger in the roster", changed({ roster: [...roster, stranger] })],
  ["repeatedMember", "a member twice", changed({ roster: [...roster, second] })],
  [
    "badEnrolment",
    "a signature of somebody else",
    changed({
      roster: [first, second, { ...third, enrolmentSignature: second.enrolmentSignature }],
    }),
  ],
  [
    "keyChanged",
    "a key that was another before",
    { agent: { pinnedKeys: new Map([["bank-2", "ee".repeat(32)]]) } },
  ],
  [
    "keyRevoked",
    "a key that was revoked",
    { agent: { revokedKeys: new Set([second.identityKey]) } },
  ],
  [null, "another's key revoked", { agent: { revokedKeys: new Set(["ee".repeat(32)]) } }],
  ["keyExpired", "a key that is too old", keysSince(NOON_MS - 30 * DAY_MS)],
  [null, "a key on its last day", keysSince(NOON_MS - 30 * DAY_MS + 1)],
  [
    null,
    "an old key where the charter lets keys be old",
    { agent: { keysSinceMs: new Map([[second.identityKey, 0]]) } },
  ],
  [null, "keys as they were", { agent: { pinnedKeys: new Map([["bank-2", second.identityKey]]) } }],
  ["notInRoster", "not listed", { agent: { memberId: "bank-7" } }],
  ["notInRoster", "listed with another key", { agent: { identityKey: second.identityKey } }],
  ["tooFewMembers", "a small roster", minimums({ members: 4 })],
  // A roster that people compared.
  [null, "keys that were compared", { agent: { confirmedKeys: CONFIRMED } }],
  [
    null,
    "fewer members than were compared",
    { agent: { confirmedKeys: new Map([...CONFIRMED, ["bank-4", "ee".repeat(32)]]) } },
  ],
  [
    "rosterNotConfirmed",
    "a member whom nobody compared",
    { agent: { confirmedKeys: without("bank-3") } },
  ],
  [
    "rosterNotConfirmed",
    "another key than was compared",
    { agent: { confirmedKeys: new Map([...CONFIRMED, ["bank-3", "ee".repeat(32)]]) } },
  ],
  [
    "rosterNotConfirmed",
    "a probe, too, with a member whom nobody compared",
    {
      agent: { confirmedKeys: without("bank-3") },
      manifest: { task: PROBE, privacy: null },
    },
  ],
  ["rosterNotConfirmed", "compared keys are asked for", { charter: CONFIRMED_ONLY }],
  [
    null,
    "compared keys are asked for, and there",
    { charter: CONFIRMED_ONLY, agent: { confirmedKeys: CONFIRMED } },
  ],
  [
    null,
    "a probe before anything is compared",
    { charter: CONFIRMED_ONLY, manifest: { task: PROBE, privacy: null } },
  ],
  ["runOver", "a run that has ended here", { agent: { isOver: true } }],
  [
    "runOver",
    "a run that has ended here, proposed again",
    { agent: { isOver: true }, facts: { decisions: null } },
  ],
  // Time.
  ["expired", "at its last moment", changed({ expiresAtMs: NOON_MS })],
  [null, "just before its last moment", changed({ expiresAtMs: NOON_MS + 1 })],
  ["notYetValid", "made in six minutes", changed({ createdAtMs: NOON_MS + 6 * 60_000 })],
  [null, "made by a clock four minutes ahead", changed({ createdAtMs: NOON_MS + 4 * 60_000 })],
  [
    "neverValid",
    "an expiry before its making",
    {
      manifest: { createdAtMs: NOON_MS - 5, expiresAtMs: NOON_MS - 5 },
      facts: { nowMs: NOON_MS - 6 },
    },
  ],
  ["charterExpired", "the charter has ended", { charter: { expiresOn: "2026-11-24" } }],
  [null, "the charter's last day", { charter: { expiresOn: "2026-11-25" } }],
  ["outsideHours", "too late in the day", { charter: { hours: { from: "08:00", to: "12:00" } } }],
  [null, "in time", { charter: { hours: { from: "12:00", to: "12:01" } } }],
  [
    "outsideHours",
    "not on Wednesdays",
    { charter: { hours: { from: "08:00", to: "18:00", days: ["mon", "tue"] } } },
  ],
  [
    null,
    "early on the day after a night that counts",
    {
      charter: { hours: { from: "22:00", to: "06:00", days: ["tue"] } },
      facts: { nowMs: NOON_MS - 7 * HOUR },
      manifest: { createdAtMs: NOON_MS - 24 * HOUR },
    },
  ],
  [
    "outsideHours",
    "late on the day after such a night",
    {
      charter: { hours: { from: "22:00", to: "06:00", days: ["tue"] } },
      facts: { nowMs: NOON_MS + 11 * HOUR },
    },
  ],
  [
    null,
    "proposed outside of the hours",
    { charter: { hours: { from: "08:00", to: "09:00" } }, facts: { decisions: null } },
  ],
  // The task and its size.
  ["taskNotAllowed", "a task that is not allowed", { charter: { tasks: ["probe"] } }],
  ["tooManySums", "more rounds than allowed", limits({ sumsMax: 2 })],
  [null, "two rounds and an evaluation", limits({ sumsMax: 3 })],
  ["vectorTooLong", "a long vector", limits({ dimensionMax: 4 })],
  ["tooManyBins", "fine bins", limits({ binsMax: 7 })],
  [null, "as many bins as allowed", limits({ binsMax: 8 })],
  ["epsilonTooLarge", "a dear run", limits({ epsilonMax: 0.5 })],
  [null, "a run as dear as allowed", limits({ epsilonMax: 1 })],
  ["encodingUnusable", "an encoding without noise", changed({ encoding: { profile: "compact" } })],
  [
    "taskUnusable",
    "exact moments under noise",
    changed({ task: { ...TRAIN_TASK, scaling: "moments" } as typeof TRAIN_TASK }),
  ],
  // Columns.
  [
    "columnNotAFeature",
    "a column that models may not read",
    {
      charter: {
        columns: { amount: { feature: false, group: true, join: false, sums: "allowed" } },
      },
    },
  ],
  [
    "columnNeverSummed",
    "the mean of a column that is never summed",
    {
      charter: { columns: { amount: { feature: true, group: false, join: false, sums: "never" } } },
      manifest: moments,
    },
  ],
  [
    "columnNeverSummed",
    "trees over a column that is never summed",
    {
      charter: { columns: { hour: { feature: true, group: false, join: false, sums: "never" } } },
      manifest: { task: TREES, privacy: null },
    },
  ],
  [
    null,
    "a label and a unit that are no features are read all the same",
    {
      charter: {
        columns: {
          label: { feature: false, group: false, join: false, sums: "allowed" },
          customer: { feature: false, group: false, join: true, sums: "allowed" },
        },
      },
    },
  ],
  [
    null,
    "bounds for a column that is never summed",
    {
      charter: { columns: { amount: { feature: true, group: false, join: false, sums: "never" } } },
    },
  ],
  // Questions.
  ["taskNotAllowed", "a question where none may be asked", question({}, { tasks: ["train"] })],
  [
    "columnNotAGroup",
    "sums broken down by a column that the charter does not let part them",
    question({ by: [{ column: "channel" }] }),
  ],
  [
    null,
    "sums broken down by a column that may part them",
    question({ by: [{ column: "channel" }] }, { columns: { channel: rule({ group: true }) } }),
  ],
  [
    "columnNeverSummed",
    "a count by a column of which nothing may be counted",
    question(
      { where: [{ column: "amount", is: ">", value: 10 }] },
      { columns: { amount: rule({ sums: "never" }) } },
    ),
  ],
  [
    "taskUnusable",
    "a question about a column that nobody declared",
    question({ where: [{ column: "salary", is: ">", value: 10 }] }),
  ],
  [
    "taskUnusable",
    "a question about who a row is of",
    question({ where: [{ column: "customer", is: "=", value: "x" }] }),
  ],
  [
    "isolatesFew",
    "a question that with an earlier one tells of a few customers",
    { facts: { dataset: { rows: 1000, units: 500, isolatesFew: true } } },
  ],
  // Purpose and receivers.
  ["purposeMissing", "no purpose where some are agreed", { charter: { purposes: ["fraud"] } }],
  [
    "purposeNotAgreed",
    "another purpose",
    { charter: { purposes: ["fraud"] }, manifest: { purpose: "credit" } },
  ],
  ["purposeNotAgreed", "a purpose where none is agreed", { manifest: { purpose: "fraud" } }],
  [null, "an agreed purpose", { charter: { purposes: ["fraud"] }, manifest: { purpose: "fraud" } }],
  [
    "receiverNotAgreed",
    "a receiver where none is agreed",
    changed({ receivers: { ...RECEIVERS, models: ["bank-1"] } }),
  ],
  [
    "receiverNotAgreed",
    "a receiver of models who may have metrics",
    {
      charter: { receivers: { models: ["bank-1"], metrics: ["bank-1", "bank-2"] } },
      manifest: { receivers: { models: ["bank-2"], metrics: ["bank-2"] } },
    },
  ],
  [
    null,
    "some of the agreed receivers",
    {
      charter: { receivers: RECEIVERS },
      manifest: { receivers: { ...RECEIVERS, models: ["bank-2"] } },
    },
  ],
  // Noise.
  [
    "noiseRequired",
    "no noise where it is asked",
    { ...privacy({ unnoisedRuns: "refused" }), manifest: { privacy: null } },
  ],
  ["noBudget", "noise where there is no budget", privacy({ budget: null })],
  ["deltaMismatch", "another delta", noise({ delta: 1e-4 })],
  ["unitsMismatch", "another count of units", noise({ unitsExpected: 1 })],
  ["epsilonUnderstated", "less noise than its ε takes", noise({ epsilon: 0.01 })],
  ["epsilonUnderstated", "hardly any noise", noise({ trainMultiplier: 1e-300 })],
  ["epsilonUnderstated", "no noise on the evaluation", noise({ holdoutMultiplier: 0.1 })],
  ["epsilonUnderstated", "an ε of next to nothing", noise({ epsilon: 1e-320 })],
  [null, "more noise than its ε takes", noise({ trainMultiplier: 50 })],
  ["noiseShareUnsafe", "nobody may collude", noise({ maxColluders: 0 })],
  ["encodingUnusable noiseShareUnsafe", "nobody honest is left", noise({ maxDropouts: 2 })],
  ["centralNoiseRefused", "the coordinator adds the noise", noise({ noisePlacement: "central" })],
  [
    null,
    "the trusted coordinator adds the noise",
    { ...privacy({ centralNoise: "allowed" }), ...noise({ noisePlacement: "central" }) },
  ],
  [null, "local noise counts on nobody", noise({ noisePlacement: "local", maxColluders: 0 })],
  // Approvals.
  ["tooFewApprovals", "nobody approved", { facts: { decisions: [] } }],
  [
    "tooFewApprovals",
    "one member twice",
    {
      facts: {
        decisions: [decisionOn(right.manifest, "bank-1"), decisionOn(right.manifest, "bank-1")],
      },
    },
  ],
  [null, "a run that is only proposed", { facts: { decisions: null } }],
  [
    "approvalInvalid",
    "an approval of another run",
    { manifest: { nonce: "1".repeat(32) }, facts: { decisions: right.decisions } },
  ],
  [
    "approvalInvalid",
    "an approval in the name of another",
    {
      facts: {
        decisions: [
          decisionOn(right.manifest, "bank-1"),
          { ...decisionOn(right.manifest, "bank-2"), memberId: "bank-3" },
        ],
      },
    },
  ],
  [
    "approvalInvalid",
    "a veto that was made an approval",
    {
      facts: {
        decisions: [{ ...decisionOn(right.manifest, "bank-2", "vetoed"), decision: "approved" }],
      },
    },
  ],
  [
    "vetoed",
    "a veto beside enough approvals",
    {
      facts: {
        decisions: [
          ...(right.decisions ?? []).slice(0, 2),
          decisionOn(right.manifest, "bank-3", "vetoed"),
        ],
      },
    },
  ],
  [
    null,
    "a refusal beside enough approvals is no veto",
    {
      facts: {
        decisions: [
          ...(right.decisions ?? []).slice(0, 2),
          decisionOn(right.manifest, "bank-3", "refused"),
        ],
      },
    },
  ],
  // The member's data and ledger.
  ["tooFewRows", "a short table", { facts: { dataset: { rows: 9, units: 9 } } }],
  ["tooManyRows", "a long table", { facts: { dataset: { rows: 10_001, units: 30 } } }],
  ["tooFewUnits", "few customers", minimums({ units: 31 })],
  [null, "just enough customers", minimums({ units: 30 })],
  ["dominant", "more than a twentieth of all", { charter: { dominanceMax: 0.05 } }],
  [null, "a tenth of all, where that is the bound", { charter: { dominanceMax: 0.1 } }],
  [
    "budgetTooSmall",
    "a ledger that cannot pay",
    { facts: { ledger: { partitions: [{ partition: "holdout", fits: false }] } } },
  ],
  // The member's own rules.
  ["local.task", "no training here", { policy: { tasks: ["probe"] } }],
  ["local.purpose", "a purpose is asked", { policy: { purposes: ["fraud"] } }],
  ["local.epsilon", "too dear for this member", { policy: { epsilonMax: 0.9 } }],
  ["local.sums", "too many sums for this member", { policy: { sumsMax: 2 } }],
  ["local.members", "too small a round", { policy: { membersMin: 4 } }],
  [
    "local.noise",
    "never without noise",
    { policy: { unnoisedRuns: "refused" }, manifest: { privacy: null } },
  ],
  [
    null,
    "a probe needs none",
    { policy: { unnoisedRuns: "refused" }, manifest: { privacy: null, task: PROBE } },
  ],
  [
    "local.centralNoise",
    "no trust in the coordinator",
    {
      ...privacy({ centralNoise: "allowed" }),
      ...noise({ noisePlacement: "central" }),
      policy: { centralNoise: "refused" },
    },
  ],
  ["local.column", "a column that is kept back", { policy: { columnsRefused: ["hour"] } }],
  ["local.receivers", "receivers must be said", { policy: { receivers: ["bank-1"] } }],
  [
    "local.receivers",
    "a receiver that this member does not want",
    { charter: { receivers: RECEIVERS }, policy: { receivers: ["bank-1"] } },
  ],
  ["local.hours", "at night only", { policy: { hours: { from: "22:00", to: "06:00" } } }],
  ["local.rows", "its own minimum", { policy: { rowsMin: 41 } }],
  ["local.units", "its own minimum of customers", { policy: { unitsMin: 31 } }],
  ["local.rosterNotConfirmed", "nobody compared keys", { policy: { confirmedRosterOnly: true } }],
  [
    null,
    "keys are compared",
    { policy: { confirmedRosterOnly: true }, agent: { confirmedKeys: CONFIRMED } },
  ],
  [
    null,
    "a probe while nobody has compared keys",
    { policy: { confirmedRosterOnly: true }, manifest: { task: PROBE, privacy: null } },
  ],
  ["local.vetoed", "its own veto, which nobody told", { agent: { ownDecision: "vetoed" } }],
  ["local.notApproved", "only what it approved itself", { policy: { onlyApproved: true } }],
  [
    null,
    "what it approved itself",
    { policy: { onlyApproved: true }, agent: { ownDecision: "approved" } },
  ],
];

test("the table has every case of the rules", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(60);
});

test.each(CASES)("%s: %s", (code, _, change) => {
  expect([...new Set(codesOf(change))]).toEqual(code === null ? [] : code.split(" "));
});

test("members without whose signature nothing runs are asked for by name", () => {
  const governance = { approvals: 1, mustApprove: ["bank-3"], vetoes: [] };
  const facts = factsOf({ charter: { governance } });
  const of = (...names: string[]): string[] =>
    decide({ ...facts, decisions: names.map((name) => decisionOn(facts.manifest, name)) }).map(
      ({ code }) => code,
    );
  expect(of("bank-1", "bank-2")).toEqual(["approvalMissing"]);
  expect(of("bank-3")).toEqual([]);
});

test("a veto counts only of those who have one", () => {
  const governance = { approvals: 2, mustApprove: [], vetoes: ["bank-1"] };
  const facts = factsOf({ charter: { governance } });
  const by = (name: string): string[] => {
    const others = memberIds(3).filter((member) => member !== name);
    const approvals = others.map((member) => decisionOn(facts.manifest, member));
    const decisions = [...approvals, decisionOn(facts.manifest, name, "vetoed")];
    return decide({ ...facts, decisions }).map(({ code }) => code);
  };
  expect(by("bank-1")).toEqual(["vetoed"]);
  expect(by("bank-2")).toEqual([]);
});

test("left out, more than half of the members must sign", () => {
  const { governance: _, ...plain } = CHARTER;
  const facts = factsOf({ charter: { ...plain, governance: undefined } });
  const by = (count: number): string[] =>
    decide({ ...facts, decisions: (facts.decisions ?? []).slice(0, count) }).map(
      ({ code }) => code,
    );
  expect(by(1)).toEqual(["tooFewApprovals"]);
  expect(by(2)).toEqual([]);
});

test("every reason is told at once, rule by rule", () => {
  const facts = factsOf({
    manifest: { room: "elsewhere", privacy: { ...PRIVACY, delta: 1e-4 } },
    agent: { coordinatorKey: "dd".repeat(32) },
    facts: { dataset: { rows: 1, units: 1 } },
  });
  expect(decide(facts).map(({ code }) => code)).toEqual([
    "roomMismatch",
    "coordinatorMismatch",
    "deltaMismatch",
    "tooFewRows",
  ]);
  const refusing = rulings(facts).filter(({ verdict }) => verdict === "refuses");
  expect(refusing).toHaveLength(4);
});

test("who lacks facts is told which rules it cannot ask, and refuses nothing for that", () => {
  const facts = { ...factsOf({}), agent: null, dataset: null, ledger: null, decisions: null };
  expect(decide(facts)).toEqual([]);
  const unknown = rulings(facts).filter(({ verdict }) => verdict === "unknown");
  expect(unknown).toHaveLength(11);
});

/** A member's rules, each left out or as tight as may be. */
const policies = fc.record(
  {
    tasks: fc.subarray(["train", "boost", "probe"] as const),
    purposes: fc.subarray(["fraud", "credit"]),
    epsilonMax: fc.double({ min: 0.1, max: 3, noNaN: true }),
    sumsMax: fc.integer({ min: 1, max: 6 }),
    membersMin: fc.integer({ min: 3, max: 5 }),
    rowsMin: fc.integer({ min: 1, max: 60 }),
    unitsMin: fc.integer({ min: 1, max: 60 }),
    unnoisedRuns: fc.constant("refused" as const),
    columnsRefused: fc.subarray(["amount", "hour", "other"]),
    receivers: fc.subarray(memberIds(3)),
    hours: fc.constantFrom({ from: "08:00", to: "13:00" }, { from: "22:00", to: "06:00" }),
    onlyApproved: fc.boolean(),
    confirmedRosterOnly: fc.boolean(),
  },
  { requiredKeys: [] },
);
const RUNS: readonly Case[] = [
  {},
  { manifest: { privacy: null } },
  { manifest: { task: PROBE, privacy: null } },
  { charter: { receivers: RECEIVERS } },
  { charter: { purposes: ["fraud"] }, manifest: { purpose: "fraud" } },
  { facts: { dataset: { rows: 9, units: 9 } } },
  { agent: { ownDecision: "approved" } },
  { agent: { confirmedKeys: CONFIRMED } },
  { charter: CONFIRMED_ONLY, agent: { confirmedKeys: without("bank-3") } },
];

test("a member's own rules never allow what is refused without them, and dropping one never refuses more", () => {
  const known = RUNS.map((run) => ({ facts: factsOf(run), without: new Set(codesOf(run)) }));
  fc.assert(
    fc.property(
      fc.constantFrom(...known),
      policies,
      fc.nat(),
      ({ facts, without }, rules, pick) => {
        const under = (policy: object): string[] =>
          decide({
            ...facts,
            agent: facts.agent && {
              ...facts.agent,
              policy: LocalPolicy.parse({ version: 1, ...policy }),
            },
          }).map(({ code }) => code);
        const codes = under(rules);
        for (const code of without) expect(codes).toContain(code);
        const names = Object.keys(rules);
        const looser = Object.fromEntries(
          Object.entries(rules).filter(
            ([name]) => name !== names[pick % Math.max(1, names.length)],
          ),
        );
        for (const code of under(looser)) expect(codes).toContain(code);
      },
    ),
    { numRuns: 100 },
  );
});
