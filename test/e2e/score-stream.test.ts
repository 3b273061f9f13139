/** `cloister score` on what production has: both formats, rows that do not fit, reasons, and files of any size. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { architectureOf } from "../../models/engine/architecture.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { modelToJson } from "../../models/export/json.ts";
import { explainer, largestReasons } from "../../models/scoring/reasons.ts";
import { ALL, encodedRows, type RawRow, rawModel, rawRows } from "../models/raw-rows.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import { COMPILE_CACHE, MAIN } from "../support/processes.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-stream-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = rawModel(ALL, [8, 4]);
const names = model.schema.features.map(({ name }) => name);
const rows = rawRows(model, 3000);
const data = encodedRows(model, rows);
const scores = plainBackend(architectureOf(model.schema, model.spec)).scores(
  model.params,
  model.scaling,
  data,
);

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const modelPath = write("model.json", modelToJson(model));
const jsonl = (some: readonly object[]): string =>
  some.map((row) => `${JSON.stringify(row)}\n`).join("");
const csv = (some: readonly RawRow[]): string => {
  const cell = (value: unknown): string => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = some.map((row) => names.map((name) => cell(row[name])).join(","));
  return `${names.map(cell).join(",")}\n${lines.join("\n")}\n`;
};

interface Line {
  readonly row: number;
  readonly score: number;
  readonly reasons?: unknown;
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
/** Whichever engine scores: nearly what the plain one gives. */
const near = (row: number) => ({ row, score: expect.closeTo(scores[row - 1] ?? 0, 5) as number });
/** In one comparison, for there are thousands. */
function expectScores(lines: readonly Line[]): void {
  expect(lines.map(({ row }) => row)).toEqual(Array.from(scores, (_, i) => i + 1));
  const worst = lines.map(({ score }, i) => Math.abs(score - (scores[i] ?? Number.NaN)));
  expect(Math.max(...worst)).toBeLessThan(2e-6);
}

test("both formats go in and out, by their names or by --format, plain and packed, to the same scores", async () => {
  const [fromCsv, fromJson, packed, named] = [
    write("rows.csv", csv(rows)),
    write("rows.jsonl", jsonl(rows)),
    write("rows.ndjson.gz", gzipSync(jsonl(rows))),
    write("rows.data", jsonl(rows)),
  ];
  const out = join(folder, "scores.jsonl");
  const score = (...args: string[]) => cloister("score", modelPath, "--input", ...args);
  const [a, b, c, d] = await Promise.all([
    score(fromCsv, "--json"),
    score(fromJson, "--output", out),
    score(packed),
    score(named, "--format", "jsonl"),
  ]);
  for (const { code, errors } of [a, b, c, d])
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expectScores(linesOf(a.output));
  expect(b.output).toBe("");
  expectScores(linesOf(readFileSync(out, "utf8")));
  expectScores(linesOf(d.output));
  const [header, ...lines] = c.output.trim().split("\n");
  expect(header).toBe("row,score");
  for (const line of lines) expect(line).toMatch(/^\d+,[01]\.\d{6}$/);
  expectScores(
    lines
      .map((line) => line.split(",").map(Number))
      .map(([row = 0, score = 0]) => ({ row, score })),
  );
});

test("reasons are those of the library, the largest first", async () => {
  const some = rows.slice(0, 40);
  const { numberCount, categoryCount } = architectureOf(model.schema, model.spec);
  const explain = explainer(model);
  const input = write("few.jsonl", jsonl(some));
  const { output } = await cloister(
    "score",
    modelPath,
    "--input",
    input,
    "--reasons",
    "2",
    "--json",
  );
  const expected = some.map((_, r) =>
    largestReasons(
      explain(data.numbers, r * numberCount, data.codes, r * categoryCount).reasons,
      2,
    ),
  );
  expect(linesOf(output).map(({ reasons }) => reasons)).toEqual(expected);
  const table = await cloister("score", modelPath, "--input", input, "--reasons", "1");
  expect(table.output.split("\n")[0]).toBe("row,score,reason_1,contribution_1");
});

/** Three rows that do not fit, each in a way of its own. */
const badJson = [
  JSON.stringify(rows[0]),
  '{"amount": 4711',
  "",
  JSON.stringify({ ...rows[1], when: "4711x", age: true }),
  JSON.stringify({ amount: 1 }),
  JSON.stringify(rows[2]),
].join("\n");

test("the first row that does not fit ends it, named by line, field and reason, and leaves no file", async () => {
  const input = write("bad.jsonl", badJson);
  const fields = write("fields.jsonl", badJson.split("\n").slice(3).join("\n"));
  const ragged = write("ragged.csv", `${csv(rows.slice(0, 2))}1,2\n`);
  const out = join(folder, "never.csv");
  const score = (path: string) => cloister("score", modelPath, "--input", path, "--output", out);
  const [json, field, cells] = await Promise.all([score(input), score(fields), score(ragged)]);
  expectOneLine(json, 3, "bad.jsonl: row 2 (line 2): not JSON");
  expectOneLine(field, 3, "fields.jsonl: row 1 (line 1)", 'field "when": not a finite number');
  expect(field.errors).toContain('field "age": not a finite number');
  expectOneLine(cells, 3, "ragged.csv: row 3 (line 4): found 2 cells");
  expect(`${json.errors}${field.errors}`).not.toContain("4711");
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("--skip-bad scores the rest, keeps the rows' numbers, and says why and how many", async () => {
  const input = write("skip.jsonl", badJson);
  const lines = csv(rows.slice(0, 3)).trim().split("\n");
  const table = [lines[0], lines[1], "1,2", lines[2]?.replace(/^"[^"]*"/, '"many"'), lines[3]];
  const [json, cells] = await Promise.all([
    cloister("score", modelPath, "--input", input, "--skip-bad", "--json"),
    cloister("score", modelPath, "--input", write("skip.csv", table.join("\n")), "--skip-bad"),
  ]);
  expect(json.code).toBe(0);
  expect(linesOf(json.output)).toEqual([near(1), { ...near(3), row: 5 }]);
  const told = json.errors
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(told).toEqual([
    { skipped: { code: "data.not-json", message: expect.stringContaining("row 2 (line 2)") } },
    { skipped: { code: "data.not-a-number", message: expect.stringContaining("row 3 (line 4)") } },
    { skipped: { code: "data.field-absent", message: expect.stringContaining('"debt"') } },
    { skippedCount: 3, rows: 5 },
  ]);
  expect(cells.code).toBe(0);
  expect(
    cells.output
      .trim()
      .split("\n")
      .map((line) => line.split(",")[0]),
  ).toEqual(["row", "1", "4"]);
  expect(cells.errors).toMatch(
    /^cloister: skipped: .*row 2 \(line 3\).*\ncloister: skipped: .*row 3 \(line 4\), column "amount".*\ncloister: 2 of 4 rows skipped\n$/,
  );
});

test("a table without rows has no scores, and wrong options are refused", async () => {
  const empty = write("empty.csv", csv([]));
  const score = (...args: string[]) => cloister("score", modelPath, "--input", empty, ...args);
  expect(await score()).toMatchObject({ code: 0, output: "row,score\n", errors: "" });
  expectOneLine(await score("--format", "xml"), 3, "--format xml");
  expectOneLine(await score("--reasons", "none"), 3, "--reasons none");
  const nowhere = join(folder, "no/such/folder.csv");
  expectOneLine(await score("--output", nowhere), 3, nowhere, "cannot be written");
});

/** Peak memory of a process as Linux tells it. KiB. */
function peakKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
}

/** Scores a file while nobody reads for a while; @returns lines printed, and the memory it took at most. */
async function scoreSlowly(path: string): Promise<{ lines: number; peak: number }> {
  const args = [MAIN, "score", modelPath, "--input", path];
  const env = { ...COMPILE_CACHE, ...process.env };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env });
  let [lines, peak] = [0, 0];
  for await (const chunk of child.stdout) {
    const text = (chunk as Buffer).toString("latin1");
    if (lines === 0) await new Promise((resolve) => setTimeout(resolve, 2000));
    lines += text.split("\n").length - 1;
    peak = Math.max(peak, peakKib(child.pid ?? 0));
  }
  if (child.exitCode === null) await once(child, "close");
  expect(child.exitCode).toBe(0);
  return { lines, peak };
}

test.runIf(process.platform === "linux")(
  "a big file takes no more memory than a small one, whoever reads slowly",
  async () => {
    const line = csv(rows.slice(0, 1)).trim().split("\n");
    const note = "x".repeat(1000); // A column that the model does not read.
    const block = `${note},${line[1]}\n`.repeat(1000);
    const generate = async (name: string, blocks: number): Promise<string> => {
      const path = join(folder, name);
      const stream = createWriteStream(path);
      stream.write(`note,${line[0]}\n`);
      for (let b = 0; b < blocks; b++) if (!stream.write(block)) await once(stream, "drain");
      await new Promise<void>((resolve) => stream.end(resolve));
      return path;
    };
    const small = await scoreSlowly(await generate("small.csv", 100));
    const big = await scoreSlowly(await generate("big.csv", 400));
    expect(small.lines).toBe(100_001);
    expect(big.lines).toBe(400_001);
    // Four times the file, 315 MB more, and the same memory: a block, its scores, and what lies about uncollected.
    expect(big.peak - small.peak).toBeLessThan(60_000);
  },
);

test("an output that is a folder is refused in one line, and nothing is left beside it", async () => {
  const out = join(folder, "a-folder");
  mkdirSync(out);
  const input = write("few.csv", csv(rows.slice(0, 3)));
  const outcome = await cloister("score", modelPath, "--input", input, "--output", out);
  expectOneLine(outcome, 3, "a-folder: cannot be written");
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
