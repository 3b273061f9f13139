/** Tests of `shared/secagg/pair-stream.ts`: what two members have in common in a batch, each piece for one use. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { SEVEN, streamOf } from "../../support/dealing.ts";
import { batchOf, upTo } from "../../support/group.ts";

test("a share of one member is no share of another, in neither direction", () => {
  const batch = batchOf(SEVEN, { count: 2 });
  const seen = batch.members.flatMap((own) =>
    batch.graph.neighbours(own).flatMap((peer) => {
      const { sealing, seeds, dealt } = streamOf(SEVEN, batch, own, peer);
      const both = [sealing, dealt.subarray(0, 64), dealt.subarray(64)].map(toHex);
      return own < peer ? [...both, toHex(seeds)] : both;
    }),
  );
  expect(new Set(seen).size).toBe(seen.length);
});

test("both ends have the same stream, and another batch has another", () => {
  const batch = batchOf(SEVEN, { count: 2 });
  const [up, down] = [streamOf(SEVEN, batch, 1, 5), streamOf(SEVEN, batch, 5, 1)];
  const mirrored = {
    sealing: down.opening,
    opening: down.sealing,
    seeds: down.seeds,
    dealt: down.held,
    held: down.dealt,
  };
  expect(up).toEqual(mirrored);
  for (const change of [{ number: 1 }, { firstAttempt: 11 }, { count: 3 }, { members: upTo(6) }]) {
    const other = streamOf(SEVEN, batchOf(SEVEN, { count: 2, ...change }), 1, 5);
    for (const part of ["sealing", "opening", "seeds", "dealt", "held"] as const)
      expect(toHex(other[part].subarray(0, 32))).not.toBe(toHex(up[part].subarray(0, 32)));
  }
});
