/** Tables as JSON lines: rows and lines are counted as people count them, and a slow taker holds the reader up. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { readCsv } from "../../../agent/data/csv.ts";
import { readJsonLines } from "../../../agent/data/json-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-lines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string): Promise<[unknown, number, number][]> {
  const seen: [unknown, number, number][] = [];
  await readJsonLines(path, { onRow: (...row) => seen.push(row) });
  return seen;
}

test("blank lines are no rows but lines; CRLF, a byte-order mark, gzip and a missing last break are read", async () => {
  const text = '\uFEFF{"a":1}\r\n\r\n[2]\n  \n"é\\n"';
  const expected = [
    [{ a: 1 }, 1, 1],
    [[2], 2, 3],
    ["é\n", 3, 5],
  ];
  expect(await read(write("a.jsonl", text))).toEqual(expected);
  expect(await read(write("a.gz", gzipSync(text)))).toEqual(expected);
  expect(await read(write("empty.jsonl", ""))).toEqual([]);
});

test("lines longer than a block come whole; one that never ends is refused", async () => {
  const long = JSON.stringify("é".repeat(300_000));
  expect(await read(write("long.jsonl", `1\n${long}\n2\n`))).toEqual([
    [1, 1, 1],
    ["é".repeat(300_000), 2, 2],
    [2, 3, 3],
  ]);
  const endless = write("endless.jsonl", `1\n"${"x".repeat(6_000_000)}`);
  await expect(read(endless)).rejects.toThrow("line 2: the line does not end");
});

test("what is not JSON is named by its place and never quoted, or told and left out", async () => {
  const path = write("bad.jsonl", '1\n\n{"secret": tru\n3\n');
  await expect(read(path)).rejects.toThrow(/bad\.jsonl: row 2 \(line 3\): not JSON/);
  await expect(read(path)).rejects.not.toThrow("secret");
  const told: string[] = [];
  const rows: unknown[] = [];
  await readJsonLines(path, {
    onRow: (value, row) => rows.push([value, row]),
    onBadRow: ({ code }) => told.push(code),
  });
  expect(told).toEqual(["data.not-json"]);
  expect(rows).toEqual([
    [1, 1],
    [3, 3],
  ]);
});

test.each([
  ["CSV", "wide.csv", `a\n${`${"x".repeat(99)}\n`.repeat(20_000)}`, readCsv],
  ["JSON lines", "wide.jsonl", `"${"x".repeat(97)}"\n`.repeat(20_000), readJsonLines],
] as const)("%s: while a block is being taken, no other is read", async (_, name, content, reader) => {
  const path = write(name, content);
  let [rows, atRest, largest, blocks] = [0, true, 0, 0];
  let sinceBlock = 0;
  const onRow = (): void => {
    expect(atRest).toBe(true);
    rows += 1;
    sinceBlock += 1;
  };
  const afterBlock = async (): Promise<void> => {
    atRest = false;
    largest = Math.max(largest, sinceBlock);
    [sinceBlock, blocks] = [0, blocks + 1];
    await new Promise((resolve) => setTimeout(resolve, 10));
    atRest = true;
  };
  await reader(path, { onHeader: () => undefined, onRow, afterBlock });
  expect(rows).toBe(20_000);
  expect(blocks).toBeGreaterThan(5);
  expect(largest).toBeLessThan(4_000);
});
