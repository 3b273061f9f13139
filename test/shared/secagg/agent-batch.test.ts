/** Tests of `shared/secagg/agent-batch.ts`: what a member takes from a coordinator that it does not believe. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { dealBatch, type SharesBundle, takeShares } from "../../../shared/secagg/agent-batch.ts";
import { bundleFor, closeDealing } from "../../../shared/secagg/coordinator-batch.ts";
import { FORWARDED_BYTES } from "../../../shared/secagg/prekeys.ts";
import {
  batchOf,
  dealGroup,
  pick,
  unsafeGroup,
  unsafeRng,
  unsafeSecret,
} from "../../support/group.ts";

const SEVEN = unsafeGroup(7, "agent batch");
/** Member 6 has no part in the batch. */
const BATCH = batchOf(SEVEN, { count: 2, members: [0, 1, 2, 3, 4, 5] });
const DEALT = dealGroup(SEVEN, BATCH);
const BUNDLE = bundleFor(closeDealing(SEVEN.sum, BATCH, DEALT.dealings), 2);

function take(change: Partial<SharesBundle>) {
  const bundle = { ...BUNDLE, ...change };
  return takeShares(SEVEN.sum, pick(SEVEN.members, 2), pick(DEALT.kept, 2), bundle);
}

test("an honest bundle is taken whole", () => {
  const taken = take({});
  expect(taken?.faulty).toEqual([]);
  expect(taken?.state.holds).toEqual([0, 1, 2, 3, 4, 5]);
  expect(taken?.state.dealers).toEqual([0, 1, 2, 3, 4, 5]);
  for (const attempt of [10, 11])
    expect([...(taken?.state.held.get(attempt)?.keys() ?? [])]).toEqual([0, 1, 3, 4, 5]);
});

test("a bundle that leaves us out, or says we dealt something else, is refused", () => {
  const without = {
    dealers: BUNDLE.dealers.filter((index) => index !== 2),
    hashes: BUNDLE.hashes.filter((_, i) => i !== 2),
  };
  expect(take(without)).toBeNull();
  const hashes = BUNDLE.hashes.map((hash, i) => (i === 2 ? unsafeSecret("other") : hash));
  expect(take({ hashes })).toBeNull();
  expect(
    take({ hashes: BUNDLE.hashes.map((hash, i) => (i === 2 ? hash.subarray(0, 8) : hash)) }),
  ).toBeNull();
});

test("a dealer from outside the batch is refused: it shares no mask with anybody and would only count", () => {
  const dealers = [...BUNDLE.dealers, 6];
  const hashes = [...BUNDLE.hashes, unsafeSecret("made up")];
  expect(take({ dealers, hashes })).toBeNull();
});

test("shares of the wrong size are refused", () => {
  const { shares } = BUNDLE;
  expect(take({ shares: shares.subarray(1) })).toBeNull();
  expect(take({ shares: shares.subarray(2 * FORWARDED_BYTES) })).toBeNull();
  expect(take({ shares: new Uint8Array(shares.length + FORWARDED_BYTES) })).toBeNull();
});

test("a dealer whose shares of one attempt do not open is not held for any", () => {
  const shares = BUNDLE.shares.slice();
  // Dealers of ours: 0, 1, 3, 4, 5. The second attempt of 3.
  const place = (2 * 2 + 1) * FORWARDED_BYTES + 20;
  shares[place] = (shares[place] ?? 0) ^ 1;
  const taken = take({ shares });
  expect(taken?.faulty).toEqual([3]);
  expect(taken?.state.holds).toEqual([0, 1, 2, 4, 5]);
  for (const attempt of [10, 11]) expect(taken?.state.held.get(attempt)?.has(3)).toBe(false);
  expect(taken?.state.held.get(11)?.has(4)).toBe(true);
});

test("another dealing of anybody binds our masks to something else", () => {
  const hashes = BUNDLE.hashes.map((hash, i) => (i === 5 ? unsafeSecret("other") : hash));
  const contexts = [take({}), take({ hashes })].map((taken) =>
    taken ? toHex(taken.state.context) : "",
  );
  expect(contexts[0]).not.toBe(contexts[1]);
  expect(contexts).not.toContain("");
});

test("where there is no channel it is dealt over a dead one, and said", () => {
  const self = pick(SEVEN.members, 2);
  const fewer = new Map([...self.channels].filter(([peer]) => peer !== 5));
  const rng = unsafeRng("x");
  expect(dealBatch(SEVEN.sum, { ...self, channels: fewer }, BATCH, rng).unreachable).toEqual([5]);
  // The absent sixth is not missed.
  const without = new Map([...self.channels].filter(([peer]) => peer !== 6));
  expect(dealBatch(SEVEN.sum, { ...self, channels: without }, BATCH, rng).unreachable).toEqual([]);
});
