/** Tests of `shared/transcript/room`: a history holds, and whatever is changed in it is found and named. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../../shared/base/canonical.ts";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import { parseLine } from "../../../../shared/transcript/room/entry.ts";
import type { RoomFault } from "../../../../shared/transcript/room/history.ts";
import { verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import {
  COORDINATOR_KEY,
  keyOf,
  MEMBERS,
  manifestOf,
  packedRoom,
  playedRoom,
  TRUST,
} from "../../../support/room-history.ts";

const room = playedRoom();
const runId = runIdOf(manifestOf());
const bytesOf = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(lines.join(""));

function faultOf(copy: Uint8Array, trust = TRUST): RoomFault | null {
  const verdict = verifyRoom(copy, trust);
  return verdict.type === "fails" ? verdict.fault : null;
}

test("a whole history holds, for a member and for somebody who knows nothing", () => {
  const verdict = verifyRoom(room.bytes, TRUST);
  expect(verdict).toMatchObject({ type: "holds", head: { size: room.entries.length } });
  if (verdict.type !== "holds") return;
  expect(verdict.state.runs.get(runId)?.phase).toBe("ended");
  expect([...verdict.state.cosigned.keys()]).toEqual([...MEMBERS]);
  const nobody = { ...TRUST, coordinatorKey: null, memberKeys: new Map() };
  expect(verifyRoom(room.bytes, nobody)).toMatchObject({ type: "holds" });
});

test("a pack is a copy and its documents", () => {
  const verdict = verifyRoom(packedRoom().bytes, TRUST);
  expect(verdict).toMatchObject({ type: "holds", documents: { length: 3 } });
});

/** In which entry a byte of the copy lies; for a byte of a head, the first that is covered by it and no earlier head. */
function placesOf(lines: readonly string[]): { from: number; entry: number; isHead: boolean }[] {
  let [from, entries, covered] = [0, 0, 0];
  return lines.map((line) => {
    const isHead = line.includes('"size"') && !line.includes('"sequence"');
    const place = { from, entry: isHead ? covered : entries, isHead };
    if (isHead) covered = entries;
    else entries += 1;
    from += new TextEncoder().encode(line).length;
    return place;
  });
}

test("a change of any byte is found, and the entry named", { timeout: 300_000 }, () => {
  const { bytes } = room;
  const places = placesOf(room.lines);
  const missed: string[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const place = places.findLast(({ from }) => from <= at);
    const copy = bytes.slice();
    // The lowest bit keeps digits digits and letters letters: the likeliest to pass.
    copy[at] = (copy[at] ?? 0) ^ 1;
    const fault = faultOf(copy);
    // A head that cannot be read as one stands in the place of the next entry.
    const named = fault?.entry === place?.entry || (place?.isHead && fault?.code === "text");
    if (!fault || !named) missed.push(`byte ${at}: ${JSON.stringify(fault)}`);
  }
  expect(missed).toEqual([]);
});

test("a change of any byte of a pack's documents is found", () => {
  const pack = packedRoom();
  const { bytes } = pack;
  for (let at = room.bytes.length; at < bytes.length; at++) {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ 1;
    expect(faultOf(copy)?.code, `byte ${at}`).toMatch(/^(document|text)$/);
  }
});

test("any other change of a byte is found, too, and so are bytes more or less", () => {
  const { bytes } = packedRoom();
  const place = fc.nat(bytes.length - 1);
  fc.assert(
    fc.property(place, fc.integer({ min: 1, max: 255 }), (at, change) => {
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ change;
      expect(faultOf(copy)).not.toBeNull();
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(place, fc.nat(255), (at, byte) => {
      const longer = Uint8Array.of(...bytes.subarray(0, at), byte, ...bytes.subarray(at));
      const shorter = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1));
      expect(faultOf(shorter)).not.toBeNull();
      expect(faultOf(longer)).not.toBeNull();
    }),
    { numRuns: 200 },
  );
});

test("a line left out, and two that have changed places, are found", () => {
  // Without the last head the entries before it stand alone; an earlier head may be missing, for it says nothing that the later does not.
  for (const [i, line] of room.lines.entries()) {
    const isHead = !line.includes('"sequence"');
    const without = faultOf(bytesOf(room.lines.toSpliced(i, 1)));
    if (isHead && i < room.lines.length - 1) expect(without).toBeNull();
    else expect(without).not.toBeNull();
    const next = room.lines[i + 1];
    if (next !== undefined)
      expect(faultOf(bytesOf(room.lines.toSpliced(i, 2, next, line)))).not.toBeNull();
    expect(faultOf(bytesOf(room.lines.toSpliced(i, 0, line)))).not.toBeNull();
  }
});

test("a canonical text of which something would be passed over is no line", () => {
  const content = JSON.parse('{"__proto__":{"epsilon":0},"epsilon":1}');
  const runId = "ab".repeat(32);
  expect(
    parseLine(canonicalJson({ kind: "modelCard", runId, content: { epsilon: 1 } })),
  ).not.toBeNull();
  expect(parseLine(canonicalJson({ kind: "modelCard", runId, content }))).toBeNull();
});

test("an empty copy is no history", () => {
  expect(faultOf(new Uint8Array())).toMatchObject({ code: "cutOff", entry: 0 });
});

test("a copy set back to an earlier head is found by who knows a later one", () => {
  const heads = room.lines.flatMap((line, i) => (line.includes('"sequence"') ? [] : [i]));
  const earlier = bytesOf(room.lines.slice(0, (heads[1] ?? 0) + 1));
  expect(faultOf(earlier)).toBeNull();
  const { head } = verifyRoom(room.bytes, TRUST) as { head: { size: number; root: string } };
  const known = { ...TRUST, heads: new Map([[head.size, head.root]]) };
  expect(faultOf(room.bytes, known)).toBeNull();
  expect(faultOf(earlier, known)).toMatchObject({ code: "cutOff" });
  const other = { ...TRUST, heads: new Map([[5, head.root]]) };
  expect(faultOf(room.bytes, other)).toMatchObject({ code: "known", entry: 4 });
});

test("another coordinator's room, or one with another member's key, is found by who knows better", () => {
  const stranger = { ...TRUST, coordinatorKey: keyOf("bank-1") };
  expect(faultOf(room.bytes, stranger)).toMatchObject({ code: "coordinator", entry: 0 });
  const replaced = { ...TRUST, memberKeys: new Map([["bank-2", COORDINATOR_KEY]]) };
  expect(faultOf(room.bytes, replaced)).toMatchObject({ code: "member", entry: 2 });
});
