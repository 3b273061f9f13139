/** Tests of `forwarded` and `takeForwarded` in `shared/secagg/prekeys.ts`: whose shares are whose, sealed or derived. */
import { expect, test } from "vitest";
import { concatBytes } from "../../../shared/base/bytes.ts";
import { forwarded, takeForwarded } from "../../../shared/secagg/prekeys.ts";
import {
  DEALER,
  DERIVED_BY,
  deal,
  SEALED_FOR,
  SEVEN,
  SEVENTY,
  streamOf,
  takeAt,
} from "../../support/dealing.ts";
import { batchOf } from "../../support/group.ts";

test.each([
  SEALED_FOR,
  DERIVED_BY,
])("shares are taken by their holder alone, of their dealer: %i", (holder) => {
  const batch = batchOf(SEVEN, { count: 2 });
  const { prekeys } = deal(SEVEN, batch);
  const bytes = forwarded(batch, DEALER, holder, prekeys);
  const takenBy = (index: number, streamOfIndex = index, dealer = DEALER) => {
    const stream = streamOf(SEVEN, batch, streamOfIndex, dealer);
    return takeForwarded(batch, dealer, { index, stream }, bytes);
  };
  expect(takenBy(holder)).not.toBeNull();
  for (const index of [0, 1, 2, 3, 5, 6].filter((other) => other !== holder)) {
    expect(takenBy(index)).toBeNull();
    expect(takenBy(index, holder)).toBeNull(); // The right stream under another name.
    expect(takenBy(holder, index)).toBeNull();
    expect(takenBy(holder, holder, index)).toBeNull();
  }
});

test("shares go to neighbours only", () => {
  const batch = batchOf(SEVENTY);
  const { prekeys } = deal(SEVENTY, batch);
  const stranger = SEVENTY.members.findIndex((_, i) => !batch.graph.holders(DEALER).includes(i));
  for (const holder of [stranger, DEALER])
    expect(() => forwarded(batch, DEALER, holder, prekeys)).toThrow("neighbours only");
});

test.each([SEALED_FOR, DERIVED_BY])("shares are taken in their batch alone: %i", (holder) => {
  const { prekeys } = deal(SEVEN, batchOf(SEVEN, { count: 3 }));
  const places = [{}, { number: 1 }, { firstAttempt: 9 }, { members: [0, 2, 3, 4, 5, 6] }];
  const taken = places.map(
    (place) => takeAt(SEVEN, batchOf(SEVEN, { count: 3, ...place }), holder, prekeys) !== null,
  );
  expect(taken).toEqual([true, false, false, false]);
});

test.each([
  SEALED_FOR,
  DERIVED_BY,
])("what is forwarded is not taken if it was changed or cut short: %i", (holder) => {
  const batch = batchOf(SEVEN);
  const bytes = forwarded(batch, DEALER, holder, deal(SEVEN, batch).prekeys);
  const stream = streamOf(SEVEN, batch, holder, DEALER);
  const taken = (changed: Uint8Array) =>
    takeForwarded(batch, DEALER, { index: holder, stream }, changed);
  for (let place = 0; place < bytes.length; place++) {
    const changed = bytes.slice();
    changed[place] = (changed[place] ?? 0) ^ 1;
    expect(taken(changed)).toBeNull();
  }
  for (let length = 0; length < bytes.length; length++)
    expect(taken(bytes.subarray(0, length))).toBeNull();
  expect(taken(concatBytes(bytes, Uint8Array.of(0)))).toBeNull();
  expect(taken(bytes)).not.toBeNull();
});
