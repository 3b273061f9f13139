/** What a question would cost, leave and be worth; what was asked before; and when it is better not asked. */
import { expect, test } from "vitest";
import { checkWorth, outlookLines } from "../../coordinator/ask/outlook-lines.ts";
import { outlookOf } from "../../coordinator/outlook.ts";
import { buildManifest } from "../../coordinator/plan.ts";
import type { RunEvent, RunStatus } from "../../coordinator/run-events.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { overlapPlan } from "../../models/tasks/overlap-shape.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, Plan } from "../../shared/charter/manifest.ts";
import { rdpLimit } from "../../shared/privacy/accounting/budget.ts";
import { memberIds, smallCharter } from "../support/charters.ts";

const members = memberIds(3);
const budget = { epsilon: 3, delta: 1e-5, rdpOrder: 32 };
const charter = Charter.parse({
  ...smallCharter(members, { budget }),
  tasks: ["query", "probe"],
  columns: { channel: { group: true } },
});
const COUNT = { kind: "query", statistic: { kind: "count" } };

function manifestOf(task: object, privacy: unknown, seed = "a", room: Charter = charter): Manifest {
  const enrolled = members.map((memberId) => ({
    memberId,
    identityKey: "ab".repeat(32),
    enrolmentSignature: "cd".repeat(64),
  }));
  const common = { charter: room, members: enrolled, coordinatorKey: "ef".repeat(32), nowMs: 1 };
  const plan = Plan.parse({ task, privacy });
  return buildManifest({ ...common, plan, rng: reproducibleRng(seed) });
}

function run(
  manifest: Manifest,
  status: RunStatus,
  attempts = 1,
  runId = "r",
): Parameters<typeof outlookOf>[2][number] {
  const aborted = Array.from({ length: attempts - 1 }, (_, attempt): RunEvent => {
    const stamp = { runId, atMs: 1, round: 0, attempt };
    return { type: "attemptAborted", ...stamp, reason: "tooFew" };
  });
  const released: RunEvent = {
    type: "roundReleased",
    ...{ runId, atMs: 2, round: 0, attempt: attempts, askKind: "query", ms: 1, uploadBytes: 1 },
    ...{ cohort: members, survivors: members, loss: null, metrics: null },
    ...{ inclusion: "", resultHash: "" },
  };
  const events = status === "proposed" ? [] : [...aborted, released];
  return { runId, manifest, status, events, endedAtMs: 5, deletedAtMs: null };
}

test("without noise nothing is spent, and nothing is hopeless", () => {
  const outlook = outlookOf(charter, manifestOf(COUNT, "none"), []);
  expect(outlook).toMatchObject({ rounds: 1, members: 3, cost: null, earlier: null });
  expect(outlook.question).toMatchObject({ cells: 1, stdDev: 0, verdict: "exact" });
  expect(outlookLines(outlook)).toEqual([
    "Asks      3 members for one secure sum of 2 numbers, in one cell",
    "Costs     no budget: no noise is added",
    "Expect    exact, but for what members hold back",
  ]);
  expect(() => checkWorth(outlook)).not.toThrow();
});

test("the noise told is the noise of the answer: the calibrated multiplier, with what no member's absence takes away", () => {
  const manifest = manifestOf({ ...COUNT, by: [{ column: "channel" }] }, { epsilon: 2 });
  const { question, cost } = outlookOf(charter, manifest, []);
  const multiplier = manifest.privacy?.trainMultiplier ?? 0;
  // Three members, of whom one may collude: two honest shares suffice, three are added.
  expect(question.stdDev).toBeCloseTo(multiplier * Math.sqrt(3 / 2), 12);
  expect(question).toMatchObject({ cells: 3, numbers: 3, unitsPerCell: 100 });
  expect(cost).toMatchObject({ epsilon: 2, delta: 1e-5, budgetEpsilon: 3 });
  // One release of Gaussian noise z costs α/(2z²).
  const share = 32 / (2 * multiplier ** 2) / rdpLimit(budget);
  expect(cost?.shares.before).toBe(0);
  expect(cost?.shares.after).toBeCloseTo(share, 9);
});

test("what was spent is what was answered, failed attempts too; what is proposed is not, what runs is in full", () => {
  const manifest = manifestOf(COUNT, { epsilon: 1 });
  const before = (...runs: ReturnType<typeof run>[]): number =>
    outlookOf(charter, manifest, runs).cost?.shares.before ?? Number.NaN;
  const one = before(run(manifest, "completed"));
  expect(one).toBeGreaterThan(0);
  expect(before(run(manifest, "completed", 3))).toBeCloseTo(3 * one, 12);
  expect(before(run(manifest, "failed", 2), run(manifest, "completed"))).toBeCloseTo(3 * one, 12);
  expect(before(run(manifest, "running"))).toBeCloseTo(one, 12);
  expect(before(run(manifest, "proposed"), run(manifest, "refused"))).toBe(0);
  expect(before(run(manifestOf(COUNT, "none"), "completed"))).toBe(0);
});

test("the same question of the same members with the same noise was answered before, and another was not", () => {
  const asked = manifestOf(COUNT, { epsilon: 1 });
  const earlier = (manifest: Manifest, ...runs: ReturnType<typeof run>[]) =>
    outlookOf(charter, manifest, runs).earlier?.runId ?? null;
  const again = manifestOf(COUNT, { epsilon: 1 }, "another nonce");
  expect(earlier(again, run(asked, "completed"))).toBe("r");
  const later = { ...run(asked, "completed", 1, "later"), endedAtMs: 9 };
  expect(earlier(again, run(asked, "completed"), later)).toBe("later");
  expect(earlier(again, run(asked, "failed"), run(asked, "running"))).toBeNull();
  expect(earlier(again, { ...run(asked, "completed"), deletedAtMs: 7 })).toBeNull();
  const others: Manifest[] = [
    manifestOf(COUNT, { epsilon: 2 }),
    manifestOf(COUNT, "none"),
    manifestOf({ ...COUNT, rowsPerUnitMax: 2 }, { epsilon: 1 }),
    { ...again, roster: again.roster.slice(0, 2) },
    { ...again, charterHash: "00".repeat(32) },
    { ...again, purpose: "marketing" },
    { ...again, receivers: { models: [], metrics: ["analyst"] } },
  ];
  for (const other of others) expect(earlier(other, run(asked, "completed"))).toBeNull();
});

test("hopeless is where the interval reaches as far as an average cell is large; and what does not fit is refused", () => {
  const rooms = (unitsExpected: number) => ({
    ...charter,
    privacy: { ...charter.privacy, unitsExpected },
  });
  const manifest = manifestOf(COUNT, { epsilon: 1 });
  const reach = 1.959963984540054 * outlookOf(charter, manifest, []).question.stdDev;
  const verdict = (units: number): string => {
    const own = {
      ...manifest,
      privacy: manifest.privacy && { ...manifest.privacy, unitsExpected: units },
    };
    return outlookOf(rooms(units), own, []).question.verdict;
  };
  const edge = Math.floor(reach);
  expect([edge, edge + 1, Math.floor(10 * reach), Math.ceil(10 * reach)].map(verdict)).toEqual([
    "hopeless",
    "rough",
    "rough",
    "good",
  ]);
  const outlook = outlookOf(charter, manifest, []);
  const bad = { ...outlook, question: { ...outlook.question, verdict: "hopeless" as const } };
  expect(() => checkWorth(bad)).toThrow("hopeless: ± ");
  const spent = Array.from({ length: 400 }, () => run(manifest, "completed"));
  expect(() => checkWorth(outlookOf(charter, manifest, spent))).toThrow("more than is left");
});

test("an average cell is one that a number is told of: each band of a histogram, but all rows of a quantile", () => {
  const cellsOf = (statistic: object): number =>
    outlookOf(charter, manifestOf({ kind: "query", statistic }, { epsilon: 2 }), []).question.cells;
  expect(cellsOf({ kind: "histogram", column: "amount", bins: 20 })).toBe(21); // One is of missing values.
  expect(cellsOf({ kind: "quantiles", column: "amount" })).toBe(1);
  expect(cellsOf({ kind: "top", column: "channel" })).toBe(1);
  expect(cellsOf({ kind: "moments", column: "amount" })).toBe(1);
});

test("an overlap is worth its own error against a member's customers, and the same whatever its salt", () => {
  const { schema } = charter;
  const matched = Charter.parse({
    ...charter,
    tasks: ["overlap"],
    schema: { ...schema, identifiers: [{ name: "mail", type: "email" }] },
    columns: { mail: { join: true } },
  });
  const task = { kind: "overlap", column: "mail", sizeExpected: 200_000 };
  const [one, other] = ["a", "b"].map((seed) => manifestOf(task, { epsilon: 2 }, seed, matched));
  if (!one || !other) throw new Error("both were made");
  expect(one.task).not.toEqual(other.task);
  const { question, earlier } = outlookOf(matched, other, [run(one, "completed")]);
  const context = contextOf(matched, one);
  if (context.spec.kind !== "overlap") throw new Error("it is one");
  const { standardError } = overlapPlan({ ...context, spec: context.spec });
  expect(question).toMatchObject({ cells: 3, unitsPerCell: 200_000, stdDev: standardError });
  expect(standardError).toBeGreaterThan(100);
  expect(earlier?.runId).toBe("r");
});

test("of sums over customers in common it is told how far off they are, and against what, before anybody is asked", () => {
  const { schema } = charter;
  const matched = Charter.parse({
    ...charter,
    tasks: ["overlap"],
    schema: { ...schema, identifiers: [{ name: "mail", type: "email" }] },
    columns: { mail: { join: true } },
  });
  const task = { kind: "overlap", column: "mail", sizeExpected: 200_000, values: "amount" };
  const asked = (more: object) =>
    outlookOf(
      matched,
      manifestOf({ ...task, valuesFrom: ["bank-2"], ...more }, { epsilon: 2 }, "a", matched),
      [],
    );
  const plain = asked({ valueMax: 400 });
  const { stdDev, values, numbers, verdict } = plain.question;
  // Every customer may come to the most: then a sum is off by as many of it as the overlap by customers.
  expect(values).toMatchObject({ column: "amount", total: 400 * 200_000, isExpected: false });
  expect(values?.stdDev).toBeCloseTo(400 * stdDev, 6);
  expect(numbers % 4).toBe(0);
  expect(verdict).toBe("good");
  expect(outlookLines(plain)[3]).toMatch(
    /in each sum of amount, against 80,000,000 that all of them may come to$/,
  );
  const small = asked({ valueMax: 400, valueExpected: 40 });
  expect(small.question.values).toMatchObject({ total: 40 * 200_000, isExpected: true });
  expect(small.question.verdict).toBe("rough");
  expect(() => asked({ valueMax: 400, valueExpected: 4 })).toThrow("a smaller valueMax");
});

test("a plan that takes the whole budget fits, though its numbers are rounded", () => {
  const { cost } = outlookOf(charter, manifestOf(COUNT, { epsilon: 3 }), []);
  expect(cost?.shares).toMatchObject({ before: 0, fits: true });
  expect(cost?.shares.after).toBeGreaterThan(0.99);
});

test("what is no question has no outlook", () => {
  const probe = manifestOf({ kind: "probe", dimension: 8, rounds: 1 }, "none");
  expect(() => outlookOf(charter, probe, [])).toThrow("asks no question");
});
