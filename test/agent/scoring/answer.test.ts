/** What the scoring server says to a body: scores, or what is wrong with which field, and nothing of the values. */
import { expect, test } from "vitest";
import { exampleRow, scoringService } from "../../../agent/scoring/answer.ts";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { explainer, largestReasons } from "../../../models/scoring/reasons.ts";
import { netScorer } from "../../../models/scoring/scorer.ts";
import { ALL, encodedRows, rawModel, rawModelOf, rawRows } from "../../models/raw-rows.ts";

const model = rawModel(ALL, [8, 4]);
const rows = rawRows(model, 50);
const data = encodedRows(model, rows);
const expected = plainBackend(architectureOf(model.schema, model.spec)).scores(
  model.params,
  model.scaling,
  data,
);

function service(rowsMax = 100) {
  const given: number[] = [];
  return {
    given,
    ...scoringService(netScorer(model), { rowsMax, onScore: (score) => given.push(score) }),
  };
}

test("a row and a batch get our scores, and both count what was unknown", () => {
  const { answer, given, unknown } = service();
  const single = answer(JSON.stringify(rows[0]), null);
  expect(single).toEqual({ status: 200, body: { score: expected[0] }, rowsScored: 1 });
  const batch = answer(JSON.stringify(rows), null);
  expect(batch).toEqual({ status: 200, body: { scores: [...expected] }, rowsScored: 50 });
  expect(given).toEqual([expected[0], ...expected]);
  const counted = model.schema.features.map(({ name }) => {
    const declared: readonly unknown[] = ["web", "shop", 'a "quoted", one', "Überweisung"];
    const others: readonly unknown[] = ["constructor", "a<b>&c", "mon", "tue"];
    const known = (value: unknown): boolean =>
      typeof value === "number" || declared.includes(value) || others.includes(value);
    return [rows[0] ?? {}, ...rows].filter((row) => !known(row[name])).length;
  });
  expect([...unknown]).toEqual(counted);
  expect(answer("[]", null)).toMatchObject({ status: 200, body: { scores: [] } });
});

test("reasons come with scores when asked for, at most so many", () => {
  const { answer } = service();
  const { numberCount, categoryCount } = architectureOf(model.schema, model.spec);
  const explain = explainer(model);
  const reasons = rows.map((_, r) => {
    const { reasons } = explain(data.numbers, r * numberCount, data.codes, r * categoryCount);
    return largestReasons(reasons, 2);
  });
  const single = answer(JSON.stringify(rows[3]), 2);
  expect(single.body).toEqual({ score: expected[3], reasons: reasons[3] });
  expect(answer(JSON.stringify(rows), 2).body).toEqual({ scores: [...expected], reasons });
  const many = Array.from({ length: 150 }, () => rows[0]);
  expect(service(1000).answer(JSON.stringify(many), 1).status).toBe(413);
  expect(service(1000).answer(JSON.stringify(many), null).status).toBe(200);
});

test("every field that does not fit is named with its reason, never its value", () => {
  const { answer, given } = service();
  const { debt: _, ...absent } = rows[0] ?? {};
  const bad = { ...absent, amount: "4711x", age: { secret: 1 }, when: null, channel: ["secret"] };
  const { status, body } = answer(JSON.stringify(bad), null);
  expect(status).toBe(422);
  expect(body).toMatchObject({
    code: "request.unfit-rows",
    faultCount: 5,
    faults: [
      { field: "amount", code: "not-a-number" },
      { field: "age", code: "not-a-number" },
      { field: "when", code: "missing" },
      { field: "debt", code: "field-absent" },
      { field: "channel", code: "not-a-category" },
    ],
  });
  expect(JSON.stringify(body)).not.toMatch(/4711|secret/);
  expect(given).toEqual([]);
});

test("one bad row in a batch, and none is scored; a flood of faults is counted, not listed", () => {
  const { answer, given } = service(1000);
  const batch = answer(JSON.stringify([rows[0], { ...rows[1], when: "NaN" }, 7]), null);
  expect(batch).toMatchObject({
    status: 422,
    rowsScored: 0,
    body: {
      faults: [
        { row: 1, field: "when", code: "missing" },
        { row: 2, field: "", code: "row-not-object" },
      ],
    },
  });
  const { body } = answer(JSON.stringify(Array.from({ length: 500 }, () => ({}))), null);
  expect(body).toMatchObject({ faultCount: 500 * ALL.length });
  expect((body as { faults: unknown[] }).faults).toHaveLength(100);
  expect(given).toEqual([]);
});

test("what is no JSON, and too many rows, are told apart", () => {
  const { answer } = service(3);
  for (const text of ["", "{", "NaN", '{"amount":NaN}', "undefined"])
    expect(answer(text, null)).toMatchObject({ status: 400, body: { code: "request.not-json" } });
  expect(answer(JSON.stringify(rows.slice(0, 4)), null).status).toBe(413);
  expect(answer("null", null).status).toBe(422);
  expect(answer('"text"', null).status).toBe(422);
  // Beyond what a double holds: not finite.
  expect(
    answer(JSON.stringify(rows[0]).replace(/"when":[\d.]+/, '"when":1e999'), null).body,
  ).toEqual(
    expect.objectContaining({ faults: [expect.objectContaining({ code: "not-a-number" })] }),
  );
});

test("text is read as a cell of a table is, and a row of the schema's own making fits", () => {
  const { answer } = service();
  const texts = Object.fromEntries(
    Object.entries(rows[0] ?? {}).map(([name, value]) => [name, ` ${value ?? "NA"} `]),
  );
  expect(answer(JSON.stringify(texts), null).body).toEqual({ score: expected[0] });
  expect(answer(JSON.stringify(exampleRow(netScorer(model))), null).status).toBe(200);
});

test("an autoencoder answers with anomaly scores, and with the features that it gave back worst", () => {
  const odd = rawModelOf(ALL, { autoencoder: { hidden: [4], activation: "tanh" }, seed: "raw" });
  const scorer = netScorer(odd);
  const { answer } = scoringService(scorer, { rowsMax: 100, onScore: () => undefined });
  const scores = plainBackend(architectureOf(odd.schema, odd.spec)).scores(
    odd.params,
    odd.scaling,
    data,
  );
  expect(answer(JSON.stringify(rows), null).body).toEqual({ scores: [...scores] });
  const { reasons } = answer(JSON.stringify(rows[0]), 9).body as {
    reasons: { feature: string; contribution: number }[];
  };
  const shares = reasons.map(({ contribution }) => contribution);
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  expect(answer(JSON.stringify(exampleRow(scorer)), null).status).toBe(200);
  expect(answer(JSON.stringify({ ...rows[0], amount: "many" }), null).status).toBe(422);
});
