/** What members are shown of an amendment: every difference, in words, and where it protects less. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { changesOf } from "../../../shared/charter/amendment-changes.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";

const CHARTER = Charter.parse({
  ...smallCharter(memberIds(3)),
  columns: { amount: { sums: "never" }, hour: { group: false } },
  receivers: { models: ["bank-1"], metrics: ["bank-1"] },
  hours: { from: "08:00", to: "18:00" },
  expiresOn: "2027-12-31",
});
const changed = (edit: (charter: typeof CHARTER) => object): Charter =>
  Charter.parse(edit(structuredClone(CHARTER)));
const linesOf = (after: Charter, before = CHARTER): string[] =>
  changesOf(before, after).map(
    (one) => `${one.field}: ${one.before} -> ${one.after}; ${one.warning ?? "fine"}`,
  );

test.each<[string, (charter: typeof CHARTER) => object, string[]]>([
  ["nothing", (c) => c, []],
  [
    "fewer rows",
    (c) => ({ ...c, minimums: { ...c.minimums, rows: 5 } }),
    ["minimums.rows: 10 -> 5; fewer suffice than before"],
  ],
  [
    "more rows",
    (c) => ({ ...c, minimums: { ...c.minimums, rows: 50 } }),
    ["minimums.rows: 10 -> 50; fine"],
  ],
  [
    "a larger budget",
    (c) => ({ ...c, privacy: { ...c.privacy, budget: { epsilon: 5, delta: 1e-5, rdpOrder: 8 } } }),
    ["privacy.budget.epsilon: 3 -> 5; customers may lose more than was promised"],
  ],
  [
    "no noise, and noise by the coordinator",
    (c) => ({ ...c, privacy: { ...c.privacy, unnoisedRuns: "refused", centralNoise: "allowed" } }),
    [
      "privacy.centralNoise: null -> allowed; the coordinator may see exact sums",
      "privacy.unnoisedRuns: allowed -> refused; fine",
    ],
  ],
  [
    "a member more",
    (c) => ({ ...c, members: [...c.members, "bank-4"] }),
    [
      "members: null -> bank-4; sees what members see; its key takes a telephone round; 2 of 4 members approve a run where 2 of 3 did",
    ],
  ],
  [
    "members in another order",
    (c) => ({ ...c, members: ["bank-2", "bank-1", "bank-3"] }),
    ["members: bank-1, bank-2, bank-3 -> bank-2, bank-1, bank-3; fine"],
  ],
  [
    "a column opened",
    (c) => ({ ...c, columns: { hour: { group: true } } }),
    [
      "columns.amount.feature: true -> null; fine",
      "columns.amount.group: false -> null; fine",
      "columns.amount.join: false -> null; fine",
      "columns.amount.sums: never -> null; sums of the column may be opened",
      "columns.hour.group: false -> true; the column may be used for more",
    ],
  ],
  [
    "receivers widened",
    (c) => ({ ...c, receivers: { models: ["bank-1", "analyst"], metrics: ["bank-1"] } }),
    ["receivers.models: null -> analyst; results go to more"],
  ],
  [
    "fewer in a cell than where nothing was said",
    (c) => ({ ...c, minimums: { ...c.minimums, cell: 1 } }),
    ["minimums.cell: null -> 1; fewer suffice than before"],
  ],
  [
    "as many in a cell as where nothing was said",
    (c) => ({ ...c, minimums: { ...c.minimums, cell: 5 } }),
    ["minimums.cell: null -> 5; fine"],
  ],
  [
    "vetoes of one only",
    (c) => ({ ...c, governance: { ...c.governance, vetoes: ["bank-1"] } }),
    [
      "governance.vetoes: any -> null; some members' vetoes end no proposal any more",
      "governance.vetoes: null -> bank-1; fine",
    ],
  ],
  [
    "no end",
    (c) => ({ ...c, expiresOn: undefined }),
    ["expiresOn: 2027-12-31 -> null; runs may begin without end"],
  ],
  [
    "a column more, of which a name has a dot",
    (c) => ({
      ...c,
      schema: {
        ...c.schema,
        others: [{ name: "a.b", type: "category", categories: ["x"], encoding: "onehot" }],
      },
    }),
    [
      "schema.others.a.b.categories: null -> x; fine",
      "schema.others.a.b.dimension: null -> 8; fine",
      "schema.others.a.b.encoding: null -> onehot; fine",
      "schema.others.a.b.name: null -> a.b; fine",
      "schema.others.a.b.type: null -> category; a column is opened",
    ],
  ],
])("is told: %s", (_what, edit, lines) => {
  expect(linesOf(changed(edit))).toEqual(lines);
});

const EDITS: readonly ((charter: typeof CHARTER, n: number) => object)[] = [
  (c, n) => ({ ...c, purpose: `purpose ${n}` }),
  (c, n) => ({ ...c, minimums: { ...c.minimums, rows: 1 + n, units: n > 1 ? n : undefined } }),
  (c, n) => ({ ...c, tasks: (["train", "query", "probe"] as const).slice(0, 1 + (n % 3)) }),
  (c, n) => ({ ...c, members: n % 2 ? [...c.members].reverse() : [...c.members, `bank-${4 + n}`] }),
  (c, n) => ({ ...c, governance: n % 2 ? undefined : { mustApprove: n > 2 ? ["bank-1"] : [] } }),
  (c, n) => ({ ...c, receivers: n % 2 ? undefined : { models: [`x-${n}`], metrics: ["bank-1"] } }),
  (c, n) => ({ ...c, columns: n % 2 ? {} : { hour: { join: n > 2 } } }),
  (c, n) => ({ ...c, schema: { ...c.schema, features: c.schema.features.slice(n % 3) } }),
  (c, n) => ({
    ...c,
    schema: {
      ...c.schema,
      features: [...c.schema.features].reverse(),
      others: n % 2 ? [] : undefined,
    },
  }),
  (c, n) => ({ ...c, privacy: { ...c.privacy, budget: null, unitsExpected: n > 2 ? null : 5 } }),
];
const someCharter = fc
  .array(fc.tuple(fc.nat(EDITS.length - 1), fc.nat(5)), { maxLength: 4 })
  .map((edits) => {
    let charter: object = CHARTER;
    for (const [i, n] of edits) {
      const edited = Charter.safeParse(EDITS[i]?.(charter as typeof CHARTER, n)).data;
      charter = edited ?? charter;
    }
    return charter as Charter;
  });

test("no change is passed over, and none is told that is none", () => {
  fc.assert(
    fc.property(someCharter, someCharter, (before, after) => {
      const isSame = charterHash(before) === charterHash(after);
      expect(changesOf(before, after).length === 0).toBe(isSame);
    }),
    { numRuns: 300 },
  );
});

test("vetoes of one only, where the charter said nothing of them, are a veto less for all others", () => {
  const { governance: _, ...silent } = CHARTER;
  const before = Charter.parse(silent);
  const lines = (vetoes: readonly string[]) =>
    linesOf(Charter.parse({ ...silent, governance: { vetoes } }), before);
  const warning = "some members' vetoes end no proposal any more";
  expect(lines(["bank-1"])).toEqual([
    "governance.mustApprove: null -> an empty list; fine",
    `governance.vetoes: null -> bank-1; ${warning}`,
  ]);
  expect(lines([])).toContain(`governance.vetoes: null -> an empty list; ${warning}`);
  expect(lines(["bank-1", "bank-2", "bank-3"]).join()).not.toContain(warning);
});

test("no name of a column makes one change hide another", () => {
  const { features, ...schema } = CHARTER.schema;
  const hider = { name: "x", type: "category", categories: ["a", "a.max"] };
  const hidden = (max: number) => ({ name: "x.categories\na", type: "number", min: 0, max });
  const charter = (max: number) =>
    Charter.parse({
      ...CHARTER,
      schema: { ...schema, features: [...features, hidden(max), hider] },
    });
  const [before, after] = [charter(1), charter(2)];
  expect(changesOf(before, after).map((one) => [one.before, one.after])).toEqual([["1", "2"]]);
});

test("nor does an entry that has a comma in it hide another order of a list", () => {
  const charter = (models: readonly string[]) =>
    Charter.parse({ ...CHARTER, schema: withCategories(models) });
  const [one, other] = [charter(["a", "a, a"]), charter(["a, a", "a"])];
  expect(charterHash(one)).not.toBe(charterHash(other));
  expect(changesOf(one, other).length).toBe(1);
});

function withCategories(categories: readonly string[]) {
  const { features, ...schema } = CHARTER.schema;
  return { ...schema, features: [...features, { name: "kind", type: "category", categories }] };
}
