/** Drift between members: each fills a histogram of its own, which is opened under noise only, and told in shares. */
import { expect, test } from "vitest";
import type { Answer } from "../../../../models/answers/answer.ts";
import { newMemory } from "../../../../models/tasks/member-memory.ts";
import { queryTask } from "../../../../models/tasks/query/query.ts";
import type { QueryContext } from "../../../../models/tasks/query/statistic.ts";
import { TaskSpec } from "../../../../shared/charter/task-spec.ts";
import { enrolled, PRIVACY } from "../../../support/manifests.ts";
import { secureSum } from "../../../support/secure-sum.ts";
import { rng } from "../../fixtures.ts";
import {
  ASK,
  answered,
  contextOf,
  isEstimate,
  member,
  NOISE,
  type Row,
  TABLES,
  table,
} from "../questions.ts";

const MEMBERS = ["h1", "h2", "h3", "h4"];
/** The second has only patients who lived for a while; the fourth has one. */
const ROWS: Row[][] = [
  TABLES[0] ?? [],
  (TABLES[1] ?? []).filter(({ months }) => months > 8),
  TABLES[2] ?? [],
  (TABLES[2] ?? []).slice(0, 1),
];
const DATA = ROWS.map((rows, k) => member(rows, `h${k}-`));
/** Enough for it to matter whose noise it is. */
const MULTIPLIER = { trainMultiplier: 10, holdoutMultiplier: 10 };
const EDGES = [0, 16, 32, 48, 64];

function asked(between: unknown, more: object = {}): QueryContext {
  const statistic = { kind: "drift", column: "months", bins: 4, between };
  return { ...contextOf(statistic, more, { ...NOISE, ...MULTIPLIER }), memberIds: MEMBERS };
}

const parts = (context: QueryContext): Float64Array[] =>
  DATA.map((data, k) => queryTask.contribute(context, ASK, data, rng(`${k}`), newMemory(k)));

function secure(context: QueryContext, vectors: readonly Float64Array[], attempt: number): Answer {
  const privacy = { ...PRIVACY, ...MULTIPLIER, maxDropouts: 0, maxColluders: 1 };
  const roster = MEMBERS.map((id) => enrolled(id, "ab".repeat(32)));
  const manifest = { roster, privacy, encoding: undefined };
  return answered(
    context,
    secureSum(vectors, queryTask.shapeOf(context, "query"), manifest, attempt),
  );
}

/** By hand. */
function sharesOf(rows: readonly Row[]): number[] {
  const counts = EDGES.slice(1).map(
    (edge, b) =>
      rows.filter(({ months }) => months >= (EDGES[b] ?? 0) && (months < edge || edge === 64))
        .length,
  );
  return counts.map((count) => Math.max(0.5, count) / rows.length);
}

function stabilityIndex(one: readonly Row[], other: readonly Row[]): number {
  const [p, q] = [sharesOf(one), sharesOf(other)];
  return p.reduce((sum, own, b) => sum + (own - (q[b] ?? 0)) * Math.log(own / (q[b] ?? 0)), 0);
}

test("each member against all others: the index is that of their rows, within its interval", () => {
  const context = asked("members");
  const vectors = parts(context);
  const truths = ROWS.map((rows, k) =>
    stabilityIndex(
      rows,
      ROWS.flatMap((own, i) => (i === k ? [] : own)),
    ),
  );
  let [held, untold] = [0, 0];
  for (let attempt = 0; attempt < 60; attempt++) {
    const answer = secure(context, vectors, attempt);
    const stability = table(answer, "stability");
    expect(stability.map(([name, against]) => `${name}, ${against}`)).toEqual(
      MEMBERS.map((name) => `${name}, all others`),
    );
    for (const [k, truth] of truths.slice(0, 3).entries()) {
      const index = stability[k]?.[2] ?? null;
      if (isEstimate(index) && index.low <= truth && truth <= index.high) held += 1;
    }
    if (stability[3]?.[2] === null) untold += 1;
  }
  // Of 180; `coverage.test.ts` knows it better.
  expect(held / 180).toBeGreaterThan(0.9);
  // The fourth's one patient drowns, but for noise of more than two standard deviations.
  expect(untold).toBeGreaterThan(45);
  const [answer] = [secure(context, vectors, 0)];
  const [first] = table(answer, "shares");
  const share = first?.[2] ?? null;
  if (!isEstimate(share)) throw new Error("a share has an interval");
  expect(Math.abs(share.value - (sharesOf(ROWS[1] ?? [])[0] ?? 0))).toBeLessThan(0.05);
  expect(first?.length).toBe(5);
});

test("one member against another: the others bring nothing, and each fills its own section", () => {
  const context = asked(["h3", "h2"]);
  const vectors = parts(context);
  const counted = vectors.map((vector) => {
    const half = vector.length / 2;
    return [vector.subarray(0, half), vector.subarray(half)].map((side) =>
      side.some((x) => x !== 0),
    );
  });
  expect(counted).toEqual([
    [false, false],
    [false, true],
    [true, false],
    [false, false],
  ]);
  const [row] = table(secure(context, vectors, 1), "stability");
  expect(row?.slice(0, 2)).toEqual(["h3", "h2"]);
  const index = row?.[2] ?? null;
  if (!isEstimate(index)) throw new Error("an index has an interval");
  const truth = stabilityIndex(ROWS[2] ?? [], ROWS[1] ?? []);
  expect(truth).toBeGreaterThan(0.1);
  expect(index.low).toBeLessThanOrEqual(truth);
  expect(index.high).toBeGreaterThanOrEqual(truth);
  expect(() => queryTask.contribute(context, ASK, DATA[0] ?? fail(), rng("0"))).toThrow("place");
});

const fail = (): never => {
  throw new Error("there are members");
};

test("broken down, every cell has its own comparison; a query of it needs every member, and noise", () => {
  const context = asked("members", { by: [{ column: "sex" }] });
  const rows = table(secure(context, parts(context), 2), "stability");
  expect(rows.map(([sex, name]) => `${sex} ${name}`).slice(2, 6)).toEqual([
    "f h3",
    "f h4",
    "m h1",
    "m h2",
  ]);
  expect(queryTask.needsEveryMember?.(context.spec)).toBe(true);
  expect(queryTask.needsEveryMember?.(contextOf({ kind: "count" }).spec)).toBe(false);
  const plain = { ...context, noise: null };
  expect(() => queryTask.plannedAsks(plain)).toThrow("never opened without noise");
});

test.each([
  [{ between: ["h1", "h9"] }, "h9 is no member of the run"],
  [{ between: ["h1", "h1"] }, "named twice"],
])("%j is refused with what to change", ({ between }, words) => {
  expect(() => queryTask.plannedAsks(asked(between))).toThrow(words);
});

test.each([
  {},
  { before: [{ column: "arm", is: "=", value: "old" }] },
  {
    between: "members",
    before: [{ column: "arm", is: "=", value: "old" }],
    after: [{ column: "arm", is: "=", value: "new" }],
  },
])("a drift is between times or between members, and not %j", (sides) => {
  const statistic = { kind: "drift", column: "months", ...sides };
  const told = TaskSpec.safeParse({ kind: "query", statistic });
  expect(told.error?.issues[0]?.message).toContain("say both of the former, or the latter");
});
