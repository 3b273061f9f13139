/**
 * The second implementation: one whole round, from everyone's secrets to the opened sum, computed from outside
 * with all secrets in view. The sum is opened twice, by adding the survivors' vectors and by rebuilding the
 * secrets from shares, and both must agree. Complete graph only. Pure.
 */
import { interpolate } from "./field.ts";
import {
  at,
  hex,
  identityKeyOf,
  join,
  littleEndian,
  sha256,
  shortMac,
  signed,
} from "./primitives.ts";
import * as protocol from "./protocol.ts";
import { added, maskElements, packed } from "./ring.ts";

export interface RoundMember {
  readonly memberId: string;
  readonly identitySecret: Uint8Array;
  readonly channelSecret: Uint8Array;
  /** Empty where the member has no ML-KEM. */
  readonly kemKey: Uint8Array;
  /** What it draws for each attempt, in this order. */
  readonly draws: readonly {
    readonly selfSeed: Uint8Array;
    readonly recoveryKey: Uint8Array;
  }[];
  readonly vector: readonly number[];
}

export interface RoundFacts {
  readonly runId: string;
  readonly members: readonly RoundMember[];
  /** ML-KEM between two members that both have it. */
  readonly kem: readonly {
    readonly lower: number;
    readonly higher: number;
    readonly ciphertext: Uint8Array;
    readonly secret: Uint8Array;
  }[];
  readonly coordinatorSecret: Uint8Array;
  readonly batch: {
    readonly number: number;
    readonly firstAttempt: number;
    readonly count: number;
  };
  readonly threshold: number;
  readonly place: protocol.Place;
  readonly survivors: readonly number[];
}

const EMPTY = new Uint8Array();
const indicesOf = (facts: RoundFacts): number[] => [...facts.members.keys()];
const othersOf = (facts: RoundFacts, index: number): number[] =>
  indicesOf(facts).filter((other) => other !== index);

function joinOf(facts: RoundFacts, index: number): protocol.Joining {
  const { memberId, channelSecret, kemKey } = at(facts.members, index);
  return protocol.joining(memberId, channelSecret, kemKey);
}

function channel(facts: RoundFacts, one: number, other: number): protocol.ChannelKeys {
  const lower = Math.min(one, other);
  const higher = Math.max(one, other);
  const kem = facts.kem.find((pair) => pair.lower === lower && pair.higher === higher);
  return protocol.channelKeys({
    runId: facts.runId,
    lower,
    higher,
    lowerJoin: joinOf(facts, lower),
    higherJoin: joinOf(facts, higher),
    lowerSecret: at(facts.members, lower).channelSecret,
    kemCiphertext: kem?.ciphertext ?? EMPTY,
    kemSecret: kem?.secret ?? EMPTY,
  });
}

function openingOf({ runId, members, batch }: RoundFacts): Uint8Array {
  const facts = { ...batch, runId, rosterCount: members.length, nonces: [] };
  return protocol.batchOpening({ ...facts, members: [...members.keys()] });
}

function pieces(facts: RoundFacts, one: number, other: number): protocol.PairPieces {
  const { pairSecret } = channel(facts, one, other);
  return protocol.pairPieces(pairSecret, openingOf(facts), facts.batch.count);
}

function seedOf(facts: RoundFacts, one: number, other: number, attempt: number): Uint8Array {
  return at(pieces(facts, one, other).seeds, attempt - facts.batch.firstAttempt);
}

/** The share of a secret that a holder has: its point is its index + 1, for everyone holds. */
function share(
  facts: RoundFacts,
  kind: "self" | "recovery",
  of: number,
  holder: number,
  attempt: number,
): Uint8Array {
  const { members, threshold, batch } = facts;
  const place = attempt - batch.firstAttempt;
  const derived = (index: number): Uint8Array => {
    const { sharesUp, sharesDown } = pieces(facts, of, index);
    const both = at(of < index ? sharesUp : sharesDown, place);
    return kind === "self" ? both.slice(0, 32) : both.slice(32);
  };
  const deriving = indicesOf(facts).filter((index) =>
    protocol.derives(members.length, threshold, of, index),
  );
  if (deriving.includes(holder)) return derived(holder);
  const { selfSeed, recoveryKey } = at(at(members, of).draws, place);
  const secret = kind === "self" ? selfSeed : recoveryKey;
  const points = [0, ...deriving.map((index) => index + 1)];
  return interpolate(points, [secret, ...deriving.map(derived)], holder + 1);
}

/** What one member deals, as it travels. */
function entries(facts: RoundFacts, index: number): Uint8Array {
  const { members, threshold, batch } = facts;
  const attempts = Array.from({ length: batch.count }, (_, i) => batch.firstAttempt + i);
  const others = othersOf(facts, index);
  const drawn = (attempt: number) => at(at(members, index).draws, attempt - batch.firstAttempt);
  const seeds = (attempt: number): Uint8Array[] =>
    others.map((other) => seedOf(facts, index, other, attempt));
  const kinds = ["self", "recovery"] as const;
  const shares = (holder: number): Uint8Array[] =>
    attempts.flatMap((attempt) => kinds.map((kind) => share(facts, kind, index, holder, attempt)));
  // The last of the circle, in its order.
  const sealedTo = [...others.filter((other) => other > index), ...others]
    .slice(0, others.length)
    .filter((holder) => !protocol.derives(members.length, threshold, index, holder));
  return join(
    ...attempts.flatMap((attempt) => [
      protocol.selfCommitment(drawn(attempt).selfSeed),
      protocol.recoveryCommitment(drawn(attempt).recoveryKey),
    ]),
    ...attempts.map((attempt) =>
      protocol.recoveryBox(drawn(attempt).recoveryKey, join(...seeds(attempt))),
    ),
    ...others.flatMap((_, place) =>
      attempts.map((attempt) => protocol.pairTag(at(seeds(attempt), place))),
    ),
    ...indicesOf(facts).flatMap((holder) =>
      shares(holder).map((one, i) => protocol.shareTag(at(kinds, i % 2), one, index, holder)),
    ),
    ...sealedTo.map((holder) => {
      const { sealUp, sealDown } = pieces(facts, index, holder);
      return protocol.sealedShares(index < holder ? sealUp : sealDown, join(...shares(holder)));
    }),
  );
}

/** Everyone's mask: its own, and one for each other member, which the lower index adds. */
function maskOf(facts: RoundFacts, index: number, context: Uint8Array): number[] {
  const { dimension, ringBits, attempt } = facts.place;
  const drawn = at(at(facts.members, index).draws, attempt - facts.batch.firstAttempt);
  const own = protocol.selfMaskKey(drawn.selfSeed, context, index);
  return othersOf(facts, index).reduce(
    (mask, other) => {
      const seed = seedOf(facts, index, other, attempt);
      const key = protocol.pairMaskKey(seed, context, index, other);
      const elements = maskElements(key, ringBits, dimension);
      return added(mask, elements, index < other ? 1 : -1, ringBits);
    },
    maskElements(own, ringBits, dimension),
  );
}

/** The sum as the coordinator opens it: shares in, masks out. */
function opened(facts: RoundFacts, context: Uint8Array, sum: readonly number[]) {
  const { dimension, ringBits, attempt } = facts.place;
  const holders = facts.survivors.slice(0, facts.threshold);
  const points = holders.map((holder) => holder + 1);
  const rebuilt = (kind: "self" | "recovery", of: number): Uint8Array =>
    interpolate(
      points,
      holders.map((holder) => share(facts, kind, of, holder, attempt)),
      0,
    );
  let result = [...sum];
  const remove = (key: Uint8Array, sign: number): void => {
    result = added(result, maskElements(key, ringBits, dimension), -sign, ringBits);
  };
  for (const survivor of facts.survivors)
    remove(protocol.selfMaskKey(rebuilt("self", survivor), context, survivor), 1);
  for (const dropout of indicesOf(facts).filter((index) => !facts.survivors.includes(index))) {
    const others = othersOf(facts, dropout);
    const seeds = join(...others.map((other) => seedOf(facts, dropout, other, attempt)));
    const { recoveryKey } = at(
      at(facts.members, dropout).draws,
      attempt - facts.batch.firstAttempt,
    );
    const box = protocol.recoveryBox(recoveryKey, seeds);
    const unlocked = protocol.recoveryBox(rebuilt("recovery", dropout), box);
    for (const [place, survivor] of others.entries()) {
      if (!facts.survivors.includes(survivor)) continue;
      const seed = unlocked.slice(32 * place, 32 * place + 32);
      remove(protocol.pairMaskKey(seed, context, dropout, survivor), survivor < dropout ? 1 : -1);
    }
  }
  return result;
}

/** Everything that anybody says in the round, and what comes out. Hexadecimal. */
export function playRound(facts: RoundFacts) {
  const { runId, members, place, survivors } = facts;
  const { dimension, ringBits, attempt } = place;
  const cohort = indicesOf(facts);
  const identity = (index: number): Uint8Array => at(members, index).identitySecret;
  const opening = openingOf(facts);
  const dealings = cohort.map((index) => entries(facts, index));
  const hashes = cohort.map((index) => protocol.prekeysHash(opening, index, at(dealings, index)));
  const dealt = protocol.dealtContext(runId, members.length, opening, cohort, hashes);
  const context = protocol.roundContext(runId, members.length, dealt, place, cohort);
  const masked = cohort.map((index) =>
    added(at(members, index).vector, maskOf(facts, index, context), 1, ringBits),
  );
  const uploads = masked.map((vector) => packed(vector, ringBits));
  const roots = uploads.map(sha256);
  const kept = survivors.map((index) => at(roots, index));
  const inclusion = protocol.inclusionHash(members.length, context, survivors, kept);
  const confirmations = survivors.map((from) => {
    const statement = protocol.confirmStatement(inclusion, from);
    const tags = survivors
      .filter((to) => to !== from)
      .map((to) => {
        const keys = channel(facts, from, to);
        return shortMac(from < to ? keys.macUp : keys.macDown, statement);
      });
    return join(...tags);
  });
  const none = new Uint8Array();
  const seeds = survivors.map(
    (index) => at(at(members, index).draws, attempt - facts.batch.firstAttempt).selfSeed,
  );
  const revealed = survivors.map((holder) => {
    const dropouts = cohort.filter((of) => !survivors.includes(of));
    return join(...dropouts.map((of) => share(facts, "recovery", of, holder, attempt)));
  });
  // As if all the others had fallen silent.
  const more = survivors.map((holder) => {
    const others = survivors.filter((of) => of !== holder);
    return join(...others.map((of) => share(facts, "self", of, holder, attempt)));
  });
  const zeros = new Array<number>(dimension).fill(0);
  const total = (vectors: readonly (readonly number[])[]): number[] =>
    survivors.reduce((sum, index) => added(sum, at(vectors, index), 1, ringBits), zeros);
  const sum = opened(facts, context, total(masked));
  const plain = total(members.map(({ vector }) => vector));
  if (sum.join() !== plain.join()) throw new Error("the two ways to the sum disagree");
  const resultHash = sha256(join(...sum.map((value) => littleEndian(value, 4))));
  const sign = (index: number, statement: Uint8Array): string =>
    hex(signed(identity(index), statement));
  return {
    identityKeys: cohort.map((index) => hex(identityKeyOf(identity(index)))),
    joinSignatures: cohort.map((index) =>
      sign(index, protocol.joinStatement(runId, joinOf(facts, index))),
    ),
    entries: dealings.map(hex),
    prekeySignatures: hashes.map((hash, index) => sign(index, protocol.prekeysStatement(hash))),
    dealtContext: hex(dealt),
    roundContext: hex(context),
    masked: uploads.map(hex),
    roots: roots.map(hex),
    maskedSignatures: roots.map((root, index) =>
      sign(index, protocol.maskedStatement(context, index, root)),
    ),
    inclusion: hex(inclusion),
    includedSignature: hex(
      signed(facts.coordinatorSecret, protocol.includedStatement(runId, attempt, inclusion)),
    ),
    confirmations: confirmations.map(hex),
    seeds: seeds.map(hex),
    shares: revealed.map(hex),
    sharesSignatures: survivors.map((index, i) => {
      const told = protocol.sharesStatement(inclusion, index, at(seeds, i), at(revealed, i));
      return sign(index, told);
    }),
    moreShares: more.map(hex),
    moreSignatures: survivors.map((index, i) =>
      sign(index, protocol.sharesStatement(inclusion, index, none, at(more, i))),
    ),
    sum,
    resultHash: hex(resultHash),
    nextHead: hex(protocol.nextHead(place.transcript, inclusion, resultHash)),
  };
}
