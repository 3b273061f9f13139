/** What a run's log amounts to. */
import { expect, test } from "vitest";
import { cutOff, foldRun, RunEvent } from "../../coordinator/run-events.ts";
import { answersOf } from "../../coordinator/statement.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { signedManifest } from "../support/manifests.ts";

const at = { runId: "r", atMs: 5 };
const created: RunEvent = {
  ...at,
  type: "created",
  manifest: signedManifest(smallCharter(memberIds(3))),
};
const reserved = (below: number): RunEvent => ({ ...at, type: "attemptsReserved", below });
const aborted: RunEvent = { ...at, type: "attemptAborted", round: 0, attempt: 0, reason: "tooFew" };
const certified: RunEvent = {
  ...at,
  type: "survivorsCertified",
  round: 0,
  attempt: 1,
  askKind: "gradient",
  inputHash: "3c".repeat(32),
  survivors: ["a", "b", "c"],
};
const released: RunEvent = {
  ...at,
  type: "roundReleased",
  round: 0,
  attempt: 1,
  askKind: "gradient",
  cohort: ["a", "b", "c"],
  survivors: ["a", "b", "c"],
  ms: 1,
  uploadBytes: 10,
  loss: null,
  metrics: null,
  inclusion: "1a".repeat(32),
  resultHash: "2b".repeat(32),
};

const begun: RunEvent = { ...at, type: "begun" };

test("a proposal ends as a run or refused, and a member's later word stands", () => {
  const said = (decision: "approved" | "vetoed"): RunEvent => {
    const words = { runId: "r", memberId: "bank-1", decision, reasons: [], atMs: 1 };
    return { ...at, type: "decided", decision: { ...words, signature: "" } };
  };
  const summary = foldRun([created, said("approved"), said("vetoed")]);
  expect(summary?.decisions).toMatchObject([{ decision: "vetoed" }]);
  expect(foldRun([created, begun])?.status).toBe("running");
  expect(foldRun([created, { ...at, type: "refused", code: "vetoed" }])).toMatchObject({
    status: "refused",
    reason: "vetoed",
  });
});

test("a log that does not begin with the creation is no run", () => {
  expect(foldRun([])).toBeNull();
  expect(foldRun([reserved(16)])).toBeNull();
});

test("attempt numbers are spent when they are reserved, whether or not they are opened", () => {
  expect(foldRun([created])).toMatchObject({ nextAttempt: 0, status: "proposed" });
  expect(foldRun([created, reserved(16)])?.nextAttempt).toBe(16);
  const summary = foldRun([created, begun, reserved(16), aborted, certified, released]);
  expect(summary).toMatchObject({
    status: "running",
    nextAttempt: 16,
    rounds: [{ attempt: 1 }],
    createdAtMs: 5,
  });
});

test("the attempt that a dying process may have left is logged as of the round to come, and answered at most", () => {
  const summary = foldRun([created, reserved(16), aborted, certified, released]);
  if (!summary) throw new Error("it is a run");
  const event = cutOff(summary, 9);
  expect(RunEvent.parse(event)).toEqual({
    ...at,
    atMs: 9,
    type: "attemptAborted",
    round: 1,
    attempt: 15,
    reason: "restart",
  });
  const log = [created, reserved(16), released, event];
  const { byKind, unknown } = answersOf(log, "train");
  expect([Object.fromEntries(byKind), unknown]).toEqual([{ gradient: 1 }, 1]);
});

test("a run ends completed, or failed with its reason", () => {
  expect(foldRun([created, { ...at, type: "completed" }])).toMatchObject({
    status: "completed",
    reason: null,
  });
  expect(foldRun([created, { ...at, type: "failed", reason: "why" }])).toMatchObject({
    status: "failed",
    reason: "why",
  });
});

test("every event survives the store's text form, and unknown ones are refused", () => {
  for (const event of [created, reserved(32), aborted, certified, released]) {
    expect(RunEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  }
  expect(() => RunEvent.parse({ ...at, type: "paused" })).toThrow();
});
