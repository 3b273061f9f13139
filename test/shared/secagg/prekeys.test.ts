/** Tests of `shared/secagg/prekeys.ts`: secrets shared out ahead, and who can open what. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, toHex } from "../../../shared/base/bytes.ts";
import type { Batch } from "../../../shared/secagg/batch.ts";
import { pairSeed } from "../../../shared/secagg/keys.ts";
import {
  type DealtPrekeys,
  dealPrekeys,
  FORWARDED_BYTES,
  forwarded,
  type HeldShares,
  isCommittedRecoveryKey,
  isCommittedSelfSeed,
  isSignedPrekeys,
  openForwarded,
  pairTag,
  parseEntries,
  prekeyBytes,
  prekeysHash,
  recoveryBox,
  shareTag,
  signPrekeys,
} from "../../../shared/secagg/prekeys.ts";
import { combineShares } from "../../../shared/secagg/shamir.ts";
import {
  batchOf,
  type Group,
  pick,
  unsafeGroup,
  unsafeRng,
  unsafeSecret,
} from "../../support/group.ts";

/** Complete: seven members, threshold five. Regular: seventy, of whom 33 hold for each, threshold 21. */
const SEVEN = unsafeGroup(7, "seven");
const SEVENTY = unsafeGroup(70, "seventy", { degree: 32, threshold: 21 });
const DEALER = 4;

function deal(group: Group, batch: Batch, index = DEALER) {
  const self = pick(group.members, index);
  const dealt = dealPrekeys(group.sum, batch, self, unsafeRng(`${group.seed} draws ${index}`));
  const attempts = parseEntries(batch, index, dealt.entries);
  if (!attempts) throw new Error("not parsed");
  return { ...dealt, attempts };
}

function openAt(group: Group, batch: Batch, holder: number, dealt: DealtPrekeys, attempt = 10) {
  const channel = pick(pick(group.members, holder).channels, DEALER);
  const bytes = forwarded(batch, DEALER, holder, dealt);
  return openForwarded(batch, attempt, DEALER, { index: holder, channel }, bytes);
}

/** What every neighbour holds of the dealer's secrets, by its point. */
function heldByPoint(group: Group, batch: Batch): Map<number, HeldShares> {
  const { attempts } = deal(group, batch);
  const held = new Map<number, HeldShares>();
  for (const [place, holder] of batch.graph.holders(DEALER).entries()) {
    if (holder === DEALER) continue;
    const shares = openAt(group, batch, holder, pick(attempts, 0));
    if (!shares) throw new Error("not opened");
    held.set(place + 1, shares);
  }
  return held;
}

test.each([
  ["complete", SEVEN],
  ["regular", SEVENTY],
])("%s graph: any threshold of shares rebuild what was committed to, and one fewer do not", (_, group) => {
  const batch = batchOf(group);
  const { own, attempts } = deal(group, batch);
  const dealt = pick(attempts, 0);
  const held = heldByPoint(group, batch);
  const { threshold } = group.sum;
  const choice = fc.shuffledSubarray([...held.keys()], {
    minLength: threshold,
    maxLength: threshold,
  });
  const rebuilt = (points: readonly number[], kind: "self" | "recovery"): Uint8Array =>
    combineShares(points.map((point) => ({ point, share: pick(held, point)[kind] })));
  fc.assert(
    fc.property(choice, (points) => {
      expect(toHex(rebuilt(points, "self"))).toBe(toHex(pick(own, 0).selfSeed));
      expect(isCommittedSelfSeed(dealt, rebuilt(points, "self"))).toBe(true);
      expect(isCommittedRecoveryKey(dealt, rebuilt(points, "recovery"))).toBe(true);
      expect(isCommittedSelfSeed(dealt, rebuilt(points.slice(1), "self"))).toBe(false);
      expect(isCommittedRecoveryKey(dealt, rebuilt(points.slice(1), "recovery"))).toBe(false);
      expect(isCommittedRecoveryKey(dealt, rebuilt(points, "self"))).toBe(false);
      expect(isCommittedSelfSeed(dealt, rebuilt(points, "recovery"))).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test("the dealer's own share of its seed counts like any other", () => {
  const batch = batchOf(SEVEN);
  const { own, attempts } = deal(SEVEN, batch);
  const point = batch.graph.holders(DEALER).indexOf(DEALER) + 1;
  const others = [...heldByPoint(SEVEN, batch)].slice(0, SEVEN.sum.threshold - 1);
  const shares = others.map(([at, { self }]) => ({ point: at, share: self }));
  const seed = combineShares([...shares, { point, share: pick(own, 0).ownShare }]);
  expect(isCommittedSelfSeed(pick(attempts, 0), seed)).toBe(true);
});

test("shares open for their holder alone", () => {
  const batch = batchOf(SEVENTY);
  const { attempts } = deal(SEVENTY, batch);
  const [first = -1, second = -1] = batch.graph.neighbours(DEALER);
  const bytes = forwarded(batch, DEALER, first, pick(attempts, 0));
  expect(bytes.length).toBe(FORWARDED_BYTES);
  const openedBy = (index: number, channelOf = index, dealer = DEALER) =>
    openForwarded(
      batch,
      10,
      dealer,
      { index, channel: pick(pick(SEVENTY.members, channelOf).channels, dealer) },
      bytes,
    );
  expect(openedBy(first)).not.toBeNull();
  expect(openedBy(second)).toBeNull();
  expect(openedBy(second, first)).toBeNull(); // The right key under another name.
  const another = SEVENTY.members.findIndex((_, i) => i !== DEALER && i !== first);
  expect(openedBy(first, first, another)).toBeNull();
  const stranger = SEVENTY.members.findIndex(
    (_, i) => i !== DEALER && !batch.graph.neighbours(DEALER).includes(i),
  );
  expect(() => forwarded(batch, DEALER, stranger, pick(attempts, 0))).toThrow("neighbours only");
});

test("shares open in their attempt and batch alone", () => {
  const batch = batchOf(SEVEN, { count: 3 });
  const { attempts } = deal(SEVEN, batch);
  for (const [i, dealt] of attempts.entries())
    for (const attempt of [10, 11, 12])
      expect(openAt(SEVEN, batch, 2, dealt, attempt) !== null).toBe(attempt === 10 + i);
  const [first] = attempts;
  if (!first) throw new Error("nothing dealt");
  for (const place of [
    { number: 1 },
    { count: 2 },
    { firstAttempt: 9 },
    { members: [0, 2, 3, 4, 5, 6] },
  ])
    expect(openAt(SEVEN, batchOf(SEVEN, { count: 3, ...place }), 2, first)).toBeNull();
});

test("shares or tags that were changed or cut short do not open", () => {
  const batch = batchOf(SEVEN);
  const { attempts } = deal(SEVEN, batch);
  const bytes = forwarded(batch, DEALER, 2, pick(attempts, 0));
  const self = { index: 2, channel: pick(pick(SEVEN.members, 2).channels, DEALER) };
  for (let place = 0; place < bytes.length; place++) {
    const changed = bytes.slice();
    changed[place] = (changed[place] ?? 0) ^ 1;
    expect(openForwarded(batch, 10, DEALER, self, changed)).toBeNull();
  }
  for (const length of [0, 15, 79, 80, FORWARDED_BYTES - 1])
    expect(openForwarded(batch, 10, DEALER, self, bytes.subarray(0, length))).toBeNull();
  expect(openForwarded(batch, 10, DEALER, self, concatBytes(bytes, Uint8Array.of(0)))).toBeNull();
  expect(openForwarded(batch, 10, DEALER, self, bytes)).not.toBeNull();
});

test("a share has the tag that its dealer gave it, and any other share, kind or name has not", () => {
  const batch = batchOf(SEVEN);
  const dealt = pick(deal(SEVEN, batch).attempts, 0);
  const held = openAt(SEVEN, batch, 2, dealt);
  const tags = pick(dealt.shareTags, batch.graph.holders(DEALER).indexOf(2));
  if (!held) throw new Error("not opened");
  expect(toHex(shareTag("self", held.self, DEALER, 2))).toBe(toHex(tags.self));
  expect(toHex(shareTag("recovery", held.recovery, DEALER, 2))).toBe(toHex(tags.recovery));
  const others = [
    shareTag("recovery", held.self, DEALER, 2),
    shareTag("self", held.recovery, DEALER, 2),
    shareTag("self", held.self, 2, DEALER),
    shareTag("self", held.self, DEALER, 3),
    shareTag(
      "self",
      held.self.map((byte, i) => (i === 31 ? byte ^ 1 : byte)),
      DEALER,
      2,
    ),
  ].map(toHex);
  expect(new Set([...others, toHex(tags.self), toHex(tags.recovery)]).size).toBe(7);
});

test("the box holds the pair seeds, neighbour after neighbour, for whoever has the recovery key", () => {
  const batch = batchOf(SEVENTY);
  const dealt = pick(deal(SEVENTY, batch).attempts, 0);
  const points = [...heldByPoint(SEVENTY, batch)].slice(0, SEVENTY.sum.threshold);
  const key = combineShares(points.map(([point, { recovery }]) => ({ point, share: recovery })));
  const { channels } = pick(SEVENTY.members, DEALER);
  const seeds = batch.graph
    .neighbours(DEALER)
    .map((neighbour) => pairSeed(pick(channels, neighbour), 10));
  expect(toHex(recoveryBox(key, dealt.box))).toBe(toHex(concatBytes(...seeds)));
  expect(dealt.pairTags.map(toHex)).toEqual(seeds.map((seed) => toHex(pairTag(seed))));
  const wrong = recoveryBox(unsafeSecret("another key"), dealt.box);
  expect(seeds.some((seed, i) => toHex(seed) === toHex(wrong.subarray(32 * i, 32 * i + 32)))).toBe(
    false,
  );
});

test("both ends of a pair give the same tag", () => {
  const batch = batchOf(SEVEN);
  const tagOf = (own: number, peer: number): string => {
    const { pairTags } = pick(deal(SEVEN, batch, own).attempts, 0);
    return toHex(pick(pairTags, batch.graph.neighbours(own).indexOf(peer)));
  };
  expect(tagOf(1, 5)).toBe(tagOf(5, 1));
  expect(tagOf(1, 5)).not.toBe(tagOf(1, 4));
});

test("every attempt has secrets of its own", () => {
  const { own, attempts } = deal(SEVEN, batchOf(SEVEN, { count: 5 }));
  const secrets = [
    ...own.map(({ selfSeed }) => selfSeed),
    ...attempts.flatMap((dealt) => [dealt.selfCommitment, dealt.recoveryCommitment, dealt.box]),
    ...attempts.flatMap(({ sealed, pairTags }) => [...sealed, ...pairTags]),
  ].map(toHex);
  expect(new Set(secrets).size).toBe(secrets.length);
});

test("entries have the one right size; any other is refused", () => {
  const batch = batchOf(SEVENTY, { count: 2 });
  const { entries, attempts } = deal(SEVENTY, batch);
  expect(entries.length).toBe(2 * prekeyBytes(32));
  expect(prekeyBytes(32)).toBe(2 * 32 + 32 * (32 + 80 + 8) + 33 * 16);
  expect(parseEntries(batch, DEALER, entries.subarray(1))).toBeNull();
  expect(parseEntries(batch, DEALER, concatBytes(entries, Uint8Array.of(0)))).toBeNull();
  expect(parseEntries(batch, DEALER, new Uint8Array())).toBeNull();
  expect(parseEntries(batch, DEALER, entries.subarray(prekeyBytes(32)))).toBeNull();
  expect(parseEntries(batch, 70, entries)).toBeNull(); // Not in the batch: no neighbours.
  const parts = attempts.flatMap((dealt) => [
    ...[dealt.selfCommitment, dealt.recoveryCommitment, dealt.box],
    ...dealt.sealed,
    ...dealt.shareTags.flatMap(({ self, recovery }) => [self, recovery]),
    ...dealt.pairTags,
  ]);
  expect(toHex(concatBytes(...parts))).toBe(toHex(entries));
});

test("the hash that a member signs is bound to batch, member and every byte dealt", () => {
  const batch = batchOf(SEVEN);
  const { entries, hash } = deal(SEVEN, batch);
  const changed = entries.slice();
  changed[0] = (changed[0] ?? 0) ^ 1;
  expect(toHex(prekeysHash(batch, DEALER, entries))).toBe(toHex(hash));
  const hashes = [
    hash,
    prekeysHash(batch, 3, entries),
    prekeysHash(batch, DEALER, changed),
    prekeysHash(batchOf(SEVEN, { number: 1 }), DEALER, entries),
  ].map(toHex);
  expect(new Set(hashes).size).toBe(hashes.length);
  const signature = signPrekeys(pick(SEVEN.members, DEALER).identity, hash);
  expect(isSignedPrekeys(SEVEN.sum, DEALER, hash, signature)).toBe(true);
  expect(isSignedPrekeys(SEVEN.sum, 3, hash, signature)).toBe(false);
  expect(isSignedPrekeys(SEVEN.sum, 7, hash, signature)).toBe(false);
  expect(isSignedPrekeys(SEVEN.sum, DEALER, unsafeSecret("other"), signature)).toBe(false);
});

test("dealing without a channel to a neighbour is our own mistake", () => {
  const { index, channels } = pick(SEVEN.members, DEALER);
  const fewer = new Map([...channels].filter(([peer]) => peer !== 6));
  expect(() =>
    dealPrekeys(SEVEN.sum, batchOf(SEVEN), { index, channels: fewer }, unsafeRng("x")),
  ).toThrow("no channel");
});
