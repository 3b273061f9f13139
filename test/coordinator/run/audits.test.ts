/** What a coordinator keeps of released rounds on its disk: the last few, whole, and nothing of other attempts. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Audits } from "../../../coordinator/run/audits.ts";
import type { DealtPrekeyBatch } from "../../../shared/secagg/coordinator-batch.ts";
import { playProbe } from "../../support/memory-room.ts";

const room = playProbe({ members: 3, dimension: 8, rounds: 1 });
const template = room.rounds[0]?.record;
if (!template) throw new Error("a round was released");
const { runId } = template;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-audits-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const dealt = (text: string): DealtPrekeyBatch =>
  ({ dealings: new Map([[0, { entries: new TextEncoder().encode(text) }]]) }) as never;

/** Keeps a round whose three members sent two pieces each, one after the other; four rounds a batch. */
function keep(audits: Audits, round: number): void {
  const spool = audits.openSpool(runId, round);
  for (const half of [0, 1])
    for (const member of [0, 1, 2]) spool.add(member, Uint8Array.of(round, member, half));
  const firstAttempt = round - (round % 4);
  const batch = { ...template?.batch, firstAttempt } as NonNullable<typeof template>["batch"];
  if (template)
    spool.keep({ ...template, round, attempt: round, batch }, dealt(`batch ${firstAttempt}`));
}

const names = (): string[] => readdirSync(join(folder, runId)).sort();

test("a member's vector comes back as it was sent, piece after piece", async () => {
  const audits = new Audits(folder, 3);
  keep(audits, 0);
  keep(audits, 1);
  expect(await audits.vector(runId, 1, 2)).toEqual(Uint8Array.of(1, 2, 0, 1, 2, 1));
  expect(await audits.vector(runId, 0, 1)).toEqual(Uint8Array.of(0, 1, 0, 0, 1, 1));
  expect(await audits.vector(runId, 0, 7)).toEqual(new Uint8Array());
  expect(audits.record(runId, 1).round).toBe(1);
  expect(new TextDecoder().decode(await audits.prekeys(runId, 1))).toBe("batch 0");
});

test("pieces of a long vector come back whole and in order, whatever was in the file before the others", () => {
  const spool = new Audits(folder, 1).openSpool(runId, 0);
  const piece = (member: number, fill: number) =>
    spool.add(member, new Uint8Array(3 * 1024 * 1024 + member).fill(fill));
  piece(1, 1);
  piece(2, 2);
  piece(1, 3);
  const parts = [...spool.parts(1)].map((part) => [part.length, part[0], part.at(-1)]);
  expect(parts).toEqual([
    [3 * 1024 * 1024 + 1, 1, 1],
    [3 * 1024 * 1024 + 1, 3, 3],
  ]);
  spool.discard();
  expect(names()).toEqual([]);
});

test("only the last rounds are kept, with the prekeys that they need", async () => {
  const audits = new Audits(folder, 3);
  for (let round = 0; round < 6; round++) keep(audits, round);
  expect(audits.keptRounds(runId)).toEqual([3, 4, 5]);
  expect(names().filter((name) => name.startsWith("prekeys"))).toEqual([
    "prekeys-0.bin",
    "prekeys-4.bin",
  ]);
  keep(audits, 6);
  expect(names()).toEqual(
    ["4.bin", "4.json", "5.bin", "5.json", "6.bin", "6.json", "prekeys-4.bin"].sort(),
  );
  expect(new TextDecoder().decode(await audits.prekeys(runId, 6))).toBe("batch 4");
});

test("a smaller keepRounds lets go of what a larger one kept; 0 keeps nothing", () => {
  const audits = new Audits(folder, 5);
  for (let round = 0; round < 5; round++) keep(audits, round);
  keep(new Audits(folder, 2), 5);
  expect(audits.keptRounds(runId)).toEqual([4, 5]);
  const none = new Audits(join(folder, "none"), 0);
  keep(none, 0);
  expect(none.keptRounds(runId)).toEqual([]);
  expect(readdirSync(join(folder, "none", runId))).toEqual([]);
});

test("a round that is not kept is refused in one line that says which are", () => {
  const audits = new Audits(folder, 2);
  expect(() => audits.record(runId, 0)).toThrow(/round 0 .* no round of this run is kept/);
  for (let round = 0; round < 4; round++) keep(audits, round);
  expect(() => audits.record(runId, 1)).toThrow(/round 1 of run .* kept are rounds 2 to 3/);
  expect(() => audits.record(runId, 9)).toThrow(/kept are rounds 2 to 3/);
});

test("what cannot be read any more is refused in one line", async () => {
  const audits = new Audits(folder, 2);
  keep(audits, 0);
  rmSync(join(folder, runId, "0.bin"));
  await expect(audits.vector(runId, 0, 0)).rejects.toThrow(/cannot be read/);
  writeFileSync(join(folder, runId, "0.json"), '{"record":{}}');
  expect(() => audits.record(runId, 0)).toThrow(/cannot be read/);
});

test("left-over attempts go, kept rounds stay", () => {
  const audits = new Audits(folder, 2);
  keep(audits, 0);
  audits.openSpool(runId, 1).add(0, new Uint8Array(5 * 1024 * 1024)); // More than is held in memory.
  expect(names()).toContain("attempt-1.part");
  writeFileSync(join(folder, runId, "1.json.77.tmp"), "{");
  new Audits(folder, 2).deleteLeftovers();
  expect(names()).toEqual(["0.bin", "0.json", "prekeys-0.bin"]);
  new Audits(join(folder, "nowhere"), 2).deleteLeftovers();
  expect(existsSync(join(folder, "nowhere"))).toBe(false);
});
