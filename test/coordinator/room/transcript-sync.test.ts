/** Tests of `coordinator/room/transcript-sync.ts`: when members' signatures become entries, and which. */
import { expect, test } from "vitest";
import { type Book, TranscriptSync } from "../../../coordinator/room/transcript-sync.ts";
import { sha256 } from "../../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../../shared/crypto/identity.ts";
import { cosignStatement } from "../../../shared/transcript/room/statements.ts";
import { unsafeSecret, upTo } from "../../support/group.ts";

const ROOM = "r";
const identityOf = (name: string): Identity => identityFromSecret(unsafeSecret(name));
const idOf = (index: number): string => `bank-${index}`;

/** A room whose book has so many entries as `size`, all under one root; members sign with `keys`. */
function roomOf(count: number) {
  const keys = new Map(upTo(count).map((index) => [idOf(index), identityOf(idOf(index))]));
  const entered: { atMs: number; ids: string[]; size: number }[] = [];
  const at = { size: 1, nowMs: 1000 };
  const root = sha256(new Uint8Array());
  const book: Book = {
    size: () => at.size,
    headAt: (_room, size) => (size <= at.size ? { size, root } : null),
    lines: () => [],
    cosignedBy: (_room, memberId) =>
      entered.findLast(({ ids }) => ids.includes(memberId))?.size ?? 0,
    document: () => null,
  };
  const sync = new TranscriptSync({
    identity: identityOf("coordinator"),
    book,
    append: (_room, bodies) => {
      const ids = bodies.map(({ memberId }) => memberId);
      entered.push({ atMs: at.nowMs, ids, size: bodies[0]?.size ?? 0 });
    },
    identityKeyOf: ({ memberId }) => keys.get(memberId)?.publicKey ?? null,
    send: () => undefined,
  });
  for (const memberId of keys.keys())
    sync.hear({ room: ROOM, memberId }, { type: "roomHeld", size: 1 });
  const sign = (memberId: string, size: number): string | null => {
    const statement = cosignStatement(ROOM, memberId, { size, root });
    const signature = keys.get(memberId)?.sign(statement) ?? new Uint8Array(64);
    return sync.hear({ room: ROOM, memberId }, { type: "headCosigned", size, signature });
  };
  /** Everybody signs for one entry more, once a second, until so many seconds have passed. */
  const play = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      for (const memberId of keys.keys()) expect(sign(memberId, at.size)).toBeNull();
      sync.tick(at.nowMs);
      at.nowMs += 1000;
      at.size += 1;
    }
  };
  return { keys, entered, at, sync, sign, play };
}

test.each([
  [4, 1000],
  [10, 3000],
  [40, 30_000],
])("among %i members signatures become entries every %i ms, of each the last", (count, pauseMs) => {
  const { entered, play } = roomOf(count);
  play(61);
  expect(entered.map(({ atMs }) => atMs)).toEqual(
    upTo(Math.ceil(61_000 / pauseMs)).map((i) => 1000 + i * pauseMs),
  );
  for (const { atMs, ids, size } of entered) {
    expect(ids).toHaveLength(count);
    expect(size).toBe(atMs / 1000);
  }
});

test("among forty members four entries come before their next signatures, or an hour passes", () => {
  const { keys, entered, at, sync, sign } = roomOf(40);
  const signAll = (): void => {
    for (const memberId of keys.keys()) expect(sign(memberId, at.size)).toBeNull();
  };
  const tickAfter = (ms: number, entries: number): number => {
    at.nowMs += ms;
    at.size += entries;
    if (entries > 0) signAll();
    sync.tick(at.nowMs);
    return entered.length;
  };
  expect(tickAfter(1000, 4)).toBe(1);
  expect(tickAfter(60_000, 3)).toBe(1); // Long after the pause that so many checks take.
  expect(tickAfter(1000, 1)).toBe(2);
  expect(tickAfter(60_000, 3)).toBe(2);
  expect(tickAfter(3_600_000, 0)).toBe(3);
  expect(entered.map(({ ids }) => ids.length)).toEqual([40, 40, 40]);
});

test("a signature by a key that is gone by the time it would be entered is left out", () => {
  const { keys, entered, at, sync, sign } = roomOf(4);
  for (const memberId of keys.keys()) expect(sign(memberId, 1)).toBeNull();
  keys.set(idOf(2), identityOf("another"));
  keys.delete(idOf(3));
  sync.tick(at.nowMs);
  expect(entered.map(({ ids }) => ids)).toEqual([[idOf(0), idOf(1)]]);
});

test("a signature for no more entries than the one before, or for other entries, counts for nothing", () => {
  const { keys, entered, at, sync, sign } = roomOf(2);
  expect(sign(idOf(0), 2)).toBe("badCosignature"); // There is one entry.
  expect(sign(idOf(0), 1)).toBeNull();
  expect(sign(idOf(0), 1)).toBe("badCosignature");
  keys.set(idOf(1), identityOf("another"));
  const forged = { type: "headCosigned", size: 1, signature: new Uint8Array(64) } as const;
  expect(sync.hear({ room: ROOM, memberId: idOf(1) }, forged)).toBe("badCosignature");
  sync.tick(at.nowMs);
  expect(sign(idOf(0), 1)).toBe("badCosignature");
  expect(entered.map(({ ids }) => ids)).toEqual([[idOf(0)]]);
});
