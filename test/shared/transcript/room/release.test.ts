/** Tests of a model's release in a room's history: who reviewed what, and what counts as an approval of it. */
import { expect, test } from "vitest";
import { Charter, charterHash } from "../../../../shared/charter/charter.ts";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import {
  type ReleaseDecision,
  releaseStanding,
  signRelease,
} from "../../../../shared/charter/release.ts";
import type { RoomEventOf } from "../../../../shared/transcript/room/event.ts";
import { verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import { identityOf } from "../../../support/manifests.ts";
import {
  CHARTER,
  decided,
  ended,
  leaving,
  manifestOf,
  openRoom,
  playedRoom,
  proposed,
  type RoomWriter,
  released,
  stated,
  TRUST,
} from "../../../support/room-history.ts";

const reviewing = (release: object): Charter =>
  Charter.parse({ ...CHARTER, governance: { release } });
const REVIEWED = reviewing({ approvals: 2 });
const manifest = manifestOf(0, {}, REVIEWED);
const runId = runIdOf(manifest);
const end = ended(runId, 2) as RoomEventOf<"runEnded">;

/** A run to its end in a room whose charter asks for two reviews. */
function endedRoom(how: Partial<RoomEventOf<"runEnded">> = {}): RoomWriter {
  const approvals = ["bank-1", "bank-2"].map((id) => decided("approved", runId, id));
  const rounds = [released(runId, 0), released(runId, 1)];
  return openRoom(REVIEWED)
    .add(proposed(manifest), ...approvals, { type: "runStarted", runId }, ...rounds)
    .add({ ...end, ...how });
}
function wordOf(
  memberId: string,
  changes: Partial<ReleaseDecision> = {},
  by = memberId,
): RoomEventOf<"releaseDecided"> {
  const { head, modelHash, cardHash } = end;
  const reviewed = { runId, head, modelHash: modelHash ?? "", cardHash: cardHash ?? "" };
  const person = { reviewer: "A. Rossi", reason: "read the card", atMs: 1000 };
  const said = { ...reviewed, ...person, memberId, decision: "approved", ...changes } as const;
  const decision = signRelease(said, identityOf(by));
  return { type: "releaseDecided", runId, decision };
}
const vetoOf = (memberId: string): RoomEventOf<"releaseDecided"> =>
  wordOf(memberId, { decision: "vetoed" });

function standingAfter(writer: RoomWriter): string {
  const verdict = verifyRoom(writer.head().bytes, TRUST);
  if (verdict.type === "fails") return verdict.fault.text;
  const releases = verdict.state.runs.get(runId)?.releases ?? [];
  return releaseStanding(verdict.state.charter, releases)?.type ?? "none";
}

test.each<[string, string, () => RoomWriter]>([
  ["nobody's word", "open", () => endedRoom()],
  ["one approval of two", "open", () => endedRoom().add(wordOf("bank-1"))],
  ["two approvals", "approved", () => endedRoom().add(wordOf("bank-1"), wordOf("bank-3"))],
  [
    "two approvals and a veto after them",
    "vetoed",
    () => endedRoom().add(wordOf("bank-1"), wordOf("bank-3"), vetoOf("bank-3")),
  ],
  [
    "two approvals, one by a member that has left since",
    "approved",
    () => endedRoom().add(wordOf("bank-1"), wordOf("bank-3"), leavingHere("bank-3")),
  ],
])("%s: the release is %s", (_name, standing, write) => {
  expect(standingAfter(write())).toBe(standing);
});

function leavingHere(memberId: string): RoomEventOf<"memberStated"> {
  const { statement } = leaving(memberId);
  const { signature: _, ...said } = { ...statement, charterHash: charterHash(REVIEWED) };
  return stated(said, identityOf(memberId));
}

const other = "ab".repeat(32);
test.each<[string, RegExp, () => RoomWriter]>([
  [
    "a word before the run's end",
    /had not ended/,
    () => openRoom(REVIEWED).add(proposed(manifest), wordOf("bank-1")),
  ],
  [
    "another model",
    /is not what the run left/,
    () => endedRoom().add(wordOf("bank-1", { modelHash: other })),
  ],
  [
    "another card",
    /is not what the run left/,
    () => endedRoom().add(wordOf("bank-1", { cardHash: other })),
  ],
  [
    "another end of the run",
    /is not what the run left/,
    () => endedRoom().add(wordOf("bank-1", { head: other })),
  ],
  ["another run", /on another run/, () => endedRoom().add(wordOf("bank-1", { runId: other }))],
  ["another's signature", /did not sign/, () => endedRoom().add(wordOf("bank-1", {}, "bank-2"))],
  ["a stranger", /bank-9 did not sign/, () => endedRoom().add(wordOf("bank-9"))],
  [
    "another reviewer than signed",
    /did not sign/,
    () => {
      const word = wordOf("bank-1");
      return endedRoom().add({ ...word, decision: { ...word.decision, reviewer: "B. Bianchi" } });
    },
  ],
  [
    "a veto turned into an approval",
    /did not sign/,
    () => {
      const word = vetoOf("bank-1");
      return endedRoom().add({ ...word, decision: { ...word.decision, decision: "approved" } });
    },
  ],
  [
    "an approval after the member's veto",
    /a veto stands/,
    () => endedRoom().add(vetoOf("bank-1"), wordOf("bank-1")),
  ],
  [
    "an approval counted twice",
    /said so before/,
    () => endedRoom().add(wordOf("bank-1"), wordOf("bank-1", { atMs: 2000 })),
  ],
  [
    "a member that has left",
    /has left/,
    () => endedRoom().add(leavingHere("bank-3"), wordOf("bank-3")),
  ],
  [
    "a run that failed",
    /left no model/,
    () => endedRoom({ outcome: "failed", modelHash: null }).add(wordOf("bank-1")),
  ],
  [
    "a model that is deleted",
    /deleted before/,
    () => endedRoom().add({ type: "runDeleted", runId }, wordOf("bank-1")),
  ],
  [
    "a room that reviews no models",
    /asks for no review/,
    () => {
      const plain = runIdOf(manifestOf());
      const { decision } = wordOf("bank-1", { runId: plain });
      return playedRoom().add({ type: "releaseDecided", runId: plain, decision });
    },
  ],
])("is found: a release approved by way of %s", (_name, expected, write) => {
  expect(standingAfter(write())).toMatch(expected);
});

test("whoever must approve by name is waited for, whoever else has", () => {
  const charter = reviewing({ approvals: 2, mustApprove: ["bank-2"] });
  const words = ["bank-1", "bank-3"].map((id) => wordOf(id).decision);
  const open = { type: "open", approvals: 2, required: 2, missing: ["bank-2"] };
  expect(releaseStanding(charter, words)).toEqual(open);
  expect(releaseStanding(charter, [...words, wordOf("bank-2").decision])?.type).toBe("approved");
});

test("a veto counts where the charter lets its member veto", () => {
  const governance = { vetoes: ["bank-1"], release: { approvals: 1 } };
  const charter = Charter.parse({ ...CHARTER, governance });
  const words = [wordOf("bank-2").decision, vetoOf("bank-3").decision];
  expect(releaseStanding(charter, words)?.type).toBe("approved");
  expect(releaseStanding(charter, [...words, vetoOf("bank-1").decision])?.type).toBe("vetoed");
});

test("a charter that asks for more reviews than members, or of a stranger, is refused", () => {
  expect(() => reviewing({ approvals: 4 })).toThrow(/release.approvals: 4 of 3/);
  expect(() => reviewing({ approvals: 1, mustApprove: ["bank-9"] })).toThrow(/bank-9 is not a/);
});
