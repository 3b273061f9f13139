/**
 * EDGE: the demo's last step: what a regulator would be given, exported by one member, checked by the command that
 * the regulator would use, alone in a folder of its own, and once more with one byte changed.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../shared/base/errors.ts";
import { type RoomProcesses, Subprocess } from "../support/processes.ts";

export interface PackReport {
  readonly path: string;
  readonly bytes: number;
  readonly isWhole: boolean;
  /** A byte in its middle was changed, and that was found. */
  readonly findsChange: boolean;
}

export async function exportPack(
  processes: RoomProcesses,
  members: readonly string[],
  folder: string,
): Promise<PackReport> {
  const extracts = await Promise.all(
    members.map(async (memberId) => {
      const out = join(folder, `${memberId}-ledger.jsonl`);
      const own = ["--folder", processes.agentFolder(memberId), "--out", out];
      await command("ledger", "extract", ...own);
      return out;
    }),
  );
  const path = join(folder, "regulator-pack.jsonl");
  const [first = ""] = members;
  const copy = ["--room", "--folder", processes.agentFolder(first), "--out", path];
  await command("audit", "export", ...copy, "--ledger", ...extracts);
  const alone = join(folder, "regulator");
  mkdirSync(alone);
  const handed = join(alone, "pack.jsonl");
  copyFileSync(path, handed);
  const isWhole = (await ended("audit", "verify", handed)) === 0;
  const changed = readFileSync(handed);
  const middle = changed.length >> 1;
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  const bad = join(alone, "changed.jsonl");
  writeFileSync(bad, changed);
  const findsChange = (await ended("audit", "verify", bad)) === EXIT.caught;
  return { path, bytes: changed.length, isWhole, findsChange };
}

function ended(...args: string[]): Promise<number> {
  return new Subprocess(args).ended;
}

/** @throws If it fails. */
async function command(...args: string[]): Promise<void> {
  const process = new Subprocess(args);
  if ((await process.ended) !== 0) throw new Error(process.errors.trim());
}
