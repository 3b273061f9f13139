/** Answers on a terminal: columns aligned, never wider than the terminal, nothing that breaks a line. */
import { expect, test } from "vitest";
import type { Answer } from "../../../models/answers/answer.ts";
import { answerLines, widthOf } from "../../../models/answers/text.ts";
import { ANSWER } from "./samples.ts";

test("a table's columns are aligned: words to the left, numbers to the right", () => {
  expect(answerLines(ANSWER, 100)).toEqual([
    "Rows by country and channel",
    "",
    "country  =channel                      rows         share          p",
    "───────  ─────────────────────  ───────────  ────────────  ─────────",
    "DE       web                    12,346 ± 79  25.0 ± 1.3 %   < 0.0001",
    'FR       =2+5, "shop" and more   at most 77     not given   infinite',
    "-5       @all                    at least 2       50.00 %  not given",
    "",
    "Noise was added.",
    "not given: not defined, drowned in noise, or held back because too few rows stand behind it.",
  ]);
});

test("where the terminal is narrow, words are cut, and then rows become lines", () => {
  const cut = answerLines(ANSWER, 62);
  expect(cut.join("\n")).toContain("…");
  for (const line of cut) expect(widthOf(line)).toBeLessThanOrEqual(62);
  expect(answerLines(ANSWER, 40).slice(2, 9)).toEqual([
    "country: DE",
    "  =channel: web",
    "  rows: 12,346 ± 79",
    "  share: 25.0 ± 1.3 %",
    "  p: < 0.0001",
    "",
    "country: FR",
  ]);
});

test("several tables are told apart by name, and one without rows is left out", () => {
  const empty = { name: "none", columns: [{ name: "rows", kind: "count" as const }], rows: [] };
  const other = { ...empty, name: "one", rows: [[7]] };
  const answer: Answer = { title: "Two", tables: [empty, other], charts: [], notes: [] };
  expect(answerLines(answer, 80)).toEqual([...["Two", "", "one", "rows", "────", "   7"]]);
  expect(answerLines({ ...answer, tables: [empty] }, 80)).toEqual(["Two", "", "Nothing to tell."]);
});

test("wide letters count twice, combining ones not at all", () => {
  expect(["ab", "日本", "e\u0301", "ｗ", "👍"].map(widthOf)).toEqual([2, 4, 1, 2, 2]);
  const columns = [
    { name: "city", kind: "text" as const },
    { name: "n", kind: "count" as const },
  ];
  const rows = [
    ["東京", 1],
    ["Rome", 22],
  ];
  const table = { name: "t", columns, rows };
  const lines = answerLines({ title: "T", tables: [table], charts: [], notes: [] }, 80);
  expect(lines.slice(4)).toEqual(["東京   1", "Rome  22"]);
});
