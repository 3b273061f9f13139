/** What a question would cost, leave and be worth; what was asked before; and when it is better not asked. */
import { expect, test } from "vitest";
import { checkWorth, outlookLines } from "../../../coordinator/cli/ask/outlook-lines.ts";
import type { RunEvent, RunStatus } from "../../../coordinator/run/events.ts";
import { outlookOf } from "../../../coordinator/run/outlook.ts";
import { buildManifest } from "../../../coordinator/run/plan.ts";
import { momentsOf } from "../../../models/statistics/moments.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { overlapPlan } from "../../../models/tasks/overlap/shape.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { Charter } from "../../../shared/charter/charter.ts";
import { type Manifest, Plan } from "../../../shared/charter/manifest.ts";
import { rdpLimit } from "../../../shared/privacy/accounting/budget.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";

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
  return { runId, manifest, charter, status, events, endedAtMs: 5, deletedAtMs: null };
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
  expect(outlookLines(outlook)[0]).toBe(
    "Asks      3 members for one secure sum of 1 number, in one cell",
  );
  const bad = { ...outlook, question: { ...outlook.question, verdict: "hopeless" as const } };
  expect(() => checkWorth(bad)).toThrow("hopeless: ± ");
  const spent = Array.from({ length: 400 }, () => run(manifest, "completed"));
  expect(() => checkWorth(outlookOf(charter, manifest, spent))).toThrow("more than is left");
});

test("of a mean its error is told against the declared range, and decides what the question is worth", () => {
  const asked = (units: number, statistic: object = { kind: "moments", column: "amount" }) => {
    const room = { ...charter, privacy: { ...charter.privacy, unitsExpected: units } };
    const task = { kind: "query", statistic };
    return outlookOf(room, manifestOf(task, { epsilon: 1 }, "a", room), []);
  };
  const { question } = asked(100_000);
  // A row adds 1, u and u² to three numbers: each has √3 times the noise of a count.
  expect(question.stdDev / asked(100_000, { kind: "count" }).question.stdDev).toBeCloseTo(
    Math.sqrt(3),
    3,
  );
  // Where the mean is at an end of the range, the answer's own interval reaches as far as is told, to first order.
  const sums = new Float64Array(3).fill(-100_000);
  sums[0] = 100_000;
  const { mean } = momentsOf({ sums, stdDev: question.stdDev }, { middle: 500, half: 500 });
  if (mean === null || typeof mean === "number") throw new Error("it has an interval");
  expect((mean.high - mean.value) / 1000).toBeCloseTo(question.mean?.rangeShare ?? 0, 6);
  expect(question.mean).toMatchObject({ column: "amount", min: 0, max: 1000 });
  expect(outlookLines(asked(100_000)).slice(3)).toEqual([
    expect.stringMatching(
      /^ {10}at most ± 0\.\d+ in a mean, 0\.0\d+ % of the declared range of amount, 0 to 1,000$/,
    ),
    expect.stringContaining(
      "Verdict   good: means are known to 1 % of the declared range or better",
    ),
  ]);
  const at = (rangeShare: number): number =>
    Math.ceil((100_000 * (question.mean?.rangeShare ?? 0)) / rangeShare) + 1;
  expect([at(0.01), at(0.0101), at(0.2), at(0.26)].map((n) => asked(n).question.verdict)).toEqual([
    "good",
    "rough",
    "rough",
    "hopeless",
  ]);
  expect(() => checkWorth(asked(at(0.26)))).toThrow("26 % of the declared range in a mean");
  const groups = { kind: "means", column: "amount", groups: { column: "channel" } };
  expect(asked(9000, groups).question.mean?.rangeShare).toBeCloseTo(
    asked(3000).question.mean?.rangeShare ?? 0,
    4,
  );
  expect(asked(9000, { kind: "count" }).question.mean).toBeNull();
});

test("rows of a unit that count make the noise larger, and the cells as well", () => {
  const asked = (rowsPerUnitMax: number, kind: string) =>
    outlookOf(
      charter,
      manifestOf({ kind: "query", statistic: { kind }, rowsPerUnitMax }, { epsilon: 2 }),
      [],
    );
  const one = asked(1, "count").question;
  const four = asked(4, "count").question;
  expect(four.stdDev).toBeCloseTo(4 * one.stdDev, 12);
  expect(four.verdict).toBe(one.verdict);
  expect(outlookLines(asked(4, "count")).join()).toContain("300 customers of up to 4 rows each");
  // A customer counts once, however many rows it has.
  expect(asked(4, "units").question.stdDev).toBeCloseTo(one.stdDev, 12);
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
  const { question, earlier } = outlookOf(matched, other, [
    { ...run(one, "completed"), charter: matched },
  ]);
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
