/** Reading a simulation's table: who has which rows, and which are held out because a column says so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { RowSides } from "../../../bin/simulate/sides.ts";
import { proposedSchema, readMembers } from "../../../bin/simulate/table.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-table-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Folds 1 to 4 in turn, amounts up to 40; fold 4 has one of 4000. Customers c0 … c9 have rows in several folds. */
const rows = Array.from({ length: 40 }, (_, i) => {
  const amount = i === 39 ? 4000 : 1 + i;
  return `${i % 2 === 0 ? "a" : "b"},${1 + (i % 4)},${i % 3 === 0 ? 1 : 0},c${i % 10},${amount}`;
});
const path = join(folder, "rows.csv");
writeFileSync(path, `org,fold,label,customer,amount\n${rows.join("\n")}\n`);

const SIDES: RowSides = {
  test: { column: "fold", values: ["1", "2"] },
  skip: { column: "fold", values: ["4"] },
};
const columns = {
  label: "label",
  positive: null,
  drop: ["org"],
  categorical: [],
  numeric: ["amount"],
};

async function read(sides: RowSides, unit: string | null) {
  const drop = unit === null ? [...columns.drop, "customer"] : columns.drop;
  const schema = await proposedSchema(path, { ...columns, drop, unit }, sides);
  const options = { path, schema, holdoutFraction: 0.2, holdoutSalt: "salt", split: "org", sides };
  return { schema, members: await readMembers(options) };
}

test("rows of the named folds are held out, others are left out of everything, bounds too", async () => {
  const { schema, members } = await read(SIDES, null);
  expect(members.map(({ memberId }) => memberId)).toEqual(["a", "b"]);
  const sizes = members.map(({ data }) => [data.train.rowCount, data.holdout.rowCount]);
  expect(sizes).toEqual([
    [10, 10],
    [0, 10],
  ]);
  // Of the training rows alone: the greatest amount among them is 39.
  expect(schema.features).toMatchObject([{ name: "amount", max: 39 }]);
});

test("all rows of a unit are on the side of its first", async () => {
  const { members } = await read(SIDES, "customer");
  const [a] = members;
  // c0, c4 and c8 first come in fold 1, c2 and c6 in fold 3.
  expect(a?.data.holdout.unitStarts.length).toBe(1 + 3);
  expect(a?.data.train.unitStarts.length).toBe(1 + 2);
});

test("without them a share of the units is held out, and a column that is not there is told", async () => {
  const none = { test: null, skip: null };
  const whole = await read(none, null);
  const counts = whole.members.map(({ data }) => data.train.rowCount + data.holdout.rowCount);
  expect(counts).toEqual([20, 20]);
  const absent = { ...none, test: { column: "part", values: ["1"] } };
  await expect(read(absent, null)).rejects.toThrow('missing columns: "part"');
});
