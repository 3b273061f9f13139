/** Tests of `demo/split.ts`. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readCsv } from "../../agent/data/csv.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import { faultOf, tempFile, tempFolder } from "../agent/data/files.ts";
import { type Split, type SplitOptions, splitTable } from "./split.ts";

async function split(text: string, options: Partial<SplitOptions>): Promise<Split> {
  const path = tempFile("all.csv.gz", gzipSync(text));
  const folder = tempFolder();
  const usual = { memberColumn: "org", memberCount: 3, unit: null, label: "y", rowsMin: 2, folder };
  return await splitTable(path, { ...usual, ...options });
}

async function cellsOf(path: string): Promise<string[][]> {
  const rows: string[][] = [];
  await readCsv(path, {
    onHeader: (columns) => rows.push([...columns]),
    onRow: (cells) => rows.push([...cells]),
  });
  return rows;
}

test("every value of the column becomes a member, largest first, cells unchanged", async () => {
  const text =
    'org,x,y\nBank A,"1,5",0\nBänk/B,"say ""x""",1\nBank A,"two\nlines",1\nBank A,,0\nBänk/B,2,0\n';

  const { members, leftOut } = await split(text, {});

  expect(members.map(({ memberId, rowCount }) => [memberId, rowCount])).toEqual([
    ["bank-a", 3],
    ["ba-nk-b", 2],
  ]);
  expect(leftOut).toEqual([]);
  expect(await cellsOf(members[0]?.path ?? "")).toEqual([
    ["org", "x", "y"],
    ["Bank A", "1,5", "0"],
    ["Bank A", "two\nlines", "1"],
    ["Bank A", "", "0"],
  ]);
});

test("members with few rows, one class or no name are left out with the reason", async () => {
  const text = "org,y\na,0\na,1\nb,0\nb,0\nc,1\n,1\n,0\n";
  const folder = tempFolder();

  const { members, leftOut, unitCount } = await split(text, { folder });

  expect(unitCount).toBe(2);
  expect(members.map(({ memberId }) => memberId)).toEqual(["a"]);
  expect(leftOut).toEqual([
    { name: "b", rowCount: 2, reason: "labels of one class only" },
    { name: "", rowCount: 2, reason: "the member column is empty" },
    { name: "c", rowCount: 1, reason: "1 row, fewer than 2" },
  ]);
  expect(readdirSync(folder)).toEqual(["a.csv"]);
});

test("names that would be alike as member ids stay apart", async () => {
  const { members } = await split("org,y\nA B,0\nA B,1\nA-B,0\nA-B,1\n*,1\n*,0\n", {});

  expect(members.map(({ memberId }) => memberId)).toEqual(["a-b", "a-b-2", "member"]);
});

test("dealt by unit, each unit's rows go to one member, and every row to some member", async () => {
  const lines = Array.from({ length: 4000 }, (_, i) => `c${i % 1000},${i},${i % 2}`);
  const by = { memberColumn: null, unit: "who", memberCount: 4 };

  const { members, unitCount } = await split(`who,x,y\n${lines.join("\n")}\n`, by);

  const owners = new Map<string, string>();
  for (const { memberId, path, rowCount } of members) {
    expect(Math.abs(rowCount - 1000)).toBeLessThan(280);
    for (const line of readFileSync(path, "utf8").trimEnd().split("\n").slice(1)) {
      const [who, x] = line.split(",");
      expect(owners.get(who ?? "") ?? memberId).toBe(memberId);
      owners.set(who ?? "", memberId);
      owners.set(`row ${x}`, memberId);
    }
  }
  expect(members.map(({ memberId }) => memberId).sort()).toEqual([
    "member-1",
    "member-2",
    "member-3",
    "member-4",
  ]);
  expect(owners.size).toBe(5000);
  expect(unitCount).toBe(1000);
});

test("dealt by row, where there is no unit", async () => {
  const lines = Array.from({ length: 900 }, (_, i) => `${i % 2}`);
  const by = { memberColumn: null, memberCount: 3 };

  const { members } = await split(`y\n${lines.join("\n")}\n`, by);

  expect(members.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(900);
  expect(members).toHaveLength(3);
});

test("as many members as a room may have are split off, and not one more", async () => {
  const table = (count: number): string =>
    `org,y\n${Array.from({ length: 2 * count }, (_, i) => `n${i >> 1},${i % 2}\n`).join("")}`;

  expect((await split(table(LIMITS.membersMax), {})).members).toHaveLength(LIMITS.membersMax);
  const fault = await faultOf(() => split(table(LIMITS.membersMax + 1), {}));
  expect(fault.code).toBe("data.too-many-members");
});

test("a column of names, and columns that are not there, are refused", async () => {
  const rows = Array.from({ length: 300 }, (_, i) => `n${i},${i % 2}`).join("\n");
  const gone = { memberColumn: "gone" };

  expect((await faultOf(() => split(`org,y\n${rows}\n`, {}))).code).toBe("data.too-many-members");
  expect((await faultOf(() => split("org,y\na,1\n", gone))).code).toBe("data.missing-columns");
  expect((await faultOf(() => split("org,z\na,1\n", {}))).code).toBe("data.missing-columns");
});
