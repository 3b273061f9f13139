/** Vectors of whole rounds: one in which all survive, one in which a member drops out. Pure. */
import { RUN_ID } from "./key-vectors.ts";
import { fixedBytes, hex, join } from "./second/primitives.ts";
import { maskElements } from "./second/ring.ts";
import { playRound, type RoundFacts, type RoundMember } from "./second/round.ts";
import { type Vector, vector } from "./vector.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

interface RoundCase {
  readonly id: string;
  readonly memberCount: number;
  readonly threshold: number;
  readonly attempts: number;
  readonly ringBits: number;
  readonly survivors: readonly number[];
}

function roundMember({ id, attempts, ringBits }: RoundCase, index: number): RoundMember {
  const bytes = (what: string, length = 32): Uint8Array =>
    fixedBytes(`${id}/${index}/${what}`, length);
  return {
    memberId: `bank-${index}`,
    identitySecret: bytes("identity"),
    channelSecret: bytes("channel"),
    // The first two have ML-KEM, the others not: both kinds of channel in one round.
    kemKey: index < 2 ? bytes("kem", 1184) : new Uint8Array(),
    draws: upTo(attempts).map((i) => ({
      selfSeed: bytes(`self ${i}`),
      recoveryKey: bytes(`recovery ${i}`),
    })),
    vector: maskElements(bytes("vector"), ringBits, 8),
  };
}

/** The last attempt of the batch is played. */
function roundVector(round: RoundCase): Vector {
  const { id, memberCount, threshold, attempts, ringBits, survivors } = round;
  const firstAttempt = 32;
  const facts: RoundFacts = {
    runId: RUN_ID,
    members: upTo(memberCount).map((index) => roundMember(round, index)),
    kem: [
      {
        lower: 0,
        higher: 1,
        ciphertext: fixedBytes(`${id}/ciphertext`, 1088),
        secret: fixedBytes(`${id}/secret`, 32),
      },
    ],
    coordinatorSecret: fixedBytes(`${id}/coordinator`, 32),
    batch: { number: 2, firstAttempt, count: attempts },
    threshold,
    place: {
      round: 4,
      attempt: firstAttempt + attempts - 1,
      askHash: fixedBytes(`${id}/ask`, 32),
      transcript: fixedBytes(`${id}/head`, 32),
      dimension: 8,
      ringBits,
    },
    survivors,
  };
  const { askHash, transcript, ...numbers } = facts.place;
  const inputs = {
    runId: RUN_ID,
    threshold,
    coordinatorSecret: hex(facts.coordinatorSecret),
    batch: facts.batch,
    place: { ...numbers, askHash: hex(askHash), transcript: hex(transcript) },
    survivors,
    kem: facts.kem.map(({ ciphertext, secret, ...pair }) => ({
      ...pair,
      ciphertext: hex(ciphertext),
      secret: hex(secret),
    })),
    members: facts.members.map(
      ({ memberId, identitySecret, channelSecret, kemKey, draws, vector: values }) => ({
        memberId,
        identitySecret: hex(identitySecret),
        channelSecret: hex(channelSecret),
        kemKey: hex(kemKey),
        draws: draws.map(({ selfSeed, recoveryKey }) => hex(join(selfSeed, recoveryKey))),
        vector: values,
      }),
    ),
  };
  return vector(
    id,
    "Bonawitz et al., CCS 2017, §4; shared/secagg/agent.ts",
    inputs,
    playRound(facts),
  );
}

export function roundVectors(): Vector[] {
  return [
    roundVector({
      id: "round/3-members",
      memberCount: 3,
      threshold: 3,
      attempts: 2,
      ringBits: 20,
      survivors: [0, 1, 2],
    }),
    roundVector({
      id: "round/4-members-one-drops-out",
      memberCount: 4,
      threshold: 3,
      attempts: 1,
      ringBits: 32,
      survivors: [0, 1, 3],
    }),
  ];
}
