/** Tests of `shared/secagg/prekeys.ts`: secrets shared out ahead, and who can open what. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, toHex } from "../../../shared/base/bytes.ts";
import type { Batch } from "../../../shared/secagg/batch.ts";
import {
  boxAt,
  commitmentAt,
  forwardedBytes,
  isDerived,
  pairTagAt,
  parseEntries,
  sealedFor,
  shareTagAt,
  shareTagsOf,
} from "../../../shared/secagg/entries.ts";
import {
  dealPrekeys,
  forwarded,
  type HeldShares,
  isCommitted,
  isSignedPrekeys,
  pairTags,
  prekeysHash,
  recoveryBox,
  shareTag,
  shareTags,
  signPrekeys,
} from "../../../shared/secagg/prekeys.ts";
import { combineShares } from "../../../shared/secagg/shamir.ts";
import { DEALER, deal, SEVEN, SEVENTY, streamOf, takeAt } from "../../support/dealing.ts";
import {
  batchOf,
  type Group,
  pairSeedOf,
  pick,
  unsafeRng,
  unsafeSecret,
  upTo,
} from "../../support/group.ts";

/** What every neighbour holds of the dealer's secrets of an attempt, by its point. */
function heldByPoint(group: Group, batch: Batch, i: number): Map<number, HeldShares> {
  const { prekeys } = deal(group, batch);
  const held = new Map<number, HeldShares>();
  for (const [place, holder] of batch.graph.holders(DEALER).entries()) {
    if (holder === DEALER) continue;
    const shares = takeAt(group, batch, holder, prekeys)?.[i];
    if (!shares) throw new Error("not opened");
    held.set(place + 1, shares);
  }
  return held;
}

test.each([
  ["complete", SEVEN],
  ["regular", SEVENTY],
])("%s graph: any threshold of shares rebuild what was committed to, and one fewer do not", (_, group) => {
  const batch = batchOf(group, { count: 2 });
  const { own, prekeys } = deal(group, batch);
  for (const i of [0, 1]) {
    const held = heldByPoint(group, batch, i);
    const { threshold } = group.sum;
    const length = { minLength: threshold, maxLength: threshold };
    const choice = fc.shuffledSubarray([...held.keys()], length);
    const rebuilt = (points: readonly number[], kind: "self" | "recovery"): Uint8Array =>
      combineShares(points.map((point) => ({ point, share: pick(held, point)[kind] })));
    fc.assert(
      fc.property(choice, (points) => {
        expect(toHex(rebuilt(points, "self"))).toBe(toHex(pick(own, i).selfSeed));
        for (const kind of ["self", "recovery"] as const) {
          expect(isCommitted(prekeys, i, kind, rebuilt(points, kind))).toBe(true);
          expect(isCommitted(prekeys, i, kind, rebuilt(points.slice(1), kind))).toBe(false);
          expect(isCommitted(prekeys, 1 - i, kind, rebuilt(points, kind))).toBe(false);
        }
        expect(isCommitted(prekeys, i, "recovery", rebuilt(points, "self"))).toBe(false);
        expect(isCommitted(prekeys, i, "self", rebuilt(points, "recovery"))).toBe(false);
      }),
      { numRuns: 20 },
    );
  }
});

test("the dealer's own share of its seed counts like any other", () => {
  const batch = batchOf(SEVEN);
  const { own, prekeys } = deal(SEVEN, batch);
  const point = batch.graph.holders(DEALER).indexOf(DEALER) + 1;
  const others = [...heldByPoint(SEVEN, batch, 0)].slice(0, SEVEN.sum.threshold - 1);
  const shares = others.map(([at, { self }]) => ({ point: at, share: self }));
  const seed = combineShares([...shares, { point, share: pick(own, 0).ownShare }]);
  expect(isCommitted(prekeys, 0, "self", seed)).toBe(true);
});

test.each([
  ["complete", SEVEN],
  ["regular", SEVENTY],
])("%s graph: t - 1 holders after the dealer derive their shares, the others get theirs sealed", (_, group) => {
  const batch = batchOf(group, { count: 3 });
  const { prekeys } = deal(group, batch);
  const holders = batch.graph.holders(DEALER);
  const start = holders.indexOf(DEALER);
  for (const [at, holder] of holders.entries()) {
    if (holder === DEALER) continue;
    const steps = (at - start + holders.length) % holders.length;
    const derived = steps < group.sum.threshold;
    expect(isDerived(batch, DEALER, holder)).toBe(derived);
    expect(sealedFor(batch, prekeys, DEALER, holder).length).toBe(derived ? 0 : 3 * 64 + 16);
    const forward = forwarded(batch, DEALER, holder, prekeys);
    expect(forward.length).toBe(forwardedBytes(batch, DEALER, holder));
    expect(forward.length).toBe(derived ? 32 : 3 * 64 + 16 + 32);
    const held = takeAt(group, batch, holder, prekeys)?.flatMap(({ self, recovery }) => [
      self,
      recovery,
    ]);
    const known = streamOf(group, batch, DEALER, holder).dealt;
    expect(toHex(concatBytes(...(held ?? []))) === toHex(known)).toBe(derived);
  }
  expect(isDerived(batch, DEALER, DEALER)).toBe(false);
});

test("everyone derives as many shares as it has derived for it", () => {
  const batch = batchOf(SEVEN);
  for (const holder of upTo(7))
    expect(upTo(7).filter((dealer) => isDerived(batch, dealer, holder)).length).toBe(4);
});

test("a dealing draws its secrets anew; only what is derived is the same, and no other has any of it", () => {
  const batch = batchOf(SEVEN);
  const [first, second] = [deal(SEVEN, batch), deal(SEVEN, batch, DEALER, "other draws")];
  expect(toHex(pick(first.own, 0).selfSeed)).not.toBe(toHex(pick(second.own, 0).selfSeed));
  const sharesOf = ({ prekeys }: typeof first, holder: number): string =>
    toHex(pick(takeAt(SEVEN, batch, holder, prekeys) ?? [], 0).self);
  for (const holder of batch.graph.neighbours(DEALER))
    expect(sharesOf(first, holder) === sharesOf(second, holder)).toBe(
      isDerived(batch, DEALER, holder),
    );
});

test("a share has the tag that its dealer gave it, and any other share, kind or name has not", () => {
  const batch = batchOf(SEVEN, { count: 2 });
  const { prekeys } = deal(SEVEN, batch);
  const held = takeAt(SEVEN, batch, 2, prekeys)?.[1];
  const tags = shareTagsOf(batch, prekeys, DEALER, 2);
  if (!held) throw new Error("not opened");
  const self = toHex(shareTagAt(tags, 1, "self"));
  const recovery = toHex(shareTagAt(tags, 1, "recovery"));
  expect(toHex(shareTag("self", held.self, DEALER, 2))).toBe(self);
  expect(toHex(shareTag("recovery", held.recovery, DEALER, 2))).toBe(recovery);
  expect(toHex(shareTags(concatBytes(held.self, held.recovery), DEALER, 2))).toBe(self + recovery);
  const others = [
    shareTag("recovery", held.self, DEALER, 2),
    shareTag("self", held.recovery, DEALER, 2),
    shareTag("self", held.self, 2, DEALER),
    shareTag("self", held.self, DEALER, 3),
    ...[0, 31].map((place) => {
      const changed = held.self.map((byte, i) => (i === place ? byte ^ 1 : byte));
      return shareTag("self", changed, DEALER, 2);
    }),
  ].map(toHex);
  expect(new Set([...others, self, recovery]).size).toBe(8);
});

test("the box holds the pair seeds, neighbour after neighbour, for whoever has the recovery key", () => {
  const batch = batchOf(SEVENTY, { count: 2 });
  const { prekeys } = deal(SEVENTY, batch);
  const points = [...heldByPoint(SEVENTY, batch, 1)].slice(0, SEVENTY.sum.threshold);
  const key = combineShares(points.map(([point, { recovery }]) => ({ point, share: recovery })));
  const seeds = batch.graph
    .neighbours(DEALER)
    .map((neighbour) => pairSeedOf(SEVENTY, batch, neighbour, DEALER, 11));
  expect(toHex(recoveryBox(key, boxAt(prekeys, 1)))).toBe(toHex(concatBytes(...seeds)));
  for (const [at, seed] of seeds.entries())
    expect(toHex(pairTagAt(prekeys, at, 1))).toBe(toHex(pairTags(seed)));
  const wrong = recoveryBox(unsafeSecret("another key"), boxAt(prekeys, 1));
  expect(seeds.some((seed, i) => toHex(seed) === toHex(wrong.subarray(32 * i, 32 * i + 32)))).toBe(
    false,
  );
});

test("both ends of a pair give the same tag", () => {
  const batch = batchOf(SEVEN);
  const tagOf = (own: number, peer: number): string => {
    const { prekeys } = deal(SEVEN, batch, own);
    return toHex(pairTagAt(prekeys, batch.graph.neighbours(own).indexOf(peer), 0));
  };
  expect(tagOf(1, 5)).toBe(tagOf(5, 1));
  expect(tagOf(1, 5)).not.toBe(tagOf(1, 4));
});

test("every attempt has secrets of its own", () => {
  const { own, prekeys } = deal(SEVEN, batchOf(SEVEN, { count: 5 }));
  const secrets = upTo(5).flatMap((i) => [
    pick(own, i).selfSeed,
    pick(own, i).ownShare,
    ...pick(own, i).pairSeeds,
    commitmentAt(prekeys, i, "self"),
    commitmentAt(prekeys, i, "recovery"),
    boxAt(prekeys, i),
    ...upTo(6).map((at) => pairTagAt(prekeys, at, i)),
  ]);
  expect(new Set(secrets.map(toHex)).size).toBe(secrets.length);
});

test("entries have the one right size; any other is refused", () => {
  const batch = batchOf(SEVENTY, { count: 2 });
  const { entries, prekeys } = deal(SEVENTY, batch);
  expect(entries.length).toBe(2 * (64 + 32 * 32 + 32 * 8 + 33 * 16) + 12 * (2 * 64 + 16));
  expect(parseEntries(batch, DEALER, entries.subarray(1))).toBeNull();
  expect(parseEntries(batch, DEALER, concatBytes(entries, Uint8Array.of(0)))).toBeNull();
  expect(parseEntries(batch, DEALER, new Uint8Array())).toBeNull();
  expect(parseEntries(batch, 70, entries)).toBeNull(); // Not in the batch: no neighbours.
  expect(parseEntries(batch, 70, new Uint8Array())).toBeNull();
  const { commitments, boxes, pairTags: pairs, shareTags: shares, sealed } = prekeys;
  expect(toHex(concatBytes(commitments, boxes, pairs, shares, sealed))).toBe(toHex(entries));
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

test("dealing without a channel to a neighbour, or to fewer than the threshold, is our own mistake", () => {
  const batch = batchOf(SEVEN);
  const streams = new Map([0, 1, 2, 3, 5].map((peer) => [peer, streamOf(SEVEN, batch, 4, peer)]));
  expect(() => dealPrekeys(batch, 4, streams, unsafeRng("x"))).toThrow("no channel");
  const few = batchOf(SEVEN, { members: [0, 1, 4] });
  expect(() => dealPrekeys(few, 4, streams, unsafeRng("x"))).toThrow("threshold");
});
