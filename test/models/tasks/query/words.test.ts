/** Conditions in words are what `cloister ask` reads as these very conditions. */
import { expect, test } from "vitest";
import { understood } from "../../../../coordinator/cli/ask/conditions.ts";
import { parseWhere } from "../../../../coordinator/cli/ask/where.ts";
import { conditionsText } from "../../../../models/tasks/query/words.ts";
import { Condition } from "../../../../shared/charter/query-spec.ts";
import { DataSchema } from "../../../../shared/charter/schema.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "fraud" },
  unit: null,
  features: [
    { name: "annual income", type: "number", min: -10, max: 1e6 },
    { name: "city", type: "category", categories: ["New York", 'the "old" town', "Rome"] },
  ],
});

test.each([
  [[{ column: "annual income", is: ">=", value: -2.5 }], '"annual income" >= -2.5'],
  [
    [{ column: "annual income", is: "between", low: 1, high: 5 }],
    '"annual income" between 1 and 5',
  ],
  [
    [
      { column: "annual income", is: "present" },
      { column: "annual income", is: "missing" },
    ],
    '"annual income" is not missing and "annual income" is missing',
  ],
  [[{ column: "city", is: "in", values: ["Rome", "New York"] }], 'city in Rome, "New York"'],
  [[{ column: "city", is: "!=", value: 'the "old" town' }], 'city != "the ""old"" town"'],
])("%j reads %s", (conditions, text) => {
  const asked = conditions.map((condition) => Condition.parse(condition));
  expect(conditionsText(asked)).toBe(text);
  expect(understood(SCHEMA, parseWhere(text)).where).toEqual(asked);
});
