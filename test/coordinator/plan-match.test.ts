/** A plan of an exact matching becomes a manifest that asks for no sum, where nothing forbids it; else a code says what does. */
import { expect, test } from "vitest";
import { outlookOf } from "../../coordinator/outlook.ts";
import { agreedManifest } from "../../coordinator/plan.ts";
import { statementOf } from "../../coordinator/statement.ts";
import { isEpsilonHonest } from "../../models/tasks/privacy-events.ts";
import { taskFactsOf } from "../../models/tasks/task-facts.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import { Manifest, Plan } from "../../shared/charter/manifest.ts";
import { decide } from "../../shared/charter/policy/decide.ts";
import { decoyEvent } from "../../shared/privacy/accounting/calibrate-decoys.ts";
import { rdpAccountant } from "../../shared/privacy/accounting/rdp.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { COORDINATOR_KEY, enrolled } from "../support/manifests.ts";

const NOISE = { epsilon: 3 };
const BEGUN = [{ type: "begun", runId: "r", atMs: 0 }] as const;
const TASK = { kind: "match", column: "mail", setSize: 1200 };
const SCHEMA = {
  identifiers: [
    { name: "mail", type: "email" },
    { name: "phone", type: "phone" },
  ],
};

function charterOf(changes: object = {}, members = 3, privacy: object = {}): Charter {
  const base = smallCharter(memberIds(members), privacy);
  const columns = { mail: { join: true }, phone: { join: true } };
  const schema = { ...base.schema, ...SCHEMA };
  return Charter.parse({ ...base, schema, columns, tasks: ["match"], ...changes });
}

function planned(charter = charterOf(), task: object = TASK, privacy: unknown = "none"): Manifest {
  const members = charter.members.map((name) => enrolled(name, charterHash(charter)));
  const inputs = { plan: Plan.parse({ task, privacy }), charter, members, nowMs: 0 };
  const rng = reproducibleRng("plan");
  return agreedManifest({ ...inputs, coordinatorKey: COORDINATOR_KEY, rng });
}

test("it asks for no sum, costs no ε and claims none", () => {
  const charter = charterOf();
  const manifest = planned(charter);
  expect(taskFactsOf(charter, manifest)).toEqual({
    sums: 0,
    dimensionMax: 0,
    columns: { read: [], summed: [], grouped: [], joined: ["mail"] },
    bins: 0,
    faults: [],
  });
  expect(isEpsilonHonest(charter, manifest)).toBe(true);
  expect(statementOf(charter, manifest, []).guarantee).toBeNull();
  const { rounds, cost, question } = outlookOf(charter, manifest, []);
  expect({ rounds, cost, verdict: question.verdict }).toEqual({
    rounds: 0,
    cost: null,
    verdict: "exact",
  });
});

test.each([
  ["a charter that does not let customers be matched by it", { columns: {} }, {}, "columnNotAKey"],
  ["a charter without the task", { tasks: ["overlap"] }, {}, "does not allow the task match"],
  ["another column", {}, { column: "amount" }, "the charter lists mail, phone"],
  ["numbers that nobody can read", {}, { column: "phone" }, "phone.countryCode"],
  ["more points than a coordinator counts", {}, { setSize: 4_000_000 }, "setSize may be 3333333"],
])("%s is refused, and told why", (_, changes, task, why) => {
  expect(() => planned(charterOf(changes), { ...TASK, ...task })).toThrow(why);
});

test("a charter that wants noise refuses it without; nobody but the members adds any", () => {
  const strict = charterOf({}, 3, { unnoisedRuns: "refused" });
  expect(() => planned(strict)).toThrow("the charter refuses runs without noise");
  expect(planned(strict, TASK, NOISE).privacy?.decoys).toBe(72);
  const central = charterOf({}, 3, { centralNoise: "allowed" });
  const byCoordinator = { ...NOISE, noisePlacement: "central" };
  expect(() => planned(central, TASK, byCoordinator)).toThrow("decoys, of every member");
});

test("with noise it costs what its decoys give, promises it against all others, and says how far off it will be", () => {
  const charter = charterOf();
  const manifest = planned(charter, { ...TASK, setSize: 12_000 }, NOISE);
  expect(manifest.privacy).toMatchObject({ decoys: 72, maxDropouts: 0, maxColluders: 2 });
  expect(isEpsilonHonest(charter, manifest)).toBe(true);
  const { cost, question } = outlookOf(charter, manifest, []);
  // Four pools of 72 coins in what two members share.
  expect(question).toMatchObject({ stdDev: Math.sqrt(4 * 72) / 2, unitsPerCell: 12_000 });
  expect(question.verdict).toBe("good");
  expect(cost).toMatchObject({ epsilon: 3, shares: { before: 0, fits: true } });
  const { guarantee } = statementOf(charter, manifest, BEGUN);
  expect(guarantee).toMatchObject({ noise: "decoys", accountant: "pld", maxColluders: 2 });
  expect(guarantee?.partitions).toMatchObject([
    { partition: "train", releases: 1, event: { kind: "binomial", trials: 72, sensitivity: 1 } },
    { partition: "holdout", releases: 1 },
  ]);
  expect(guarantee?.epsilon).toBeLessThan(1);
  const event = decoyEvent(72, 1, manifest.privacy?.delta ?? 0);
  for (const { members, epsilon } of guarantee?.acrossMembers ?? []) {
    const all = rdpAccountant().compose({ kind: "selfComposed", event, count: members });
    expect(epsilon).toBeLessThan(all.getEpsilon(1e-5));
    expect(epsilon).toBeGreaterThan(guarantee?.epsilon ?? 0);
  }
  const byCoordinator = {
    ...manifest,
    privacy: { ...manifest.privacy, noisePlacement: "central" },
  };
  const facts = { charter, task: taskFactsOf(charter, manifest), nowMs: 0 };
  const unknown = { runId: "", decisions: null, agent: null, dataset: null, ledger: null };
  const elsewhere = { ...manifest, task: { kind: "overlap", column: "mail", sizeExpected: 9000 } };
  for (const hostile of [byCoordinator, elsewhere])
    expect(
      decide({ ...facts, ...unknown, manifest: Manifest.parse(hostile) }).map(({ code }) => code),
    ).toContain("noiseUnknown");
  const understated = {
    ...manifest,
    privacy: manifest.privacy && { ...manifest.privacy, decoys: 40 },
  };
  expect(taskFactsOf(charter, understated).faults).toMatchObject([{ code: "epsilonUnderstated" }]);
});

test("of several identifiers of a customer noise hides all, by the accountant that can tell", () => {
  const charter = charterOf();
  const manifest = planned(charter, { ...TASK, identifiersPerUnitMax: 2 }, NOISE);
  expect(manifest.privacy?.decoys).toBe(78);
  const { guarantee } = statementOf(charter, manifest, BEGUN);
  expect(guarantee).toMatchObject({ accountant: "rdp" });
  expect(guarantee?.partitions[0]?.event).toMatchObject({ sensitivity: 2 });
  expect(() => planned(charter, { ...TASK, identifiersPerUnitMax: 2 })).toThrow("without noise");
});

test("among many members decoys are too many, and what to do instead is said", () => {
  expect(planned(charterOf({}, 10), TASK, NOISE).roster).toHaveLength(10);
  expect(() => planned(charterOf({}, 13), TASK, NOISE)).toThrow("or ask for an overlap");
});

test("33 members are one too many", () => {
  expect(planned(charterOf({}, 32)).roster).toHaveLength(32);
  expect(() => planned(charterOf({}, 33))).toThrow("32 members at most");
});

test("a least size below what any run may ask for, or above the sets' own, is no plan", () => {
  for (const wrong of [{ sizeMin: 999 }, { sizeMin: 1201 }, { setSize: 999 }])
    expect(Plan.safeParse({ task: { ...TASK, ...wrong }, privacy: "none" }).success).toBe(false);
});
