/** Tests of `shared/secagg/pair-stream.ts`: what two members have in common in a batch, each piece for one use. */
import { expect, test } from "vitest";
import { equalBytes, toHex } from "../../../shared/base/bytes.ts";
import { openBatch } from "../../../shared/secagg/batch.ts";
import { isDerived, ownsSeed } from "../../../shared/secagg/entries.ts";
import { groupRules } from "../../../shared/secagg/params.ts";
import { SEVEN, streamOf } from "../../support/dealing.ts";
import { batchOf, upTo } from "../../support/group.ts";

const RULES = { coordinatorKey: new Uint8Array(32), survivorsMin: 3 };
const memberOf = (index: number) => ({
  memberId: `bank-${index}`,
  identityKey: new Uint8Array(32),
});

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

test("the owner's recovery shares for the other are the seeds, and nobody else's are", () => {
  const batch = batchOf(SEVEN, { count: 2 });
  for (const own of batch.members)
    for (const peer of batch.graph.neighbours(own)) {
      const { seeds, dealt } = streamOf(SEVEN, batch, own, peer);
      const isSeed = [0, 1].map((i) =>
        equalBytes(dealt.subarray(64 * i + 32, 64 * i + 64), seeds.subarray(32 * i, 32 * i + 32)),
      );
      const owns = ownsSeed(batch, own, peer);
      expect(isSeed).toEqual([owns, owns]);
    }
});

test.each([
  3, 4, 5, 7, 10, 33, 100, 200,
])("of %i members each pair has one owner, who derives the other's share; dropouts and colluders know one share too few", (count) => {
  const rules = groupRules(count);
  const runId = "ab".repeat(32);
  const sum = { ...rules, runId, roster: upTo(count).map(memberOf), ...RULES };
  const place = { number: 0, firstAttempt: 0, count: 1, members: upTo(count) };
  const batch = openBatch(sum, place, []);
  for (const one of [0, 1, count - 1])
    for (const other of batch.graph.neighbours(one)) {
      expect(ownsSeed(batch, one, other)).toBe(!ownsSeed(batch, other, one));
      if (ownsSeed(batch, one, other)) expect(isDerived(batch, one, other)).toBe(true);
    }
  // A survivor's recovery key: its shares are known to colluders, and as seeds told by dropouts that do not own them.
  const { threshold } = rules;
  const [colluders, dropouts] = [2 * threshold - count - 1, count - threshold];
  expect(colluders + dropouts).toBe(threshold - 1);
});
