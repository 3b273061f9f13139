/** Tests of `shared/secagg/coordinator-batch.ts`: dealings collected, held against one another, handed out. */
import { expect, test } from "vitest";
import { concatBytes, toHex } from "../../../shared/base/bytes.ts";
import {
  agreeing,
  bundleFor,
  closeDealing,
  type Dealing,
  readDealing,
} from "../../../shared/secagg/coordinator-batch.ts";
import {
  forwardedBytes,
  pairTagsOf,
  parseEntries,
  sealedFor,
} from "../../../shared/secagg/entries.ts";
import { batchOf, dealGroup, handOut, pick, unsafeGroup } from "../../support/group.ts";

const SIX = unsafeGroup(6, "six");
const BATCH = batchOf(SIX, { count: 2 });
const DEALT = dealGroup(SIX, BATCH);

/** What `liar` dealt, with another tag for its seed with `peer` in one attempt. */
function lying(
  dealings: ReadonlyMap<number, Dealing>,
  liar: number,
  peer: number,
  attempt = 0,
): Map<number, Dealing> {
  const dealing = pick(dealings, liar);
  const entries = dealing.entries.slice();
  const prekeys = parseEntries(BATCH, liar, entries);
  if (!prekeys) throw new Error("not parsed");
  const tags = pairTagsOf(prekeys, BATCH.graph.neighbours(liar).indexOf(peer));
  for (let i = 8 * attempt; i < 8 * attempt + 8; i++) tags[i] = (tags[i] ?? 0) ^ 1;
  return new Map(dealings).set(liar, { ...dealing, entries, prekeys });
}

test("what a member signed is read; anything else is not", () => {
  const { entries, signature } = pick(DEALT.sent, 2);
  const read = readDealing(SIX.sum, BATCH, 2, entries, signature);
  expect(read?.prekeys.count).toBe(2);
  expect(read && toHex(read.hash)).toBe(toHex(pick(DEALT.kept, 2).hash));
  const changed = entries.slice();
  changed[100] = (changed[100] ?? 0) ^ 1;
  expect(readDealing(SIX.sum, BATCH, 2, changed, signature)).toBeNull();
  expect(readDealing(SIX.sum, BATCH, 3, entries, signature)).toBeNull();
  expect(readDealing(SIX.sum, BATCH, 2, entries.subarray(1), signature)).toBeNull();
  expect(readDealing(SIX.sum, BATCH, 2, entries, pick(DEALT.sent, 3).signature)).toBeNull();
  expect(readDealing(SIX.sum, BATCH, 2, entries, new Uint8Array(64))).toBeNull();
  const other = batchOf(SIX, { count: 2, number: 1 });
  expect(readDealing(SIX.sum, other, 2, entries, signature)).toBeNull();
});

test("honest dealers agree, and stay in roster order however they came", () => {
  const shuffled = new Map([...DEALT.dealings].reverse());
  const { kept, disputed } = agreeing(BATCH, shuffled);
  expect([...kept.keys()]).toEqual([0, 1, 2, 3, 4, 5]);
  expect(disputed).toEqual([]);
});

test.each([
  0, 2, 5,
])("a liar that disputes with two or more goes, and everyone else stays: %i", (liar) => {
  const honest = [0, 1, 2, 3, 4, 5].filter((index) => index !== liar);
  for (let disputes = 2; disputes <= 5; disputes++) {
    let dealings: ReadonlyMap<number, Dealing> = DEALT.dealings;
    for (const peer of honest.slice(0, disputes)) dealings = lying(dealings, liar, peer);
    const { kept, disputed } = agreeing(BATCH, dealings);
    expect(disputed).toEqual([liar]);
    expect([...kept.keys()]).toEqual(honest);
  }
});

test("of a pair that disputes with each other alone exactly one goes: nobody can tell which lied", () => {
  for (const [liar, peer] of [
    [1, 4],
    [4, 1],
  ] as const) {
    const { kept, disputed } = agreeing(BATCH, lying(DEALT.dealings, liar, peer));
    expect(disputed.length).toBe(1);
    expect([1, 4]).toContain(disputed[0]);
    expect(kept.size).toBe(5);
  }
});

test("a lie in one attempt of a batch is enough", () => {
  const dealings = lying(lying(DEALT.dealings, 3, 0, 1), 3, 5, 1);
  expect(agreeing(BATCH, dealings).disputed).toEqual([3]);
});

test("two liars that do not lie about the same members both go", () => {
  let dealings: ReadonlyMap<number, Dealing> = DEALT.dealings;
  for (const peer of [0, 1]) dealings = lying(dealings, 2, peer);
  for (const peer of [4, 5]) dealings = lying(dealings, 3, peer);
  const { kept, disputed } = agreeing(BATCH, dealings);
  expect(disputed.sort()).toEqual([2, 3]);
  expect([...kept.keys()]).toEqual([0, 1, 4, 5]);
});

test("known limit: two liars that both dispute with one honest member have it left out", () => {
  const dealings = lying(lying(DEALT.dealings, 1, 3), 2, 3);
  expect(agreeing(BATCH, dealings).disputed).toEqual([3]);
});

test("who has not dealt disputes with nobody", () => {
  const dealings = lying(lying(DEALT.dealings, 3, 0), 3, 5);
  dealings.delete(0);
  dealings.delete(5);
  const { kept, disputed } = agreeing(BATCH, dealings);
  expect(disputed).toEqual([]);
  expect([...kept.keys()]).toEqual([1, 2, 3, 4]);
});

test("the two ends of every pair that stays agree", () => {
  let dealings: ReadonlyMap<number, Dealing> = DEALT.dealings;
  for (const [liar, peer] of [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 0],
  ] as const)
    dealings = lying(dealings, liar, peer);
  const { kept } = agreeing(BATCH, dealings);
  expect(agreeing(BATCH, kept).disputed).toEqual([]);
  for (const [index, { prekeys }] of kept)
    for (const [at, peer] of BATCH.graph.neighbours(index).entries()) {
      const back = BATCH.graph.neighbours(peer).indexOf(index);
      const other = kept.get(peer)?.prekeys;
      if (other) expect(toHex(pairTagsOf(other, back))).toBe(toHex(pairTagsOf(prekeys, at)));
    }
});

test("everyone gets the shares that are for it, of those who dealt, in order", () => {
  const kept = new Map(DEALT.dealings);
  kept.delete(4);
  const prekeys = closeDealing(SIX.sum, BATCH, kept);
  const { dealers, hashes, shares } = bundleFor(prekeys, 1);
  expect(dealers).toEqual([0, 1, 2, 3, 5]);
  expect(hashes.map(toHex)).toEqual(dealers.map((index) => toHex(pick(kept, index).hash)));
  // Threshold 5 of 6: member 1 derives its shares of all but the one that comes after it on the circle.
  const sizes = [0, 2, 3, 5].map((dealer) => forwardedBytes(BATCH, dealer, 1));
  expect(sizes).toEqual([32, 32 + 2 * 64 + 16, 32, 32]);
  expect(shares.length).toBe(4 * 32 + 2 * 64 + 16);
  const sealed = sealedFor(BATCH, pick(kept, 2).prekeys, 2, 1);
  expect(toHex(shares.subarray(32, 32 + 2 * 64 + 16))).toBe(toHex(sealed));
});

test("coordinator and members bind the same dealing into their masks", () => {
  const kept = new Map(DEALT.dealings);
  kept.delete(0);
  const { prekeys, agents } = handOut(SIX, DEALT, kept);
  expect(agents.size).toBe(5);
  for (const { context } of agents.values()) expect(toHex(context)).toBe(toHex(prekeys.context));
  const all = closeDealing(SIX.sum, BATCH, DEALT.dealings).context;
  expect(toHex(all)).not.toBe(toHex(prekeys.context));
  expect(concatBytes(all).length).toBe(32);
});
