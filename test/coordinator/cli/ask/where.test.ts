/** The language of `--where`: every form, in any spacing; errors that point at the place. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Condition, parseWhere } from "../../../../coordinator/cli/ask/where.ts";
import { CloisterError } from "../../../../shared/base/errors.ts";

/** Without places. */
const plain = ({ column, test: how }: Condition): string => {
  switch (how.kind) {
    case "compare":
      return `${column}|${how.operator}|${how.value.text}`;
    case "in":
      return `${column}|in|${how.values.map(({ text }) => text).join("|")}`;
    case "between":
      return `${column}|between|${how.low.text}|${how.high.text}`;
    case "missing":
    case "present":
      return `${column}|${how.kind}`;
  }
};

test.each([
  ["amount > 100", ["amount|>|100"]],
  ["amount>=1.5e3", ["amount|>=|1.5e3"]],
  ["amount ≤ -2", ["amount|<=|-2"]],
  ["channel == web", ["channel|=|web"]],
  ["channel <> web", ["channel|!=|web"]],
  ["country in DE,FR", ["country|in|DE|FR"]],
  ["country IN ( DE , 'United Kingdom' )", ["country|in|DE|United Kingdom"]],
  ["country in DE", ["country|in|DE"]],
  ["amount between 1 and 5", ["amount|between|1|5"]],
  ["hour is missing", ["hour|missing"]],
  ["hour IS not missing", ["hour|present"]],
  ["`annual income` > 5", ["annual income|>|5"]],
  ['"a ""quoted"" name" = ""', ['a "quoted" name|=|']],
  ["in = in and 'and' = and", ["in|=|in", "and|=|and"]],
  [
    "amount between 1 and 5 and hour<3 AND channel='a,b'",
    ["amount|between|1|5", "hour|<|3", "channel|=|a,b"],
  ],
  ["größe ≠ 3", ["größe|!=|3"]],
])("%s is understood", (source, expected) => {
  expect(parseWhere(source).map(plain)).toEqual(expected);
});

test.each([
  ["", "at its end: expected a column's name"],
  ["   ", "at its end: expected a column's name"],
  [
    "amount",
    'at its end: expected =, !=, <, <=, >, >=, in, between, or is missing after the column "amount"',
  ],
  ["amount >", "at its end: expected a value"],
  ["> 5", 'at character 1 ("> 5"): expected a column\'s name'],
  ["amount > > 5", 'at character 10 ("> 5"): expected a value'],
  ["amount ! 5", 'at character 8 ("! 5"): ! means nothing alone; write !='],
  [
    "amount > 5 6",
    'at character 12 ("6"): expected "and" or nothing more; a value with a space needs quotation marks: "5 6"',
  ],
  [
    "amount > 5,6",
    'at character 11 (",6"): expected "and" or nothing more; several values are "in a, b", and numbers',
  ],
  [
    "country = DE or hour < 3",
    'at character 14 ("or hour < 3"): expected "and" or nothing more; there is no "or": several values',
  ],
  ["amount > 5 and", "at its end: expected a column's name"],
  [
    "annual income > 5",
    'at character 8 ("income > 5"): expected =, !=, <, <=, >, >=, in, between, or is missing after the column "annual"; a column with a space needs quotation marks: "annual …"',
  ],
  ["country in (DE", 'at its end: expected "," or ")"'],
  ["country in DE,", "at its end: expected a value"],
  ["country in", "at its end: expected a value"],
  ["amount between 1 , 5", 'at character 18 (", 5"): expected "and" and the upper end'],
  ["hour is 5", 'at character 9 ("5"): expected "missing" or "not missing"; for a value write ='],
  ["name = 'open", "at character 8 (\"'open\"): the quotation mark ' is not closed"],
  ["amount > 5 or hour < 3 and so on", 'at character 12 ("or hour < 3 and …"): expected "and"'],
])("%j is refused where it goes wrong", (source, message) => {
  expect(() => parseWhere(source)).toThrow(`--where ${JSON.stringify(source)}: ${message}`);
});

test("whatever is typed is understood or refused in words, and names and values survive quotation", () => {
  fc.assert(
    fc.property(fc.string(), (source) => {
      try {
        expect(parseWhere(source).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(CloisterError);
      }
    }),
  );
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.string(), fc.string(), (column, value) => {
      const [found] = parseWhere(`${quoted(column)}=${quoted(value)}`);
      expect(found).toMatchObject({ column, test: { kind: "compare", value: { text: value } } });
    }),
  );
});
