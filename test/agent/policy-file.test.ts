/** A member's own rules on the disk: whatever stands in the file's place and cannot be read allows nothing. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { policyPath, readPolicy } from "../../agent/policy-file.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import { NO_POLICY } from "../../shared/charter/policy/local-policy.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "policy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write =
  (text: string) =>
  (path: string): void =>
    writeFileSync(path, text);
const BOMB = [
  "a: &a [x, x, x, x, x, x, x, x, x, x]",
  "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]",
];

test.each<[string, (path: string) => void]>([
  ["a link to a file that is gone", (path) => symlinkSync(join(folder, "gone.yaml"), path)],
  ["a link to itself", (path) => symlinkSync(path, path)],
  ["a folder", (path) => mkdirSync(path)],
  ["an empty file", write("")],
  ["an alias to nothing", write("version: 1\ntasks: *none\n")],
  [
    "aliases of aliases",
    write([...BOMB, "c: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]"].join("\n")),
  ],
  ["a list that holds itself", write("version: 1\ntasks: &all [*all]\n")],
  ["rules merged from elsewhere", write("x: &x { version: 1 }\n<<: *x\n")],
  ["the same rule twice", write("version: 1\nepsilonMax: 1\nepsilonMax: 5\n")],
  ["two documents", write("version: 1\nepsilonMax: 1\n---\nversion: 1\n")],
  ["a rule that is misspelt", write("version: 1\nepsilonmax: 1\n")],
  ["a rule in look-alike letters", write("version: 1\n\u0435psilonMax: 1\n")],
  ["deep brackets", write("[".repeat(20_000))],
  ["bytes that are no text", (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0, 1]))],
])("%s in the place of a member's rules is no absence of rules", (_, make) => {
  make(policyPath(folder));
  expect(() => readPolicy(folder)).toThrow(CloisterError);
});

test("only where nothing is in the file's place are there no rules", () => {
  expect(readPolicy(folder)).toEqual(NO_POLICY);
  const elsewhere = join(folder, "elsewhere.yaml");
  writeFileSync(elsewhere, "version: 1\nepsilonMax: 1\n");
  symlinkSync(elsewhere, policyPath(folder));
  expect(readPolicy(folder).epsilonMax).toBe(1);
});

test("an agent's folder that is gone, or was replaced by a file, is no absence of rules", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => readPolicy(file)).toThrow(CloisterError);
  expect(() => readPolicy(join(folder, "gone"))).toThrow(CloisterError);
});
