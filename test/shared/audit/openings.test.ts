/** Replays where members share masks with some others only, and where two members never agreed on theirs. */
import { expect, test } from "vitest";
import { auditRecord, dealtEntries } from "../../../shared/audit/record.ts";
import { replayRound } from "../../../shared/audit/replay.ts";
import { utf8, wordsToBytes } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { askHash } from "../../../shared/charter/ask.ts";
import { macKey, sha256 } from "../../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../../shared/crypto/identity.ts";
import { beginAttempt, commit, signMasked } from "../../../shared/secagg/agent.ts";
import { type AgentBatch, dealBatch, takeShares } from "../../../shared/secagg/agent-batch.ts";
import type { OpenedSecrets, Survivor } from "../../../shared/secagg/attempt.ts";
import { openBatch } from "../../../shared/secagg/batch.ts";
import type { Channel } from "../../../shared/secagg/channel.ts";
import { bundleFor, closeDealing, readDealing } from "../../../shared/secagg/coordinator-batch.ts";
import { inclusionHash, roundContext } from "../../../shared/secagg/keys.ts";
import { applyMasksInPlace } from "../../../shared/secagg/masks.ts";
import { pairStream } from "../../../shared/secagg/pair-stream.ts";
import type { SumParams } from "../../../shared/secagg/params.ts";
import { packRing, reduceInPlace } from "../../../shared/secagg/ring.ts";
import { firstHead, nextHead } from "../../../shared/transcript/chain.ts";
import { type Outcome, outcomeOf } from "../../support/audits.ts";

const RUN_ID = "ab".repeat(32);
const COUNT = 9;
const DIMENSION = 20;
const SHAPE = { dimension: DIMENSION, ringBits: 20 } as const;
const all = Array.from({ length: COUNT }, (_, index) => index);
const identities = all.map(
  (index): Identity => identityFromSecret(randomBytes(reproducibleRng(`member-${index}`), 32)),
);
/** Nine members, each with four neighbours. */
const sum: SumParams = {
  degree: 4,
  threshold: 3,
  certificate: "signatures",
  confirmersMax: COUNT,
  confirmationsMin: 5,
  runId: RUN_ID,
  roster: identities.map(({ publicKey }, i) => ({ memberId: `bank-${i}`, identityKey: publicKey })),
  coordinatorKey: new Uint8Array(32),
  survivorsMin: 5,
};

/** What two members share; `liar` has another secret with everyone than they have with it. */
function channelBetween(own: number, peer: number, liar: number | null): Channel {
  const pair = [Math.min(own, peer), Math.max(own, peer)].join();
  const key = macKey(sha256(utf8(pair)));
  const pairSecret = sha256(utf8(own === liar ? `lie ${pair}` : `pair ${pair}`));
  return { confirming: key, checking: key, pairSecret };
}

const channelsOf = (own: number, liar: number | null): Map<number, Channel> =>
  new Map(
    all.filter((peer) => peer !== own).map((peer) => [peer, channelBetween(own, peer, liar)]),
  );

/** One round with the given dropouts, kept and replayed. */
function play(dropouts: readonly number[], liar: number | null = null) {
  const rng = reproducibleRng("openings");
  const nonces = all.map(() => randomBytes(rng, 32));
  const batch = openBatch(sum, { number: 3, firstAttempt: 7, count: 2, members: all }, nonces);
  const attempt = 8;
  const selves = all.map((index) => ({
    index,
    identity: identities[index] ?? missing(),
    channels: channelsOf(index, liar),
  }));
  const dealt = selves.map((self) => dealBatch(sum, self, batch, rng) ?? missing());
  const selfSeeds = dealt.map(({ state }) => state.own.get(attempt)?.selfSeed ?? missing());
  const dealings = new Map(
    dealt.map(({ entries, signature }, i) => [
      i,
      readDealing(sum, batch, i, entries, signature) ?? missing(),
    ]),
  );
  const prekeys = closeDealing(sum, batch, dealings);
  const inputHash = sha256(utf8("model"));
  const place = {
    round: 0,
    attempt,
    askHash: askHash(RUN_ID, 0, "zeros", inputHash),
    transcript: firstHead(RUN_ID),
    ...SHAPE,
  };
  const survivors = new Map<number, Survivor>();
  const vectors = new Map<string, Uint8Array>();
  const expected = new Uint32Array(DIMENSION);
  for (const [i, self] of selves.entries()) {
    const taken = takeShares(sum, self, dealt[i]?.state ?? missing(), bundleFor(prekeys, i));
    const begun = beginAttempt(taken?.state as AgentBatch, place);
    const committed = begun.ok ? commit(sum, self, begun.value, all) : missing();
    if (!committed.ok || dropouts.includes(i)) continue;
    const vector = Uint32Array.from({ length: DIMENSION }, (_, k) => 1000 * i + k);
    for (const [k, value] of vector.entries()) expected[k] = (expected[k] ?? 0) + value;
    applyMasksInPlace(vector, committed.value.masks, SHAPE.ringBits);
    reduceInPlace(vector, SHAPE.ringBits);
    const packed = packRing(vector, SHAPE.ringBits);
    const root = sha256(packed);
    survivors.set(i, { root, signature: signMasked(self, committed.value.state, root).signature });
    vectors.set(`bank-${i}`, packed);
  }
  const context = roundContext(sum, prekeys.context, place, all);
  const members = [...survivors.keys()];
  const roots = [...survivors.values()].map(({ root }) => root);
  const resultHash = sha256(wordsToBytes(expected));
  const link = { inclusion: inclusionHash(sum, context, members, roots), resultHash };
  const opened: OpenedSecrets = {
    selfSeeds: members.map((of) => ({ of, seed: selfSeeds[of] ?? missing() })),
    pairSeeds: dropouts.flatMap((dropout) =>
      batch.graph
        .neighbours(dropout)
        .filter((survivor) => survivors.has(survivor))
        .map((survivor) => {
          const channel = selves[survivor]?.channels.get(dropout) ?? missing();
          const { seeds } = pairStream(channel, batch, survivor, dropout);
          return { dropout, survivor, seed: seeds.subarray(32, 64) }; // The second attempt of two.
        }),
    ),
  };
  const record = auditRecord({
    runId: RUN_ID,
    place,
    askKind: "zeros",
    inputHash,
    prekeys,
    cohort: all,
    survivors,
    opened,
    resultHash,
    headAfter: nextHead(place.transcript, link),
  });
  const files = {
    prekeys: async () => dealtEntries(prekeys),
    vector: async (memberId: string) => vectors.get(memberId) ?? missing(),
  };
  const replay = (changed = record): Promise<Outcome> =>
    outcomeOf(replayRound({ sum, round: 0, record: changed, shapeOf: () => SHAPE }, files));
  return { record, expected, replay, neighbours: batch.graph.neighbours };
}

test("on a regular graph the sum opens with the seeds of neighbours only", async () => {
  const { record, expected, replay } = play([2, 3]);
  const between = record.pairSeeds.length;
  expect(between).toBeLessThanOrEqual(8);
  expect(between).toBeGreaterThan(0);
  const { failed, replayed } = await replay();
  expect(failed).toBeNull();
  expect(replayed?.sum).toEqual(expected);
});

test("another graph than the members' own is found: its nonces are what they signed for", async () => {
  const { record, replay } = play([2]);
  const changed = structuredClone(record);
  changed.batch.nonces[0] = "00".repeat(32);
  expect((await replay(changed)).failed).toBe(
    "prekeys: the prekeys are not the ones that the survivors signed for",
  );
});

test("a seed between members who are no neighbours is refused", async () => {
  const { record, replay, neighbours } = play([2]);
  const stranger = all.find((index) => index !== 2 && !neighbours(2).includes(index)) ?? missing();
  const changed = structuredClone(record);
  (changed.pairSeeds[0] ?? missing()).survivor = stranger;
  expect((await replay(changed)).failed).toContain("seeds: the seed of the mask between bank-2");
});

test("a cohort with a member who agrees with nobody on its masks is found, and the member named", async () => {
  const { replay } = play([2], 5);
  expect((await replay()).failed).toBe(
    "prekeys: bank-5 and others had not agreed on their masks, and were let into one cohort",
  );
});

function missing(): never {
  throw new Error("the fixture is incomplete");
}
