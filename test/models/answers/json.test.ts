/** JSON of an answer: there and back, whatever its numbers are; anything else is refused by its place. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Answer } from "../../../models/answers/answer.ts";
import { answerData, parseAnswer } from "../../../models/answers/json.ts";
import { ANSWER } from "./samples.ts";

const thereAndBack = (answer: Answer): Answer =>
  parseAnswer(JSON.parse(JSON.stringify(answerData(answer))), "the answer");

test("an answer comes back as it was", () => {
  expect(thereAndBack(ANSWER)).toEqual(ANSWER);
});

test("so does any number, and any text that looks like one", () => {
  const estimate = fc.record({ value: fc.double(), low: fc.double(), high: fc.double() });
  const text = fc.oneof(fc.string(), fc.constantFrom("inf", "nan", "-inf"));
  const cell = fc.oneof(text, fc.double(), fc.constant(null), estimate);
  fc.assert(
    fc.property(cell, fc.oneof(text, fc.double()), (value, x) => {
      const table = {
        name: "t",
        columns: [{ name: "c", kind: "number" as const }],
        rows: [[value]],
      };
      const series = [{ name: "s", points: [{ x, y: 1 }] }];
      const chart = { kind: "lines" as const, title: "", x: "", y: "", series };
      const answer = { title: "", tables: [table], charts: [chart], notes: [] };
      // JSON has one zero.
      const plain = JSON.parse(JSON.stringify(answerData(answer)));
      expect(answerData(parseAnswer(plain, "it"))).toEqual(plain);
    }),
  );
});

test("what is no answer is refused by its place", () => {
  const data = JSON.parse(JSON.stringify(answerData(ANSWER)));
  data.tables[0].rows[1].pop();
  expect(() => parseAnswer(data, "the answer")).toThrow(
    'the answer at "tables.0": a row has another number of cells',
  );
  expect(() => parseAnswer({ ...data, tables: [], extra: 1 }, "the answer")).toThrow("extra");
});
