/** The gate's own thread: what it was asked to answer is known to the next one that opens the same ledger. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { GateHost } from "../../../agent/gate/host.ts";
import type { ToGate } from "../../../agent/gate/messages.ts";
import { memberIds, smallCharter, smallTable } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";

const RUN = "ab".repeat(32);
const charter = smallCharter(memberIds(3));
const folder = mkdtempSync(join(tmpdir(), "gate-thread-"));
const dataPath = join(folder, "bank-1.csv");
writeFileSync(dataPath, smallTable("bank-1", 40));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened(): Promise<GateHost> {
  const host = new GateHost("bank-1");
  const ledger = { path: join(folder, "ledger.db"), id: null };
  const terms = { population: "customers", requester: "cd".repeat(32), purpose: "work" } as const;
  await host.ask({ type: "open", charter, dataPath, ledger, ...terms }, "opened");
  return host;
}

test("after a restart the last attempt and the last round that were answered are known", async () => {
  const task = { kind: "probe", dimension: 4, rounds: 9 } as const;
  const manifest = signedManifest(charter, { task, privacy: null });
  const masks = [1, 2, 3].map((byte) => ({ key: new Uint8Array(32).fill(byte), sign: 1 as const }));
  const first = await opened();
  const fresh = await first.ask({ type: "assess", ...questionOf(manifest, RUN) }, "assessed");
  expect(fresh).toMatchObject({ reasons: [], lastAttempt: -1, lastRound: -1 });
  const input = new Float32Array(1);
  await first.ask({ type: "work", attempt: 7, askKind: "zeros", input }, "worked");
  await first.ask({ type: "seal", round: 4, attempt: 7, masks }, "sealed");
  await first.close();
  const second = await opened();
  const known = await second.ask({ type: "assess", ...questionOf(manifest, RUN) }, "assessed");
  expect(known).toMatchObject({ reasons: [], lastAttempt: 7, lastRound: 4 });
  await second.close();
});

test("what is asked at one time is answered in order, whatever fails in between; nothing is asked twice", async () => {
  const task = { kind: "probe", dimension: 4, rounds: 9 } as const;
  const manifest = signedManifest(charter, { task, privacy: null });
  const masks = [1, 2, 3].map((byte) => ({ key: new Uint8Array(32).fill(byte), sign: 1 as const }));
  const host = await opened();
  const answers: string[] = [];
  const ask = (message: ToGate): void =>
    host.request(message, (reply) => {
      answers.push(reply.type === "refused" ? reply.code : reply.type);
    });
  const work = (attempt: number, askKind = "zeros"): ToGate => {
    return { type: "work", attempt, askKind, input: new Float32Array(1) };
  };
  const runId = "cd".repeat(32);
  ask({ type: "assess", ...questionOf(manifest, runId) });
  ask(work(1));
  ask({ type: "seal", round: 0, attempt: 1, masks });
  ask(work(2, "no such ask"));
  ask({ type: "seal", round: 1, attempt: 2, masks }); // Of work that failed: nothing leaves.
  ask({ type: "seal", round: 1, attempt: 3, masks: [{ key: new Uint8Array(3), sign: 1 }] });
  await expect.poll(() => answers).toHaveLength(6);
  expect(answers).toEqual(Array(6).fill("failed")); // The last cannot even be posted.
  answers.length = 0;
  ask({ type: "assess", ...questionOf(manifest, runId) });
  ask(work(1));
  ask({ type: "seal", round: 0, attempt: 1, masks });
  ask(work(2, "no such ask"));
  ask({ type: "seal", round: 1, attempt: 2, masks });
  await expect.poll(() => answers).toHaveLength(5);
  expect(answers).toEqual(["assessed", "worked", "sealed", "failed", "wrongAttempt"]);
  await host.close();
});

test("who waits for answers as the gate's thread ends hears that, each of them", async () => {
  const host = await opened();
  const codes: string[] = [];
  for (let i = 0; i < 3; i++)
    host.request({ type: "recall", answers: [] }, (reply) => {
      codes.push(reply.type === "failed" ? reply.code : reply.type);
    });
  await host.close();
  await expect.poll(() => codes).toHaveLength(3);
  expect(codes).toEqual(Array(3).fill("gate.crashed"));
  await expect(host.ask({ type: "recall", answers: [] }, "recalled")).rejects.toThrow("crashed");
});

test("a population without a usable name is refused in words, and the ledger stays fit for use", async () => {
  const host = new GateHost("bank-1");
  const ledger = { path: join(folder, "unnamed.db"), id: null };
  const terms = { requester: "cd".repeat(32), purpose: "work" } as const;
  const open = (population: string) =>
    host.ask({ type: "open", charter, dataPath, ledger, population, ...terms }, "opened");
  for (const name of ["", "two\nlines"]) await expect(open(name)).rejects.toThrow("--population");
  await expect(open("customers")).resolves.toMatchObject({ rowCount: 40 });
  await host.close();
});
