/** Each statistic as a question: pooled, added up and through the wire, exact and with noise. */
import { expect, test } from "vitest";
import type { Cell } from "../../../../models/answers/answer.ts";
import { queryTask } from "../../../../models/tasks/query/query.ts";
import { rng } from "../../fixtures.ts";
import {
  ASK,
  cellsOf,
  contextOf,
  drawn,
  federated,
  isEstimate,
  member,
  NOISE,
  pooled,
  QUESTIONS,
  ROWS,
  secure,
  sum,
  table,
} from "../questions.ts";

test.each(QUESTIONS)("%s: pooled, added up and through the wire agree", (_, statistic, more) => {
  const context = contextOf(statistic, more);
  const [whole, plain, sent] = [pooled(context), federated(context), secure(context)];
  expect(sent).toEqual(plain); // Sums are whole numbers: nothing is lost on the way.
  const [own, all] = [cellsOf(plain), cellsOf(whole)];
  expect(own.length).toBe(all.length);
  for (const [i, cell] of own.entries()) expectClose(cell, all[i] ?? null);
});

/** Each member rounds its sums of reals once, to 2⁻³⁸ of a row. */
function expectClose(one: Cell, other: Cell): void {
  if (typeof one === "number" && typeof other === "number") {
    expect(Math.abs(one - other)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(other)));
  } else if (
    one !== null &&
    other !== null &&
    typeof one === "object" &&
    typeof other === "object"
  ) {
    for (const end of ["value", "low", "high"] as const) expectClose(one[end], other[end]);
  } else expect(one).toEqual(other);
}

test("with noise every number has an interval, and they hold the exact ones", () => {
  let [held, all] = [0, 0];
  for (const [, statistic, more] of QUESTIONS) {
    const exact = cellsOf(pooled(contextOf(statistic, more)));
    for (let attempt = 0; attempt < 4; attempt++) {
      const answer = secure(contextOf(statistic, more, NOISE), attempt);
      const noised = cellsOf(answer);
      // Tables that rank or test by what noise leaves may have other rows.
      if (noised.length !== exact.length) continue;
      for (const [i, told] of noised.entries()) {
        const truth = exact[i];
        if (!isEstimate(told) || typeof truth !== "number") continue;
        all += 1;
        if (told.low <= truth && truth <= told.high) held += 1;
      }
    }
  }
  expect(all).toBeGreaterThan(500);
  expect(held / all).toBeGreaterThan(0.92);
  expect(held / all).toBeLessThan(0.98);
});

test.each(QUESTIONS)("%s: no row weighs more than its noise is made for", (_, statistic, more) => {
  const context = contextOf(statistic, more, NOISE);
  const { release } = queryTask.shapeOf(context, "query");
  if (release.kind !== "noised") throw new Error("there is noise");
  const extremes = [20, 60, 100].map((age) => ({ ...drawn(), age, months: 64, cost: 5000 }));
  let most = 0;
  for (const row of [...extremes, ...ROWS.slice(0, 30)]) {
    const vector = queryTask.contribute(context, ASK, member([row], "one"), rng("row"));
    most = Math.max(most, Math.hypot(...vector));
  }
  expect(most).toBeLessThanOrEqual(release.sensitivity);
  expect(most).toBeGreaterThan(release.sensitivity / 2); // And the noise is made for little more.
});

test("what a pair's counts are added up over makes their noise larger", () => {
  const columns = [{ column: "arm" }, { column: "sex" }, { column: "site" }];
  const noised = table(secure(contextOf({ kind: "crosstab", columns }, {}, NOISE)), "ratios");
  const told = noised[0]?.[2] ?? null;
  if (!isEstimate(told)) throw new Error("a noised ratio has an interval");
  const count = (arm: string, sex: string): number =>
    ROWS.filter((row) => row.arm === arm && row.sex === sex).length;
  const parts = ["old", "new"].flatMap((arm) => ["f", "m"].map((sex) => 1 / count(arm, sex) ** 2));
  // Five places of the site: four declared, and anything else.
  const stdDev = 1.5 * Math.sqrt(4 / 3) * Math.sqrt(5 * sum(parts));
  expect(Math.log(told.high / told.low) / 2 / 1.96 / stdDev).toBeCloseTo(1, 1);
});
