/** A round taken apart again gives its sum; whatever is changed in what was kept of it is found, by name. */
import { expect, test } from "vitest";
import type { AuditRecord } from "../../../shared/audit/record.ts";
import { replayRound } from "../../../shared/audit/replay.ts";
import { toHex, wordsToBytes } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { sha256 } from "../../../shared/crypto/hash.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { claimOf, outcomeOf, replayKept } from "../../support/audits.ts";
import { type KeptRound, playProbe } from "../../support/memory-room.ts";

const DIMENSION = 40;
/** In round 1 the third of five members vanishes with its masks in the others' vectors. */
const room = playProbe({
  members: 5,
  dimension: DIMENSION,
  rounds: 3,
  dropout: { member: 2, round: 1 },
});
const [first, second, third] = room.rounds;
if (!first || !second || !third) throw new Error("three rounds were released");

const NAMES = ["record", "signatures", "prekeys", "seeds", "vectors", "result", "history"];
const OTHER = "5a".repeat(32);

/** The round with its dropout, changed. */
function changed(change: (record: AuditRecord) => void, files: Partial<KeptRound> = {}): KeptRound {
  const record = structuredClone(second as KeptRound).record;
  change(record);
  return { ...(second as KeptRound), ...files, record };
}

const failed = async (kept: KeptRound): Promise<string> =>
  (await replayKept(room, kept)).failed ?? "nothing failed";

test("every round, also one with a dropout, is the sum of what its survivors put in", async () => {
  expect(room.rounds.map(({ record }) => record.survivors.length)).toEqual([5, 4, 4]);
  for (const kept of room.rounds) {
    const { checks, replayed } = await replayKept(room, kept);
    expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual(
      NAMES.map((name) => `${name} holds`),
    );
    const expected = new Uint32Array(DIMENSION);
    for (const { member } of kept.record.survivors) {
      const { memberId } = room.manifest.roster[member] ?? { memberId: "" };
      const own = room.sent.get(memberId)?.get(kept.record.attempt);
      for (let i = 0; i < DIMENSION; i++)
        expected[i] = ((expected[i] ?? 0) + (own?.[i] ?? 0)) % 2 ** 24;
    }
    expect(replayed?.sum).toEqual(expected);
  }
});

test("rounds join up: each opens on the history that the one before leads to", () => {
  expect(second.record.headBefore).toBe(first.record.headAfter);
  expect(third.record.headBefore).toBe(second.record.headAfter);
});

test("a changed vector is found and its member named, and so are swapped ones", async () => {
  const vectors = new Map(second.vectors);
  const flipped = Uint8Array.from(vectors.get(3) ?? []);
  flipped[7] = (flipped[7] ?? 0) ^ 1;
  expect(await failed({ ...second, vectors: new Map(vectors).set(3, flipped) })).toBe(
    "vectors: the stored vector of bank-4 is not the one whose hash it signed",
  );
  const zero = vectors.get(0) ?? new Uint8Array();
  const one = vectors.get(1) ?? new Uint8Array();
  expect(await failed({ ...second, vectors: new Map(vectors).set(0, one).set(1, zero) })).toContain(
    "vectors: the stored vector of bank-1",
  );
  expect(await failed({ ...second, vectors: new Map(vectors).set(4, zero.subarray(1)) })).toContain(
    "vectors: the stored vector of bank-5 has 119 bytes instead of 120",
  );
});

test("a changed seed of either kind is found, whatever result it is made to fit", async () => {
  const self = changed(({ selfSeeds }) => {
    (selfSeeds[1] ?? { seed: "" }).seed = OTHER;
  });
  expect(await failed(self)).toBe(
    "seeds: the self-mask seed of bank-2 is not the one that it committed to",
  );
  const pair = changed(({ pairSeeds }) => {
    (pairSeeds[2] ?? { seed: "" }).seed = OTHER;
  });
  expect(await failed(pair)).toContain("seeds: the seed of the mask between bank-3 and bank-4");
  const missing = changed(({ pairSeeds }) => pairSeeds.pop());
  expect(await failed(missing)).toBe("seeds: 3 seeds of dropouts' masks where 4 are needed");
});

test("a survivor in another's place is found", async () => {
  const swapped = changed(({ survivors, selfSeeds }) => {
    // The dropout is said to have sent what the fourth member did.
    (survivors[2] ?? { member: 0 }).member = 2;
    (selfSeeds[2] ?? { of: 0 }).of = 2;
  });
  expect(await failed(swapped)).toContain("signatures: bank-3 did not sign this vector");
});

test("a survivor left out, with all that it sent, is found: nobody has the seeds that this would need", async () => {
  const fewer = changed(({ survivors, selfSeeds }) => {
    survivors.shift();
    selfSeeds.shift();
  });
  // Three of five are too few by the rules already.
  expect(await failed(fewer)).toBe(
    "record: 3 survivors; by the charter no sum over fewer than 4 is opened",
  );
  const record = structuredClone(first.record);
  record.survivors.shift();
  record.selfSeeds.shift();
  expect(await failed({ ...first, record })).toBe(
    "seeds: 0 seeds of dropouts' masks where 4 are needed",
  );
});

test("a forged signature is found", async () => {
  const flipped = changed(({ survivors }) => {
    const [survivor] = survivors;
    if (survivor) survivor.signature = `00${survivor.signature.slice(2)}`;
  });
  expect(await failed(flipped)).toContain("signatures: bank-1 did not sign this vector");
});

test.each<[string, (record: AuditRecord) => void]>([
  [
    "model",
    (record) => {
      record.inputHash = OTHER;
    },
  ],
  [
    "history",
    (record) => {
      record.headBefore = OTHER;
    },
  ],
  [
    "prekeys",
    (record) => {
      record.prekeys = OTHER;
    },
  ],
  [
    "attempt",
    (record) => {
      record.attempt += 1;
    },
  ],
  [
    "cohort",
    (record) => {
      record.cohort = record.cohort.filter((index) => index !== 2);
    },
  ],
  [
    "root",
    (record) => {
      (record.survivors[0] ?? { root: "" }).root = OTHER;
    },
  ],
])("another %s is found by the survivors' signatures", async (_, change) => {
  expect(await failed(changed(change))).toContain("signatures: bank-1 did not sign this vector");
});

test("prekeys that the survivors did not sign for are found", async () => {
  const prekeys = second.prekeys.slice();
  prekeys[100] = (prekeys[100] ?? 0) ^ 1;
  expect(await failed({ ...second, prekeys })).toBe(
    "prekeys: the prekeys are not the ones that the survivors signed for",
  );
  expect(await failed({ ...second, prekeys: prekeys.subarray(1) })).toBe(
    "prekeys: the prekeys have the wrong size",
  );
  const other = changed(({ batch }) => {
    batch.number += 1;
  });
  expect(await failed(other)).toContain("prekeys: the prekeys are not the ones");
});

test("another result is found", async () => {
  const resultHash = toHex(sha256(wordsToBytes(new Uint32Array(DIMENSION))));
  const other = changed((record) => {
    record.resultHash = resultHash;
  });
  expect(await failed(other)).toContain("result: without masks the vectors add up to ");
});

test("another history is found", async () => {
  const other = changed((record) => {
    record.headAfter = OTHER;
  });
  expect(await failed(other)).toContain("history: survivors and sum lead to the transcript ");
});

test.each<[string, (record: AuditRecord) => void]>([
  [
    "of another run",
    (record) => {
      record.runId = OTHER;
    },
  ],
  [
    "of another kind",
    (record) => {
      record.askKind = "gradient";
    },
  ],
  [
    "with another ring",
    (record) => {
      record.ringBits = 32;
    },
  ],
  [
    "with another dimension",
    (record) => {
      record.dimension += 1;
    },
  ],
  [
    "whose prekeys are for other attempts",
    (record) => {
      record.batch.firstAttempt = 16;
    },
  ],
  [
    "with a survivor twice",
    ({ survivors }) => {
      survivors[1] = survivors[0] ?? never();
    },
  ],
  [
    "with survivors out of order",
    ({ survivors }) => {
      survivors.reverse();
    },
  ],
  [
    "with a stranger",
    ({ cohort }) => {
      cohort.push(9);
    },
  ],
  [
    "with a dealer too few",
    ({ batch }) => {
      batch.dealers.pop();
    },
  ],
  [
    "with a seed too many",
    ({ selfSeeds }) => {
      selfSeeds.push(selfSeeds[0] ?? never());
    },
  ],
  [
    "with nonces",
    ({ batch }) => {
      batch.nonces.push(OTHER);
    },
  ],
])("a record %s is refused before anything is computed", async (_, change) => {
  const { checks } = await replayKept(room, changed(change));
  expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual(["record fails"]);
});

test("a record of another round than was asked for is refused", async () => {
  const files = { prekeys: () => Promise.reject(), vector: () => Promise.reject() };
  const { failed: text } = await outcomeOf(replayRound(claimOf(room, first, 1), files));
  expect(text).toBe("record: the record is of round 0");
});

test("a first round that does not begin with an empty history is refused", async () => {
  const record = structuredClone(first.record);
  record.headBefore = OTHER;
  expect(await failed({ ...first, record })).toContain("record: the first round does not open on");
});

test("a roster with another key than the survivor's own finds its signature wanting", async () => {
  const stranger = identityFromSecret(randomBytes(reproducibleRng("stranger"), 32));
  const roster = structuredClone(room.manifest.roster);
  (roster[1] ?? never()).identityKey = toHex(stranger.publicKey);
  const other = { ...room, manifest: { ...room.manifest, roster } };
  expect((await replayKept(other, second)).failed).toContain("signatures: bank-2 did not sign");
});

test("every failure accuses the coordinator, for all of it came from there", async () => {
  const { checks } = await replayKept(
    room,
    changed((record) => {
      record.headAfter = OTHER;
    }),
  );
  expect(checks.at(-1)?.accused).toBe("the coordinator");
});

function never(): never {
  throw new Error("a fixture is missing a member");
}
