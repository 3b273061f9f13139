/** A copy that is read while its agent adds to it: read anew, and judged once it has ceased to grow. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readVerified } from "../../../agent/audit/verify.ts";
import { playedRoom } from "../../support/room-history.ts";

const { bytes } = playedRoom();
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-growing-"));
  path = join(folder, "transcript.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("half of a line is waited for, and then the copy holds", async () => {
  writeFileSync(path, bytes.subarray(0, -100));
  const reading = readVerified(path, {});
  appendFileSync(path, bytes.subarray(-100));
  expect((await reading).copy).toEqual(Buffer.from(bytes));
});

test("what nobody adds to is judged as it is", async () => {
  writeFileSync(path, bytes.subarray(0, -100));
  await expect(readVerified(path, {})).rejects.toMatchObject({ code: "audit.transcript" });
});
