/** Tests of `shared/secagg/agent-batch.ts`: what a member takes from a coordinator that it does not believe. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { dealBatch, type SharesBundle, takeShares } from "../../../shared/secagg/agent-batch.ts";
import { bundleFor, closeDealing } from "../../../shared/secagg/coordinator-batch.ts";
import { forwardedBytes, isDerived } from "../../../shared/secagg/entries.ts";
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
  expect(take({ shares: shares.subarray(forwardedBytes(BATCH, 0, 2)) })).toBeNull();
  expect(take({ shares: new Uint8Array(shares.length + forwardedBytes(BATCH, 0, 2)) })).toBeNull();
});

/** The bundle, with one bit of what comes of a dealer changed. */
function spoiled(dealer: number, place: number): Uint8Array {
  const shares = BUNDLE.shares.slice();
  const before = [0, 1, 3, 4, 5].filter((index) => index < dealer);
  const at = before.reduce((sum, index) => sum + forwardedBytes(BATCH, index, 2), place);
  shares[at] = (shares[at] ?? 0) ^ 1;
  return shares;
}

test.each([
  // Threshold 5 of 6 holders: all but the one before the dealer on the circle derive their shares.
  ["sealed", 3, 100, false],
  ["derived", 1, 10, true],
] as const)("a dealer whose shares are not what their tags say is not held for any attempt: %s", (_, dealer, place, derived) => {
  expect(isDerived(BATCH, dealer, 2)).toBe(derived);
  const taken = take({ shares: spoiled(dealer, place) });
  const others = [0, 1, 3, 4, 5].filter((index) => index !== dealer);
  expect(taken?.faulty).toEqual([dealer]);
  expect(taken?.state.holds).toEqual([...others, 2].sort((a, b) => a - b));
  for (const attempt of [10, 11])
    expect([...(taken?.state.held.get(attempt)?.keys() ?? [])]).toEqual(others);
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
