/** A charter that is wrong is refused in one line that names the field. */
import { expect, test } from "vitest";
import { Charter, charterHash, parseOrRefuse } from "../../../shared/charter/charter.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";

const good = (): Record<string, unknown> => structuredClone({ ...smallCharter(memberIds(3)) });

function refusal(change: (charter: ReturnType<typeof deep>) => void): string {
  const charter = deep();
  change(charter);
  try {
    parseOrRefuse(Charter, charter, "charter.yaml");
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "accepted";
}

// biome-ignore format: one line reads better
const deep = () => structuredClone(good()) as { [key: string]: unknown; schema: { features: Record<string, unknown>[] }; privacy: Record<string, unknown>; minimums: Record<string, unknown> };

test("a right charter is taken, and its hash changes with any of its fields", () => {
  const charter = parseOrRefuse(Charter, good(), "charter.yaml");
  expect(charterHash(charter)).toBe(charterHash(smallCharter(memberIds(3))));
  expect(charterHash({ ...charter, purpose: "another" })).not.toBe(charterHash(charter));
});

test("a column by whose name a rule would be lost is refused: no two charters that differ have one hash", () => {
  const change = (c: ReturnType<typeof deep>): void => {
    Object.assign(c.schema.features[0] ?? {}, { name: "__proto__" });
    c["columns"] = JSON.parse('{"__proto__": {"sums": "never"}}');
  };
  expect(refusal(change)).toContain("no column may be called __proto__");
});

test("a budget without an order has the recommended one, written out, and so the same hash as if it had been given", () => {
  const budgeted = (more: object): Charter => {
    const charter = deep();
    Object.assign(charter.privacy, { budget: { epsilon: 3, delta: 1e-6, ...more } });
    return Charter.parse(charter);
  };
  expect(budgeted({}).privacy.budget).toEqual({ epsilon: 3, delta: 1e-6, rdpOrder: 9 });
  expect(charterHash(budgeted({}))).toBe(charterHash(budgeted({ rdpOrder: 9 })));
  expect(charterHash(budgeted({}))).not.toBe(charterHash(budgeted({ rdpOrder: 10 })));
});

test.each<[string, (charter: ReturnType<typeof deep>) => void]>([
  ["purpos", (c) => Object.assign(c, { purpos: "x" })],
  ["members", (c) => Object.assign(c, { members: ["a", "b"] })],
  ["members", (c) => Object.assign(c, { members: ["a", "b", "b"] })],
  ["members.0", (c) => Object.assign(c, { members: ["A B", "b", "c"] })],
  ["holdoutFraction", (c) => Object.assign(c, { holdoutFraction: 2 })],
  ["minimums.members", (c) => Object.assign(c.minimums, { members: 2 })],
  [
    "privacy.budget.epsilon",
    (c) => Object.assign(c.privacy, { budget: { epsilon: -1, delta: 1e-5, rdpOrder: 8 } }),
  ],
  ["privacy.budget.delta", (c) => Object.assign(c.privacy, { unitsExpected: 100_000 })],
  [
    "22 would serve",
    (c) => Object.assign(c.privacy, { budget: { epsilon: 1, delta: 1e-6, rdpOrder: 8 } }),
  ],
  ["privacy.unitsExpected", (c) => Object.assign(c.privacy, { unitsExpected: null })],
  ["schema.features.0.type", (c) => Object.assign(c.schema.features[0] ?? {}, { type: "text" })],
  ["amount", (c) => Object.assign(c.schema.features[0] ?? {}, { min: 2000 })],
  ["label", (c) => Object.assign(c.schema.features[0] ?? {}, { name: "label" })],
  ["tasks", (c) => Object.assign(c, { tasks: [] })],
])("a fault at %s is named in one line", (field, change) => {
  const message = refusal(change);
  expect(message).toMatch(/^charter\.yaml/);
  expect(message).toContain(field);
  expect(message).not.toContain("\n");
});
