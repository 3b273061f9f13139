/** Tests of `shared/secagg/unmask.ts`: which secrets open a sum, and who is named where they do not. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import type { AgentBatch } from "../../../shared/secagg/agent-batch.ts";
import type { Dealing, DealtPrekeyBatch } from "../../../shared/secagg/coordinator-batch.ts";
import {
  boxAt,
  commitmentAt,
  type DealtPrekeys,
  type Kind,
  pairTagAt,
  parseEntries,
} from "../../../shared/secagg/entries.ts";
import { pairMask, selfMask } from "../../../shared/secagg/keys.ts";
import { applyMasksInPlace, type Mask } from "../../../shared/secagg/masks.ts";
import { reduceInPlace } from "../../../shared/secagg/ring.ts";
import { type MaskedSum, masksOf, openSecrets } from "../../../shared/secagg/unmask.ts";
import {
  batchOf,
  dealGroup,
  type Group,
  handOut,
  pairSeedOf,
  pick,
  unsafeGroup,
  unsafeSecret,
  upTo,
} from "../../support/group.ts";

const ATTEMPT = 11;
const CONTEXT = unsafeSecret("context");

interface Room {
  readonly group: Group;
  readonly prekeys: DealtPrekeyBatch;
  readonly agents: ReadonlyMap<number, AgentBatch>;
}

function roomOf(count: number): Room {
  const group = unsafeGroup(count, `unmask ${count}`);
  const dealt = dealGroup(group, batchOf(group, { count: 2 }));
  return { group, ...handOut(group, dealt, dealt.dealings) };
}

/** Seven of a complete graph, threshold five; seventy of a regular one, degree 32, threshold 21. */
const ROOMS = { seven: roomOf(7), seventy: roomOf(70) };

/** What honest survivors reveal: of each member of the cohort one kind of share, by holder. */
function revealed({ agents }: Room, cohort: readonly number[], survivors: readonly number[]) {
  const shares = new Map<number, Map<number, Uint8Array>>(
    cohort.map((index) => [index, new Map()]),
  );
  for (const holder of survivors) {
    const state = pick(agents, holder);
    shares.get(holder)?.set(holder, pick(state.own, ATTEMPT).ownShare);
    for (const [of, held] of pick(state.held, ATTEMPT))
      shares.get(of)?.set(holder, survivors.includes(of) ? held.self : held.recovery);
  }
  return shares;
}

function maskedSum(
  room: Room,
  survivors: readonly number[],
  cohort?: readonly number[],
): MaskedSum {
  const everyone = cohort ?? upTo(room.group.members.length);
  return {
    attempt: ATTEMPT,
    prekeys: room.prekeys,
    threshold: room.group.sum.threshold,
    cohort: everyone,
    survivors: new Set(survivors),
    seeds: new Map(),
    shares: revealed(room, everyone, survivors),
  };
}

function opened(sum: MaskedSum) {
  const opening = openSecrets(sum);
  if (opening.type !== "opened") throw new Error(opening.type);
  return opening.secrets;
}

/** The masks that a member applies. */
function masksFor(
  { group, prekeys, agents }: Room,
  index: number,
  cohort: readonly number[],
): Mask[] {
  const { selfSeed } = pick(pick(agents, index).own, ATTEMPT);
  const masks = [selfMask(selfSeed, CONTEXT, index)];
  for (const peer of prekeys.batch.graph.neighbours(index)) {
    if (!cohort.includes(peer)) continue;
    const seed = pairSeedOf(group, prekeys.batch, index, peer, ATTEMPT);
    masks.push(pairMask(seed, CONTEXT, index, peer));
  }
  return masks;
}

test.each([
  ["seven", [0, 1, 2, 3, 4, 5, 6], undefined],
  ["seven", [0, 1, 3, 4, 6], undefined],
  ["seven", [1, 2, 4, 5, 6], [1, 2, 3, 4, 5, 6]],
  ["seventy", upTo(70), undefined],
  ["seventy", upTo(70).filter((index) => index % 10 !== 3), undefined],
] as const)("in a room of %s, with survivors %j, all masks of the sum cancel", (name, survivors, cohort) => {
  const room = ROOMS[name];
  const masked = maskedSum(room, survivors, cohort);
  const vectors = survivors.map((index) => new Uint32Array(20).fill(1000 * index + 1));
  const sum = new Uint32Array(20);
  for (const [i, index] of survivors.entries()) {
    const vector = pick(vectors, i).slice();
    applyMasksInPlace(vector, masksFor(room, index, masked.cohort), 24);
    for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] ?? 0) + (vector[k] ?? 0);
  }
  applyMasksInPlace(sum, masksOf(opened(masked), CONTEXT), 24);
  reduceInPlace(sum, 24);
  const expected = survivors.reduce((total, index) => total + 1000 * index + 1, 0);
  expect([...sum]).toEqual(new Array<number>(20).fill(expected));
});

test("of survivors the self seed is opened, of dropouts only seeds shared with survivors", () => {
  const room = ROOMS.seventy;
  const survivors = upTo(70).filter((index) => index % 10 !== 3);
  const { selfSeeds, pairSeeds } = opened(maskedSum(room, survivors));
  expect(selfSeeds.map(({ of }) => of)).toEqual(survivors);
  for (const { of, seed } of selfSeeds)
    expect(toHex(seed)).toBe(toHex(pick(pick(room.agents, of).own, ATTEMPT).selfSeed));
  const expected = [3, 13, 23, 33, 43, 53, 63].flatMap((dropout) =>
    room.prekeys.batch.graph
      .neighbours(dropout)
      .filter((index) => survivors.includes(index))
      .map((survivor) => ({ dropout, survivor })),
  );
  expect(pairSeeds.map(({ dropout, survivor }) => ({ dropout, survivor }))).toEqual(expected);
  for (const { dropout, survivor, seed } of pairSeeds) {
    const seedOf = (attempt: number): string =>
      toHex(pairSeedOf(room.group, room.prekeys.batch, survivor, dropout, attempt));
    expect(toHex(seed)).toBe(seedOf(ATTEMPT));
    expect(toHex(seed)).not.toBe(seedOf(ATTEMPT - 1));
  }
});

test("with fewer shares than the threshold of any one member nothing is opened", () => {
  const room = ROOMS.seven;
  for (const of of upTo(7)) {
    const masked = maskedSum(room, [0, 1, 3, 4, 6]);
    const shares = new Map(masked.shares);
    const given = new Map(shares.get(of));
    given.delete(pick([...given.keys()], 0));
    shares.set(of, given);
    expect(given.size).toBe(4);
    expect(openSecrets({ ...masked, shares }).type).toBe("wanting");
    shares.delete(of);
    expect(openSecrets({ ...masked, shares }).type).toBe("wanting");
  }
  expect(openSecrets(maskedSum(room, [0, 1, 3, 4])).type).toBe("wanting");
});

test("seeds that survivors told themselves open the same sum, and leave shares of dropouts to be had", () => {
  const room = ROOMS.seven;
  const masked = maskedSum(room, [0, 1, 3, 4, 6]);
  const seedOf = (index: number) => pick(pick(room.agents, index).own, ATTEMPT).selfSeed;
  const seeds = new Map([0, 1, 3, 4, 6].map((index) => [index, seedOf(index)]));
  const shares = new Map([2, 5].map((index) => [index, pick(masked.shares, index)]));
  expect(opened({ ...masked, seeds, shares })).toEqual(opened(masked));
  shares.delete(5);
  expect(openSecrets({ ...masked, seeds, shares }).type).toBe("wanting");
});

test("a member that did not deal has nothing to open", () => {
  const room = ROOMS.seven;
  const dealings = new Map(room.prekeys.dealings);
  dealings.delete(2);
  const masked = maskedSum(room, [0, 1, 3, 4, 6]);
  expect(openSecrets({ ...masked, prekeys: { ...room.prekeys, dealings } }).type).toBe("wanting");
});

/** The sum as if `dealer` had dealt something else: `change` works on a copy of its entries, in place. */
function redealt(
  masked: MaskedSum,
  dealer: number,
  change: (prekeys: DealtPrekeys) => void,
): MaskedSum {
  const dealing = pick(masked.prekeys.dealings, dealer);
  const entries = dealing.entries.slice();
  const prekeys = parseEntries(masked.prekeys.batch, dealer, entries);
  if (!prekeys) throw new Error("not parsed");
  change(prekeys);
  const dealings = new Map<number, Dealing>(masked.prekeys.dealings);
  dealings.set(dealer, { ...dealing, entries, prekeys });
  return { ...masked, prekeys: { ...masked.prekeys, dealings } };
}

test("shares that do not rebuild what was committed to name their dealer", () => {
  const masked = maskedSum(ROOMS.seven, [0, 1, 3, 4, 6]);
  const blame = { type: "blame", code: "inconsistentShares" };
  const other = (dealer: number, attempt: number, kind: Kind) =>
    openSecrets(
      redealt(masked, dealer, (prekeys) => {
        commitmentAt(prekeys, attempt, kind).set(unsafeSecret("another commitment"));
      }),
    );
  // A survivor by its seed, a dropout by its recovery key; the other commitment does not matter, nor another attempt.
  expect(other(3, 1, "self")).toEqual({ ...blame, member: 3 });
  expect(other(2, 1, "recovery")).toEqual({ ...blame, member: 2 });
  expect(other(3, 1, "recovery").type).toBe("opened");
  expect(other(2, 1, "self").type).toBe("opened");
  expect(other(3, 0, "self").type).toBe("opened");
});

test("one wrong share spoils a secret, and is caught", () => {
  const masked = maskedSum(ROOMS.seven, [0, 1, 3, 4, 6]);
  const shares = new Map(masked.shares);
  const wrong = pick(pick(masked.shares, 3), 6).map((byte, i) => (i === 9 ? byte ^ 4 : byte));
  shares.set(3, new Map(pick(masked.shares, 3)).set(6, wrong));
  expect(openSecrets({ ...masked, shares }).type).toBe("blame");
});

test("a box with other seeds than both ends agreed on names its owner, if a survivor's is touched", () => {
  const masked = maskedSum(ROOMS.seven, [0, 1, 3, 4, 6]);
  const neighbours = masked.prekeys.batch.graph.neighbours(2);
  const flipped = (bytes: Uint8Array, place: number): void => {
    bytes[place] = (bytes[place] ?? 0) ^ 1;
  };
  for (const [at, neighbour] of neighbours.entries()) {
    const openings = [
      openSecrets(redealt(masked, 2, (prekeys) => flipped(boxAt(prekeys, 1), 32 * at + 31))),
      openSecrets(redealt(masked, 2, (prekeys) => flipped(pairTagAt(prekeys, at, 1), 7))),
    ];
    for (const opening of openings) {
      // 5 dropped out as well: the two have no mask in the sum.
      if (neighbour === 5) expect(opening.type).toBe("opened");
      else expect(opening).toEqual({ type: "blame", member: 2, code: "badRecoveryBox" });
    }
    const elsewhere = redealt(masked, 2, (prekeys) => flipped(boxAt(prekeys, 0), 32 * at));
    expect(openSecrets(elsewhere).type).toBe("opened"); // In another attempt.
  }
});

test("masks are taken away with the sign opposite to the one they were put on with", () => {
  const seed = unsafeSecret("seed");
  const secrets = {
    selfSeeds: [{ of: 4, seed }],
    pairSeeds: [
      { dropout: 2, survivor: 5, seed },
      { dropout: 6, survivor: 1, seed },
    ],
  };
  const put = [
    selfMask(seed, CONTEXT, 4),
    pairMask(seed, CONTEXT, 5, 2),
    pairMask(seed, CONTEXT, 1, 6),
  ];
  const taken = masksOf(secrets, CONTEXT);
  expect(taken.map(({ key, sign }) => [toHex(key), sign])).toEqual(
    put.map(({ key, sign }) => [toHex(key), -sign]),
  );
});
