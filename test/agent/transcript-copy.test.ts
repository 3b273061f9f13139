/** Tests of members' copies of their room's history, and of the coordinator's book: `agent/transcript-copy.ts`, `coordinator/room/transcript-sync.ts`. */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compare } from "../../agent/audit/compare.ts";
import { copyPath, refusedPath } from "../../agent/transcript-copy.ts";
import { EXIT } from "../../shared/base/errors.ts";
import { runIdOf } from "../../shared/charter/manifest.ts";
import { entryStatement } from "../../shared/transcript/chain.ts";
import { findFork } from "../../shared/transcript/room/fork.ts";
import { verifyRoom } from "../../shared/transcript/room/verify.ts";
import { unsafeSecret } from "../support/group.ts";
import { identityOf } from "../support/manifests.ts";
import {
  CHARTER,
  coordinator,
  ended,
  MEMBERS,
  manifestOf,
  playedRoom,
  proposed,
  released,
  rotation,
  TRUST,
} from "../support/room-history.ts";
import {
  Book,
  type Holder,
  holder,
  memberFolder,
  type Signed,
} from "../support/transcript-room.ts";

const runId = runIdOf(manifestOf());
const bodies = playedRoom()
  .entries.map(({ body }) => body)
  .filter(({ type }) => type !== "headCosigned");

const PATIENCE = { timeout: 120_000, interval: 20 };

let folder: string;
let book: Book;
const signed = new Map<string, Signed>();
const holders = new Map<string, Holder>();
const copyOf = (memberId: string): Uint8Array =>
  readFileSync(copyPath(memberFolder(folder, memberId)));

function join1(memberId: string, at: Book = book): Holder {
  const remembered = signed.get(memberId) ?? new Map<number, string>();
  signed.set(memberId, remembered);
  const held = holder(at, memberFolder(folder, memberId), memberId, remembered);
  holders.set(memberId, held);
  return held;
}

/** Flushes until everybody has, and has signed for, all that there is. */
async function settle(at: Book = book): Promise<void> {
  await vi.waitFor(() => {
    at.flush();
    for (const memberId of at.copies.keys())
      expect(at.transcripts.cosignedBy(CHARTER.room, memberId)).toBeGreaterThan(0);
    for (const memberId of at.copies.keys())
      expect(sizeOf(copyOf(memberId))).toBe(at.transcripts.size(CHARTER.room));
  }, PATIENCE);
}

async function grown({ copy }: Holder, size: number): Promise<void> {
  await vi.waitFor(() => {
    book.flush();
    expect(copy.size).toBeGreaterThanOrEqual(size);
  }, PATIENCE);
}

function sizeOf(copy: Uint8Array): number {
  const verdict = verifyRoom(copy, TRUST);
  return verdict.type === "holds" ? verdict.head.size : -1;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-transcript-"));
  book = new Book(join(folder, "coordinator.db"));
});

afterEach(async () => {
  for (const { copy } of holders.values()) await copy.close();
  holders.clear();
  signed.clear();
  rmSync(folder, { recursive: true });
});

test("every member has the whole history, signed for by all, and then it is quiet", async () => {
  for (const memberId of MEMBERS) join1(memberId);
  for (const body of bodies) {
    book.write(body);
    book.flush();
  }
  await settle();
  await settle();
  for (const memberId of MEMBERS) {
    const verdict = verifyRoom(copyOf(memberId), TRUST);
    expect(verdict).toMatchObject({ type: "holds", head: { size: book.transcripts.size("r") } });
    expect(verdict.type === "holds" && [...verdict.state.cosigned.keys()].sort()).toEqual([
      ...MEMBERS,
    ]);
  }
  expect(book.faults).toEqual([]);
  const { sentCount } = book;
  book.flush();
  expect(book.sentCount).toBe(sentCount);
});

test("entries that only sign are not signed for", async () => {
  join1("bank-1");
  book.write(...bodies);
  await settle();
  const size = book.transcripts.cosignedBy("r", "bank-1");
  expect(size).toBe(bodies.length);
  await settle();
  expect(book.transcripts.cosignedBy("r", "bank-1")).toBe(size);
});

test("a copy goes on where it was, and what a crash left half written is sent again", async () => {
  const { copy } = join1("bank-1");
  book.write(...bodies.slice(0, 5));
  await settle();
  await copy.close();
  const whole = copyOf("bank-1");
  appendFileSync(copyPath(memberFolder(folder, "bank-1")), '{"atMs":1,"bo');
  expect(join1("bank-1").caught).toEqual([]);
  expect(copyOf("bank-1")).toEqual(whole);
  book.write(...bodies.slice(5));
  await settle();
  expect(sizeOf(copyOf("bank-1"))).toBe(book.transcripts.size("r"));
});

test("what was lost with a session is sent again in the next, and nobody is accused", async () => {
  const { copy } = join1("bank-1");
  book.write(...bodies.slice(0, 5));
  await settle();
  book.copies.delete("bank-1"); // What is sent now is lost.
  book.write(...bodies.slice(5, 7));
  book.flush();
  book.sync.connected({ room: CHARTER.room, memberId: "bank-1" });
  const held = { copy, caught: [], putBack: [] };
  book.copies.set("bank-1", held);
  book.write(...bodies.slice(7));
  book.flush(); // Before the member says what it has.
  copy.announce();
  await settle();
  expect(copy.fault).toBeNull();
  expect(sizeOf(copyOf("bank-1"))).toBe(book.transcripts.size("r"));
});

test("a copy that is lost is sent again, and held against what the member signed for", async () => {
  const { copy } = join1("bank-1");
  book.write(...bodies);
  await settle();
  await copy.close();
  const lines = new TextDecoder().decode(copyOf("bank-1")).split("\n");
  const head = lines.findIndex((line) => line.includes('"size"') && line.includes('"root"'));
  writeFileSync(
    copyPath(memberFolder(folder, "bank-1")),
    `${lines.slice(0, head + 1).join("\n")}\n`,
  );
  expect(
    verifyRoom(copyOf("bank-1"), { ...TRUST, heads: signed.get("bank-1") ?? new Map() }),
  ).toBeDefined();
  rmSync(copyPath(memberFolder(folder, "bank-1")));
  const { caught } = join1("bank-1");
  await settle();
  expect(caught).toEqual([]);
});

test("a coordinator that uses the loss of a copy to tell another story is caught", async () => {
  const { copy } = join1("bank-1");
  book.write(...bodies);
  await settle();
  await copy.close();
  rmSync(copyPath(memberFolder(folder, "bank-1")));
  const other = new Book(join(folder, "other.db"));
  other.write(...bodies.slice(0, 4), proposed(manifestOf(7)), proposed(manifestOf(8)));
  other.write(...[9, 10, 11, 12, 13, 14, 15, 16].map((n) => proposed(manifestOf(n))));
  const { caught } = join1("bank-1", other);
  other.flush();
  expect(caught).toMatchObject([{ code: "known", entry: bodies.length - 1 }]);
});

test("a coordinator that goes on from another history is caught, and what it signed is kept", async () => {
  join1("bank-1");
  join1("bank-2");
  book.write(...bodies.slice(0, 4));
  await settle();
  const other = new Book(join(folder, "other.db"));
  const lines = book.transcripts.lines("r", 0, 1e9).map((line) => JSON.parse(line).body);
  other.write(...lines);
  book.write(proposed(manifestOf(1)));
  other.write(proposed(manifestOf(2)));
  const stray = holders.get("bank-2");
  other.copies.set("bank-2", stray as Holder);
  other.hear("bank-2", { type: "roomHeld", size: lines.length });
  other.flush();
  // The clock differs, and so every entry: what is caught is the first head over them.
  expect(stray?.caught.length).toBe(1);
  expect(existsSync(refusedPath(memberFolder(folder, "bank-2")))).toBe(true);
  expect(stray?.copy.fault?.entry).toBeGreaterThanOrEqual(lines.length);
  book.flush();
  expect(holders.get("bank-1")?.caught).toEqual([]);
});

test("two members who were told two stories find where they part", async () => {
  join1("bank-1");
  const other = new Book(join(folder, "other.db"));
  join1("bank-2", other);
  book.write(...bodies.slice(0, 4), proposed(manifestOf(1)));
  other.write(...bodies.slice(0, 4), proposed(manifestOf(2)));
  book.flush();
  other.flush();
  await vi.waitFor(() => {
    for (const id of ["bank-1", "bank-2"]) expect(sizeOf(copyOf(id))).toBe(5);
  }, PATIENCE);
  expect(findFork([copyOf("bank-1"), copyOf("bank-2")])?.sequence).toBe(4);
  const paths = ["bank-1", "bank-2"].map((id) => copyPath(memberFolder(folder, id)));
  expect(() => compare(paths, {})).toThrow("from entry 4 on the coordinator signed two histories");
  expect(() => compare([paths[0] ?? "", paths[0] ?? ""], {})).not.toThrow();
});

test("a coordinator whose book was set back is caught, and its shorter head is kept", async () => {
  join1("bank-1");
  book.write(...bodies);
  await settle();
  await holders.get("bank-1")?.copy.close();
  book.database.prepare("DELETE FROM room_entry WHERE sequence > 6").run();
  book.transcripts.forget();
  expect(join1("bank-1").caught).toMatchObject([{ code: "order" }]);
  const kept = readFileSync(refusedPath(memberFolder(folder, "bank-1")), "utf8");
  const [why = "", head = ""] = kept.split("\n");
  expect([JSON.parse(why), JSON.parse(head)]).toMatchObject([{ code: "order" }, { size: 7 }]);
  await holders.get("bank-1")?.copy.close();
  expect(join1("bank-1").copy.fault?.text).toBe("caught before");
});

test("a coordinator whose book was changed is caught by whoever gets it then", async () => {
  book.write(...bodies);
  const [line = ""] = book.transcripts.lines("r", 7, 1);
  book.database
    .prepare("UPDATE room_entry SET line = ? WHERE sequence = 7")
    .run(line.replace("bank-3", "bank-2"));
  const { caught } = join1("bank-1");
  book.flush();
  expect(caught).toMatchObject([{ code: "hash", entry: 7 }]);
});

test("a round that opened on another history than the room's is found, whichever is seen first", async () => {
  const opened = (round: number, head: Uint8Array) => {
    const said = { kind: "roundOpened", runId, round, attempt: 9, askHash: head, head } as const;
    return { ...said, signature: coordinator.sign(entryStatement(said)) };
  };
  const start = bodies.findIndex(({ type }) => type === "runStarted");
  const early = join1("bank-1");
  early.copy.saw(opened(1, unsafeSecret("another head")));
  book.write(...bodies.slice(0, start + 1));
  await settle();
  expect(early.caught).toEqual([]);
  book.write(released(runId, 0), released(runId, 1, 2), ended(runId, 2));
  book.flush();
  expect(early.caught).toMatchObject([{ code: "event" }]);
  const late = join1("bank-2");
  book.flush();
  await vi.waitFor(() => expect(sizeOf(copyOf("bank-2"))).toBeGreaterThan(start), PATIENCE);
  late.copy.saw(opened(2, unsafeSecret("another head")));
  expect(late.caught).toMatchObject([{ code: "event" }]);
});

test("co-signatures of others' hands, of nothing, or twice do not count", async () => {
  join1("bank-1");
  book.write(...bodies);
  await settle();
  const size = book.transcripts.size("r");
  const wrong = { type: "headCosigned", signature: new Uint8Array(64) } as const;
  book.hear("bank-2", { ...wrong, size: 2 });
  book.hear("bank-2", { ...wrong, size: 99 });
  book.hear("bank-1", { ...wrong, size: 2 });
  book.hear("bank-2", { ...wrong, size: 0 });
  expect(book.faults).toEqual(Array.from({ length: 4 }, () => "badCosignature"));
  book.flush();
  expect(book.transcripts.size("r")).toBe(size);
});

test("a copy that somebody changed stops the agent, and the entry is named", async () => {
  const { copy } = join1("bank-1");
  book.write(...bodies);
  await settle();
  await copy.close();
  const changed = new TextDecoder()
    .decode(copyOf("bank-1"))
    .replace('"reason":"timeout"', '"reason":"timeouT"');
  writeFileSync(copyPath(memberFolder(folder, "bank-1")), changed);
  const aborted = bodies.findIndex(({ type }) => type === "attemptAborted");
  expect(() => join1("bank-1")).toThrow(`entry ${aborted}: its hash`);
});

test("a folder that is put back as it was is found by what its member signed since, and signs nothing more", async () => {
  const { copy } = join1("bank-1");
  join1("bank-2");
  book.write(...bodies.slice(0, 9));
  await settle();
  const own = memberFolder(folder, "bank-1");
  const before = { text: copyOf("bank-1"), signed: new Map(signed.get("bank-1")) };
  book.write(...bodies.slice(9, -1));
  await vi.waitFor(() => {
    book.flush(); // Until what it signed of them is an entry.
    expect(book.transcripts.cosignedBy("r", "bank-1")).toBeGreaterThan(
      Math.max(...before.signed.keys()),
    );
  }, PATIENCE);
  await copy.close();
  writeFileSync(copyPath(own), before.text);
  signed.set("bank-1", before.signed);
  const cosigned = book.transcripts.cosignedBy("r", "bank-1");
  const old = join1("bank-1");
  book.write(proposed(manifestOf(1)));
  book.flush();
  expect(old.putBack[0]).toMatchObject({ code: "agent.put-back", exitCode: EXIT.caught });
  expect(old.putBack[0]?.message).toContain(`its first ${cosigned} entries`);
  expect(old.caught).toEqual([]); // It is not the coordinator's doing.
  await old.copy.close();
  book.copies.delete("bank-1");
  book.flush();
  expect(signed.get("bank-1")).toEqual(before.signed);
  expect(book.transcripts.cosignedBy("r", "bank-1")).toBe(cosigned);
  // By now it has the proof itself, whether or not the coordinator shows it again.
  expect(() => join1("bank-1")).toThrow("older copy");
});

test("a history tells a member once what it answered, of its current folder, matchings too", async () => {
  const told = (memberId: string) => join1(memberId).copy.takeAnswers();
  book.write(...bodies);
  const { copy } = join1("bank-1");
  expect(copy.takeAnswers()).toEqual([{ runId, attempts: [0, 2] }]);
  expect(copy.takeAnswers()).toEqual([]);
  // A key that the one before did not sign for is that of a new folder.
  const anew = identityOf("bank-1 anew");
  const seated = (identity: typeof anew): number => {
    book.write({ ...rotation("bank-1", identity), rotationSignature: null });
    return book.transcripts.size("r");
  };
  await settle();
  book.flush(); // What it signed with the key of before is an entry.
  const size = seated(anew);
  await copy.close();
  const other = holder(book, memberFolder(folder, "anew"), "bank-1", new Map(), anew);
  holders.set("anew", other);
  await grown(other, size);
  expect(other.copy.takeAnswers()).toEqual([]);
  // A coordinator that puts the former key back makes no folder forget what it answered with that key.
  const later = seated(identityOf("bank-1"));
  const same = join1("bank-1");
  await grown(same, later);
  expect(same.copy.takeAnswers()).toEqual([{ runId, attempts: [0, 2] }]);
  expect(told("bank-2")).toEqual([{ runId, attempts: [0, 2] }]);
});
