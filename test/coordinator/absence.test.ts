/** A run that waits is told by whom it waits for: each change once, and nothing where all are there. */
import { expect, test } from "vitest";
import { eventLine } from "../../coordinator/cli/run-lines.ts";
import { absenceTeller } from "../../coordinator/http/absence.ts";
import type { RunEvent } from "../../coordinator/run/events.ts";

test("who is absent is told in a quiet moment, once for each change", () => {
  const roster = ["bank-1", "bank-2", "bank-3"].map((memberId) => ({ memberId }));
  const created = { type: "created", runId: "ab", manifest: { room: "r", roster } };
  const there = new Set(["r/bank-1"]);
  const tell = absenceTeller([created as unknown as RunEvent], {
    isConnected: ({ room, memberId }) => there.has(`${room}/${memberId}`),
  });
  const said = tell();
  expect(JSON.parse(said)).toEqual({ type: "waiting", runId: "ab", absent: ["bank-2", "bank-3"] });
  expect(eventLine(JSON.parse(said), null)).toBe("Still waiting. Not connected: bank-2, bank-3");
  expect(tell()).toBe("");
  there.add("r/bank-2").add("r/bank-3");
  expect(tell()).toBe("");
  there.delete("r/bank-2");
  expect(JSON.parse(tell())).toMatchObject({ absent: ["bank-2"] });
});
