/** What takes part in a matching, and what the counts come to. */
import { expect, test } from "vitest";
import type { PartitionedData } from "../../../models/data.ts";
import { tableEncoder } from "../../../models/features/encoder.ts";
import { matchTask } from "../../../models/tasks/match.ts";
import { matchIdentifiers } from "../../../models/tasks/match-identifiers.ts";
import type { TaskContext } from "../../../models/tasks/task.ts";
import { MatchTask } from "../../../shared/charter/match-spec.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";

const schema = DataSchema.parse({
  label: { column: "fraud" },
  unit: { column: "customer" },
  features: [{ name: "amount", type: "number", min: 0, max: 1000 }],
  identifiers: [{ name: "mail", type: "email" }],
});
const spec = MatchTask.parse({ kind: "match", column: "mail", setSize: 1100 });
const context: TaskContext<MatchTask> = {
  spec,
  schema,
  noise: null,
  rowsMax: 10_000,
  memberCount: 3,
  memberIds: ["a", "b", "c"],
};

/** One row for each address, in both partitions. */
function table(...mails: readonly string[]): PartitionedData {
  const isHoldout = (id: string): boolean => id.endsWith("7");
  const where = { table: "t", isHoldout, allowOneClass: true };
  const encoder = tableEncoder(schema, ["customer", "amount", "fraud", "mail"], where);
  for (const [n, mail] of mails.entries())
    encoder.add([`c${n}`, "5", n % 2 ? "1" : "0", mail], n + 1, n + 2);
  return encoder.finish().data;
}

const mails = (count: number): string[] => Array.from({ length: count }, (_, n) => `c${n}@x.de`);

test("every address takes part once, in its one spelling; what is none is counted", () => {
  const data = table(...mails(1000), "C5@X.DE", " c7@x.de", "", "nobody", "c8@x.de");
  const { taking, ...counts } = matchIdentifiers(context, data);
  expect(taking).toEqual(new Set(mails(1000)));
  expect(counts).toEqual({ different: 1000, missingRows: 1, invalidRows: 1 });
  expect(matchTask.ownNotes(context, data)).toHaveLength(1);
});

test("of a set that is too small nothing takes part, and only the member is told", () => {
  const data = table(...mails(999));
  expect(matchIdentifiers(context, data)).toMatchObject({ taking: new Set(), different: 999 });
  expect(matchTask.ownNotes(context, data).join(" ")).toContain("dummies alone");
});

test("one that is too large for the run is told beforehand", () => {
  const notes = matchTask.ownNotes(context, table(...mails(1101)));
  expect(notes.join(" ")).toContain("this agent will decline");
});

test("with noise a customer's first few take part, the same at every member, and no set is too small", () => {
  const pools = { perPool: 72, delta: 1e-5 };
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 1000, pools };
  const taken = (perUnit: number | undefined, ...rows: [string, string][]): string[] => {
    const where = { table: "t", isHoldout: () => false, allowOneClass: true };
    const encoder = tableEncoder(schema, ["customer", "amount", "fraud", "mail"], where);
    for (const [n, [id, mail]] of rows.entries()) encoder.add([id, "5", "1", mail], n + 1, n + 2);
    const own = { ...context, noise, spec: { ...spec, identifiersPerUnitMax: perUnit } };
    return [...matchIdentifiers(own, encoder.finish().data).taking].sort();
  };
  const many = ["a@x.de", "b@x.de", "c@x.de", "d@x.de"].map((m): [string, string] => ["c1", m]);
  const [first = "", ...none] = taken(undefined, ...many);
  expect(none).toEqual([]);
  expect(taken(undefined, ...many.toReversed(), ["c2", "e@x.de"])).toEqual(
    [first, "e@x.de"].sort(),
  );
  expect(taken(2, ...many)).toHaveLength(2);
  expect(taken(2, ...many)).toContain(first);
  // One customer less takes away its own, and changes nobody else's.
  expect(taken(1, ...many, ["c2", first])).toEqual([first]);
  expect(taken(16, ...many)).toHaveLength(4);
});

const counts = {
  byMembers: [100, 20, 7],
  pairs: [
    [0, 15, 12],
    [15, 0, 14],
    [12, 14, 0],
  ],
};

test("counts survive the store, and are the answer to the unit", () => {
  const stored = matchTask.encodeState({ counts });
  const state = matchTask.decodeState(context, stored);
  expect(state).toEqual({ counts });
  const answer = matchTask.answer(context, state);
  expect(answer?.tables.map(({ rows }) => rows)).toEqual([
    [
      [1, 100],
      [2, 20],
      [3, 7],
    ],
    [
      ["a", null, 15, 12],
      ["b", 15, null, 14],
      ["c", 12, 14, null],
    ],
  ]);
  const strict = matchTask.answer({ ...context, cellMin: 8 }, state);
  expect(strict?.tables[0]?.rows).toEqual([
    [1, 100],
    [2, null],
    [3, null],
  ]);
  expect(matchTask.answer(context, matchTask.begin())).toBeNull();
  expect(matchTask.decodeState(context, matchTask.encodeState({ counts: null }))).toEqual({
    counts: null,
  });
});

test("a stored state of another size, or of no counts, is not read", () => {
  const stored = matchTask.encodeState({ counts });
  expect(() => matchTask.decodeState(context, stored.slice(8))).toThrow("not one of this task");
  stored[7] = 0xc0; // Now negative.
  expect(() => matchTask.decodeState(context, stored)).toThrow("not one of this task");
});

test("no sum is ever asked for or answered", () => {
  expect(matchTask.plannedAsks(context)).toEqual([]);
  expect(matchTask.nextAsk()).toBeNull();
  expect(() => matchTask.shapeOf(context, "sketches")).toThrow("no sum");
  const ask = { kind: "sketches", input: new Float32Array(0) };
  expect(() => matchTask.contribute(context, ask)).toThrow("no sum");
});
