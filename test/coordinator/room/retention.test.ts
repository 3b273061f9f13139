/** What is kept of an ended run is deleted when its charter's time is over, once, and the log says so. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CoordinatorConfig } from "../../../coordinator/config.ts";
import { isOutdated } from "../../../coordinator/room/retention.ts";
import { foldRun, type RunEvent, type RunSummary } from "../../../coordinator/run/events.ts";
import { CoordinatorService } from "../../../coordinator/service.ts";
import { Store } from "../../../coordinator/store.ts";
import { DAY_MS } from "../../../shared/base/calendar.ts";
import { runIdOf } from "../../../shared/charter/manifest.ts";
import { osClock } from "../../../shared/edge/os.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";

const charter = { ...smallCharter(memberIds(3)), retentionDays: 30 };
const manifest = signedManifest(charter);
const runId = runIdOf(manifest);
const log: RunEvent[] = [
  { type: "created", runId, atMs: 0, manifest },
  { type: "begun", runId, atMs: 1 },
  { type: "completed", runId, atMs: 5 },
];

function of(events: readonly RunEvent[]): RunSummary {
  const summary = foldRun(events);
  if (!summary) throw new Error("it is a run");
  return summary;
}

test("a run is outdated when its days are over, not while it goes on, and only once", () => {
  const last = 5 + 30 * DAY_MS;
  expect(isOutdated(of(log), charter, last - 1)).toBe(false);
  expect(isOutdated(of(log), charter, last)).toBe(true);
  expect(isOutdated(of(log.slice(0, 2)), charter, last)).toBe(false);
  expect(isOutdated(of([...log, { type: "deleted", runId, atMs: last }]), charter, last)).toBe(
    false,
  );
  expect(isOutdated(of(log), {}, last)).toBe(false);
});

test("a coordinator that starts deletes what is outdated: vectors and model, and not the log", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "retention-"));
  const store = new Store(join(dataDir, "coordinator.db"), osClock);
  store.createRoom(charter, "c0".repeat(32));
  for (const event of log) store.append(event, Uint8Array.of(1, 2, 3));
  store.close();
  mkdirSync(join(dataDir, "audit", runId), { recursive: true });
  writeFileSync(join(dataDir, "audit", runId, "0.json"), "{}");
  const service = new CoordinatorService(CoordinatorConfig.parse({ listen: { port: 0 }, dataDir }));
  await service.listen();
  expect(service.taskState(runId)).toBeNull();
  expect(readdirSync(join(dataDir, "audit"))).toEqual([]);
  expect(service.events(runId).map(({ type }) => type)).toEqual([
    "created",
    "begun",
    "completed",
    "deleted",
  ]);
  expect(service.catalog.find(runId, null)).toMatchObject({ status: "completed" });
  await service.close();
  rmSync(dataDir, { recursive: true });
});
