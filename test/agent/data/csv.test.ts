/** Tests of `agent/data/csv.ts`. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import Papa from "papaparse";
import { expect, test } from "vitest";
import { readCsv } from "../../../agent/data/csv.ts";
import { badInput } from "../../../shared/base/errors.ts";
import { faultOf, tempFile, tempFolder } from "./files.ts";

interface ReadTable {
  readonly header: string[];
  readonly rows: string[][];
  /** [row, line] of each row. */
  readonly places: [number, number][];
}

async function read(content: string | Uint8Array, name = "table.csv"): Promise<ReadTable> {
  const table: ReadTable = { header: [], rows: [], places: [] };
  const count = await readCsv(tempFile(name, content), {
    onHeader: (columns) => table.header.push(...columns),
    onRow: (cells, row, line) => {
      table.rows.push([...cells]);
      table.places.push([row, line]);
    },
  });
  expect(count).toBe(table.rows.length);
  return table;
}

test("a plain table is read cell by cell", async () => {
  const { header, rows, places } = await read("a,b\n1,x\n2,y\n");

  expect(header).toEqual(["a", "b"]);
  expect(rows).toEqual([
    ["1", "x"],
    ["2", "y"],
  ]);
  expect(places).toEqual([
    [1, 2],
    [2, 3],
  ]);
});

test("a byte-order mark is not part of the first column's name", async () => {
  expect((await read("\uFEFFa,b\n1,2\n")).header).toEqual(["a", "b"]);
});

test("a first line that tells Excel the delimiter is no line of names, and names may begin with sep", async () => {
  const { header, places } = await read("sep=;\r\na;b\r\n1;2\r\n");
  expect({ header, places }).toEqual({ header: ["a", "b"], places: [[1, 3]] });
  expect((await read("sep=,b\n1,2\n")).header).toEqual(["sep=", "b"]);
});

test("CRLF and LF line ends, and no line end at all, give the same rows", async () => {
  const expected = [
    ["1", "x"],
    ["2", "y"],
  ];

  expect((await read("a,b\r\n1,x\r\n2,y\r\n")).rows).toEqual(expected);
  expect((await read("a,b\r\n1,x\n2,y")).rows).toEqual(expected);
  expect((await read('a,b\r\n1,"x"\r\n2,"y"')).rows).toEqual(expected);
});

test("quoted cells may hold delimiters, doubled quotes and line breaks, and lines are still counted", async () => {
  const { rows, places } = await read('a,b\n"1,5","say ""x"""\n"two\nlines",y\n3,z\n');

  expect(rows).toEqual([
    ["1,5", 'say "x"'],
    ["two\nlines", "y"],
    ["3", "z"],
  ]);
  expect(places).toEqual([
    [1, 2],
    [2, 3],
    [3, 5],
  ]);
});

test("blank lines are no rows, but count as lines", async () => {
  const { rows, places } = await read("a,b\n\n1,2\n\n\n3,4\n\n");

  expect(rows).toHaveLength(2);
  expect(places).toEqual([
    [1, 3],
    [2, 6],
  ]);
});

test.each([";", "\t", "|"])("the delimiter %j is recognised by the header", async (delimiter) => {
  const { header, rows } = await read(`a${delimiter}b\n1,5${delimiter}2\n`);

  expect(header).toEqual(["a", "b"]);
  expect(rows).toEqual([["1,5", "2"]]);
});

test("gzip is recognised by its content, whatever the file's name", async () => {
  const packed = gzipSync("a,b\n1,2\n");

  expect((await read(packed, "table.csv.gz")).rows).toEqual([["1", "2"]]);
  expect((await read(packed, "table.csv")).rows).toEqual([["1", "2"]]);
  expect((await read("a,b\n1,2\n", "table.csv.gz")).rows).toEqual([["1", "2"]]);
});

test("a header without rows is a table of no rows; the file itself is in order", async () => {
  const { header, rows } = await read("a,b\n");

  expect(header).toEqual(["a", "b"]);
  expect(rows).toEqual([]);
});

test("any table of texts survives writing and reading, across block boundaries", async () => {
  const cell = fc.stringMatching(/^[a-z,"; \u00e9\u4e2d\n]{0,12}$/);
  const padding = "x".repeat(300_000);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 20 }), async (cells) => {
      const rows = [["first", padding], ...cells.map(([a, b]) => [`k${a}`, b]), ["last", padding]];
      const text = Papa.unparse({ fields: ["a", "b"], data: rows }, { newline: "\r\n" });
      expect((await read(gzipSync(text, { level: 1 }))).rows).toEqual(rows);
    }),
    { numRuns: 25 },
  );
});

const FAULTS: [string, string, string | Uint8Array, RegExp][] = [
  [
    "data.ragged-row",
    "a row with too many cells",
    "a,b\n1,2\n1,2,secret\n",
    /row 2 \(line 3\): found 3 cells, expected 2/,
  ],
  [
    "data.ragged-row",
    "a row with too few cells",
    'a,b\n"1\n",2\nsecret\n',
    /row 2 \(line 4\): found 1 cell, expected 2/,
  ],
  [
    "data.duplicate-column",
    "a repeated column name",
    "secret,b,secret\n1,2,3\n",
    /columns 1 and 3 have the same name/,
  ],
  ["data.empty-file", "an empty file", "", /the file is empty/],
  ["data.empty-file", "a file of blank lines", "\n\n", /the file is empty/],
  [
    "data.bad-quotes",
    "a quotation mark inside a quoted cell",
    'a,b\n1,"sec"ret"\n2,3\n',
    /row 1 \(line 2\): a quotation mark/,
  ],
  [
    "data.bad-quotes",
    "a quotation mark that is never closed",
    'a,b\n1,2\n1,"secret\n',
    /row 2 \(line 3\): a quotation mark/,
  ],
  ["data.not-utf8", "UTF-16 text", Uint8Array.of(0xff, 0xfe, 97, 0, 44, 0), /UTF-16 .*CSV UTF-8/],
  ["data.not-utf8", "a workbook", "PK\u0003\u0004xyz", /an Excel workbook/],
  ["data.not-utf8", "Latin-1 text", Uint8Array.of(97, 44, 98, 10, 0xe9, 44, 98, 10), /not UTF-8/],
  [
    "data.gzip-truncated",
    "a truncated gzip file",
    gzipSync("a,b\n".repeat(999)).subarray(0, 30),
    /ends too early/,
  ],
  ["data.gzip-damaged", "a damaged gzip file", damaged(gzipSync("a,b\n1,2\n")), /damaged/],
];

function damaged(packed: Uint8Array): Uint8Array {
  packed.set([(packed[12] ?? 0) ^ 0xff], 12);
  return packed;
}

test.each(
  FAULTS,
)("%s: %s is refused in one line with its place", async (code, _name, content, message) => {
  const fault = await faultOf(() => read(content));

  expect(fault.code).toBe(code);
  expect(fault.exitCode).toBe(3);
  expect(fault.message).toMatch(message);
  expect(fault.message).toContain("table.csv: ");
  expect(fault.message).not.toContain("secret");
  expect(fault.message).not.toContain("\n");
});

test("a quotation mark that swallows megabytes is refused before the file has been read", async () => {
  const fault = await faultOf(() => read(`a,b\n1,"${"x".repeat(5_000_000)}\n`));

  expect(fault.code).toBe("data.row-too-long");
  expect(fault.message).toContain("row 1 (line 2)");
});

test("a row of a million misplaced quotation marks is refused like one with a single one", async () => {
  const fault = await faultOf(() => read(`a,b\n1,"${'x"'.repeat(1_000_000)}\n`));

  expect(fault.code).toBe("data.bad-quotes");
  expect(fault.message).toContain("row 1 (line 2)");
});

test("a missing file and a folder are refused by name", async () => {
  const handler = { onHeader: () => {}, onRow: () => {} };
  const folder = tempFolder();

  const missing = await faultOf(() => readCsv(`${folder}/absent.csv`, handler));
  const directory = await faultOf(() => readCsv(folder, handler));

  expect(missing.code).toBe("data.file-not-found");
  expect(missing.message).toContain("absent.csv: no such file");
  expect(directory.code).toBe("data.file-unreadable");
});

test("what the handler throws ends the reading and comes through unchanged", async () => {
  const stop = badInput("test.stop", "stop");
  const path = tempFile("table.csv", "a\n1\n2\n");
  let rowCount = 0;
  const onRow = (): void => {
    rowCount += 1;
    throw stop;
  };

  expect(await faultOf(() => readCsv(path, { onHeader: () => {}, onRow }))).toBe(stop);
  expect(rowCount).toBe(1);
});
