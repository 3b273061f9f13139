/** Tests of `shared/matching/`: exact counts, nothing taken that is wrong, and ends with a reason. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { CloisterError } from "../../../shared/base/errors.ts";
import { agreementKey } from "../../../shared/crypto/agreement.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { osRng } from "../../../shared/edge/os.ts";
import { signMatchJoin } from "../../../shared/matching/channel.ts";
import { MemberMatchMessage, RelayMatchMessage } from "../../../shared/matching/messages.ts";
import { chunkCount, isLastHolder } from "../../../shared/matching/params.ts";
import { matchSet } from "../../../shared/matching/set.ts";
import {
  type MatchHooks,
  MatchPlay,
  matchRoom,
  plainCounts,
  randomSets,
} from "../../support/matching.ts";

/** Each stands for one member's set, as long as the room's sets or shorter. */
const playedCounts = (sets: readonly string[][], setSize: number, hooks: MatchHooks = {}) =>
  new MatchPlay(matchRoom(sets.length, setSize), sets, hooks).begin().run();

describe("the counts are exact", () => {
  test.each([2, 3, 5])("for %i members", (memberCount) => {
    const sets = randomSets(memberCount, 60, 40, osRng);
    const { counts, reason } = playedCounts(sets, 40);
    expect(reason).toBeNull();
    expect(counts).toEqual(plainCounts(sets));
  });

  test("for sets of size 0, 1 and very uneven ones, full to the brim and with repetitions", () => {
    const full = Array.from({ length: 30 }, (_, i) => `id-${i}`);
    const sets = [[], ["id-7"], full, ["id-3", "id-7", "id-3", "other"]];
    const { counts } = playedCounts(sets, 30);
    expect(counts).toEqual(plainCounts(sets));
    expect(counts?.byMembers).toEqual([29, 1, 1, 0]);
  });

  test("where nobody has anything", () => {
    const { counts } = playedCounts([[], [], []], 3);
    expect(counts).toEqual(plainCounts([[], [], []]));
  });

  test("over several chunks, the last one short", () => {
    const setSize = 14;
    const ids = Array.from({ length: setSize }, (_, i) => `id-${i}`);
    const sets = [ids, ids.slice(3)];
    expect(chunkCount(matchRoom(2, setSize).params)).toBe(4);
    expect(playedCounts(sets, setSize).counts).toEqual(plainCounts(sets));
  });

  test("whatever the sets are", () => {
    const set = fc.uniqueArray(fc.integer({ min: 0, max: 12 }).map(String), { maxLength: 8 });
    const property = fc.property(fc.array(set, { minLength: 2, maxLength: 5 }), (sets) => {
      expect(playedCounts(sets, 8).counts).toEqual(plainCounts(sets));
    });
    fc.assert(property, { numRuns: 12 });
  });
});

test("a set larger than the run's is refused before anything is sent; one as large is not", () => {
  const ids = ["a", "b", "c", "b"];
  const room = (identifiersMax: number) => matchRoom(2, identifiersMax).params;
  expect(matchSet(room(3), 0, ids, osRng).count).toBe(3);
  expect(() => matchSet(room(2), 0, ids, osRng)).toThrow(CloisterError);
});

const PRIME = 2n ** 255n - 19n;
const littleEndian = (value: bigint): Uint8Array =>
  fromHex(value.toString(16).padStart(64, "0")).reverse();
function power(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = power((base * base) % PRIME, exponent / 2n);
  return exponent % 2n === 1n ? (base * half) % PRIME : half;
}

type Chunk = Extract<MemberMatchMessage, { type: "matchChunk" }>;

const SETS = [
  ["a", "b", "c"],
  ["b", "c"],
  ["c", "d"],
];

/** Changes the first chunk that `from` sends of `owner`'s set. */
function tamper(from: number, owner: number, change: (chunk: Chunk) => Chunk): MatchHooks {
  return {
    fromMember: (member, message) =>
      member === from && message.type === "matchChunk" && message.owner === owner
        ? [change(message)]
        : [message],
  };
}

describe("what is wrong is refused, and its sender named", () => {
  test.each([
    ["too short", (bytes: Uint8Array) => bytes.slice(32)],
    ["too long", (bytes: Uint8Array) => Uint8Array.of(...bytes, ...bytes.slice(0, 32))],
    ["empty", () => new Uint8Array()],
  ])("a chunk that is %s", (_, change) => {
    for (const from of [0, 1, 2]) {
      const hooks = tamper(from, 0, (chunk) => ({ ...chunk, bytes: change(chunk.bytes) }));
      const { reason, counts } = playedCounts(SETS, 4, hooks);
      expect(reason).toEqual({ code: "wrongCount", member: from });
      expect(counts).toBeNull();
    }
  });

  test("a chunk that was changed on its way", () => {
    const hooks = tamper(1, 0, (chunk) => ({ ...chunk, bytes: chunk.bytes.map((b) => b ^ 1) }));
    expect(playedCounts(SETS, 4, hooks).reason).toEqual({ code: "badSeal", member: 1 });
  });

  test("a value that the last holder sends twice", () => {
    const hooks = tamper(2, 0, (chunk) => {
      const bytes = chunk.bytes.slice();
      bytes.copyWithin(16, 0, 16);
      return { ...chunk, bytes };
    });
    const { reason, counts } = playedCounts(SETS, 4, hooks);
    expect(reason).toEqual({ code: "repeatedPoint", member: 2 });
    expect(counts).toBeNull();
  });

  test.each([
    ["badPoint", [Uint8Array.of(2, ...new Uint8Array(31))]],
    ["badPoint", [new Uint8Array(32)]],
    ["badPoint", [new Uint8Array(32).fill(255)]],
    ["lowOrder", [Uint8Array.of(1, ...new Uint8Array(31))]],
    // u and 1/u differ by the point of order 2: masked, they are one.
    ["repeatedPoint", [littleEndian(9n), littleEndian(power(9n, PRIME - 2n))]],
  ])("%s: points that no honest member sends (%#)", (code, points) => {
    const { reason, counts } = withPoints(points);
    expect(reason).toEqual({ code, member: 0 });
    expect(counts).toBeNull();
  });

  test("a join that its member did not sign", () => {
    const room = matchRoom(3, 4);
    const stranger = identityFromSecret(randomBytes(osRng, 32));
    const { publicKey } = agreementKey(randomBytes(osRng, 32));
    const forged = signMatchJoin(room.params, 1, publicKey, stranger);
    const atRelay = new MatchPlay(room, SETS, {
      fromMember: (from, message) =>
        from === 1 && message.type === "matchJoined" ? [{ ...message, ...forged }] : [message],
    });
    expect(atRelay.begin().run().reason).toEqual({ code: "badJoin", member: 1 });
    const atMember = new MatchPlay(room, SETS, {
      fromRelay: (to, message) =>
        to === 0 && message.type === "matchMembers"
          ? [{ ...message, joins: message.joins.map((join, i) => (i === 1 ? forged : join)) }]
          : [message],
    });
    expect(atMember.begin().run().reason).toEqual({ code: "badJoin", member: 1 });
  });

  test("a key of low order, signed or not", () => {
    const room = matchRoom(3, 4);
    const [, identity] = room.identities;
    if (!identity) throw new Error("three members");
    const bad = signMatchJoin(room.params, 1, new Uint8Array(32), identity);
    const play = new MatchPlay(room, SETS, {
      fromMember: (from, message) =>
        from === 1 && message.type === "matchJoined" ? [{ ...message, ...bad }] : [message],
    });
    expect(play.begin().run().reason).toEqual({ code: "badJoin", member: 1 });
  });

  test("a count that cannot be", () => {
    for (const change of [1, -1000]) {
      const { reason, counts } = playedCounts(SETS, 4, {
        fromMember: (from, message) =>
          from === 2 && message.type === "matchCount"
            ? [{ ...message, masked: (message.masked + change * 10) >>> 0 }]
            : [message],
      });
      expect(reason).toEqual({ code: "badTotal", member: null });
      expect(counts).toBeNull();
    }
  });
});

/** Member 0 puts these in place of its first points. */
function withPoints(points: readonly Uint8Array[]): MatchPlay {
  const play = new MatchPlay(matchRoom(3, 4), SETS);
  const [liar] = play.members;
  if (!liar) throw new Error("three members");
  const honest = liar.worked.bind(liar);
  liar.worked = (result) => {
    if (result.owner === 0)
      for (const [i, point] of points.entries()) result.points.set(point, 32 * i);
    return honest(result);
  };
  return play.begin().run();
}

describe("a member that leaves", () => {
  /** Runs until so many messages were heard, then without member 1. */
  test("ends the run with its name, wherever it was, and nobody has seen a value before all were ready", () => {
    const whole = new MatchPlay(matchRoom(3, 4), SETS).begin();
    let messages = 0;
    while (!whole.relay.isOver) {
      whole.runSome(1);
      messages++;
    }
    expect(messages).toBeGreaterThan(30);
    let endedBefore = 0;
    for (let at = 0; at < messages; at++) {
      const play = new MatchPlay(matchRoom(3, 4), SETS).begin().runSome(at);
      if (play.relay.isOver) continue;
      play.follow(play.relay.left(1));
      play.run();
      expect(play.counts).toBeNull();
      expect(play.reason).toEqual({ code: "memberLeft", member: 1 });
      expect(play.members.every(({ isOver }) => isOver)).toBe(true);
      const heard = play.relayHeard;
      const ready = new Set(
        heard.filter(({ message }) => message.type === "matchReady").map(({ from }) => from),
      );
      const values = heard.filter(
        ({ from, message }) =>
          message.type === "matchChunk" &&
          isLastHolder(matchRoom(3, 4).params, message.owner, from),
      );
      if (ready.size < 3) {
        expect(values).toEqual([]);
        endedBefore++;
      }
    }
    expect(endedBefore).toBeGreaterThan(20);
  });

  test("or joins with a new key, having lost the old one", () => {
    const room = matchRoom(3, 4);
    const play = new MatchPlay(room, SETS).begin().run();
    const other = new MatchPlay(room, SETS).begin().runSome(8);
    expect(play.counts).toEqual(plainCounts(SETS));
    other.obey(1, new MatchPlay(room, SETS).members[1]?.begin() ?? []);
    expect(other.run().reason).toEqual({ code: "memberLeft", member: 1 });
  });

  test.each([0, 1, 2])("or falls silent: member %i is named when patience ends", (silent) => {
    for (const type of ["matchJoined", "matchChunk", "matchReady", "matchCount"] as const) {
      const play = new MatchPlay(matchRoom(3, 4), SETS, {
        fromMember: (from, message) => (from === silent && message.type === type ? [] : [message]),
      });
      play.begin().run();
      expect(play.reason).toBeNull();
      play.follow(play.relay.tick(999));
      expect(play.reason).toBeNull();
      play.follow(play.relay.tick(1000));
      expect(play.run().reason).toEqual({ code: "timedOut", member: silent });
      expect(play.counts).toBeNull();
    }
  });
});

describe("after a reconnection a set goes on at the chunk that was missing", () => {
  const setSize = 9;
  const ids = Array.from({ length: setSize }, (_, i) => `id-${i}`);
  const sets = [ids.slice(5), ids.slice(0, 7), ids.slice(4, 6)];

  test("whatever was lost on the way, and no chunk is masked twice", () => {
    const play = new MatchPlay(matchRoom(3, setSize), sets).begin();
    // Past the joins; then all that is on its way to and from member 1 is lost, three times.
    play.runSome(6);
    let lost = 0;
    for (let round = 0; round < 3; round++) {
      play.runSome(7);
      lost += play.lose(1);
      play.obey(1, play.members[1]?.held() ?? []);
    }
    play.run();
    expect(lost).toBeGreaterThan(2);
    expect(play.reason).toBeNull();
    expect(play.counts).toEqual(plainCounts(sets));
    for (const { progress } of play.members) expect(progress).toEqual({ done: 9, total: 9 });
  });

  test("wherever it was: joins, readiness, release, counts and the end are said again", () => {
    const room = matchRoom(3, 4, 2);
    const whole = new MatchPlay(room, SETS).begin();
    let messages = 0;
    while (whole.members.some(({ isOver }) => !isOver)) {
      whole.runSome(1);
      messages++;
    }
    let lost = 0;
    for (let at = 0; at < messages; at++) {
      const play = new MatchPlay(room, SETS).begin().runSome(at);
      lost += play.lose(1);
      const [, member] = play.members;
      if (member && !member.isOver) play.obey(1, member.held());
      play.run();
      expect(play.reason).toBeNull();
      expect(play.counts).toEqual(plainCounts(SETS));
      expect(play.members.every(({ isOver }) => isOver)).toBe(true);
    }
    expect(lost).toBeGreaterThan(messages);
  });

  test("what is sent again is the same, to the byte", () => {
    const sent = new Map<string, Set<string>>();
    const play = new MatchPlay(matchRoom(3, 10, 10), SETS, {
      fromMember: (from, message) => {
        if (message.type !== "matchChunk") return [message];
        const at = `${from} ${message.owner}`;
        sent.set(at, (sent.get(at) ?? new Set()).add(toHex(message.bytes)));
        return sent.get(at)?.size === 1 ? [message, message] : [message];
      },
    });
    play.begin().runSome(15);
    for (const [i, member] of play.members.entries())
      for (const owner of [0, 1, 2])
        play.obey(i, member.hear({ type: "matchResend", owner, from: 0 }));
    expect(play.run().counts).toEqual(plainCounts(SETS));
    for (const versions of sent.values()) expect(versions.size).toBe(1);
  });
});

describe("a member that says it has lost what it has", () => {
  const lost: MemberMatchMessage = { type: "matchHeld", held: [0, 0, 0] };

  test("after it has said that it has all gets nothing again, and nobody else is blamed for that", () => {
    const play = new MatchPlay(matchRoom(3, 9), [["a"], ["a"], ["b"]], {
      // What it has of set 0 it keeps to itself.
      fromMember: (from, message) =>
        from === 1 && message.type === "matchChunk" && message.owner === 0 ? [] : [message],
    });
    play.begin().run();
    play.follow(play.relay.hear(1, lost, 0));
    play.run();
    play.follow(play.relay.tick(1000));
    expect(play.reason).toEqual({ code: "timedOut", member: 1 });
  });

  test("time and again does not make a matching last for ever", () => {
    const play = new MatchPlay(matchRoom(3, 9), [["a"], ["a"], ["b"]], {
      fromMember: (from, message) =>
        from === 1 && ["matchTaken", "matchChunk"].includes(message.type) ? [] : [message],
    });
    play.begin().run();
    for (play.nowMs = 500; play.nowMs < 5000; play.nowMs += 500) {
      play.follow(play.relay.hear(1, lost, play.nowMs));
      play.run();
      play.follow(play.relay.tick(play.nowMs));
    }
    expect(play.reason?.code).toBe("timedOut");
    expect([1, null]).toContain(play.reason?.member);
  });
});

test("last sets do not leave before the release, whoever asks for them again", () => {
  const params = matchRoom(3, 4).params;
  const play = new MatchPlay(matchRoom(3, 4), SETS, {
    fromRelay: (_, message) => (message.type === "matchRelease" ? [] : [message]),
  });
  play.begin().run();
  for (const [i, member] of play.members.entries())
    for (const owner of [0, 1, 2]) {
      const effects = member.hear({ type: "matchResend", owner, from: 0 });
      if (isLastHolder(params, owner, i)) expect(effects).toEqual([]);
    }
  play.obey(1, play.members[1]?.held() ?? []);
  const values = play
    .run()
    .relayHeard.filter(
      ({ from, message }) =>
        message.type === "matchChunk" && isLastHolder(params, message.owner, from),
    );
  expect(values).toEqual([]);
});

test("nobody is told that all are ready on a signature that is none, and no value is taken before", () => {
  const forged = new MatchPlay(matchRoom(3, 4), SETS, {
    fromMember: (from, message) =>
      from === 2 && message.type === "matchReady"
        ? [{ ...message, signature: new Uint8Array(64).fill(1) }]
        : [message],
  });
  expect(forged.begin().run().reason).toEqual({ code: "badReady", member: 2 });
  const told = forged.memberHeard.flat().map(({ type }) => type);
  expect(told).toContain("matchEnded");
  expect(told).not.toContain("matchRelease");
  const early = new MatchPlay(matchRoom(3, 4), SETS, {
    fromMember: (from, message) => (from === 2 && message.type === "matchReady" ? [] : [message]),
  });
  const { relay } = early.begin().run();
  const before = relay.progress.done;
  const values = { type: "matchChunk", owner: 1, index: 0, bytes: new Uint8Array(64) } as const;
  expect(relay.hear(0, values, 0)).toEqual([]);
  expect(relay.progress.done).toBe(before);
});

test("last sets do not leave for a release that somebody has not signed", () => {
  const play = new MatchPlay(matchRoom(3, 4), SETS, {
    fromRelay: (_, message) =>
      message.type === "matchRelease"
        ? [{ ...message, signatures: message.signatures.with(2, new Uint8Array(64)) }]
        : [message],
  });
  expect(play.begin().run().reason).toEqual({ code: "badReady", member: 2 });
  const early = new MatchPlay(matchRoom(3, 4), SETS).begin().runSome(7);
  const effects = early.members[0]?.hear({
    type: "matchRelease",
    signatures: Array.from({ length: 3 }, () => new Uint8Array(64)),
  });
  expect(effects).toEqual([
    { type: "send", message: { type: "matchFailed", code: "badReady", member: 0 } },
  ]);
});

describe("messages", () => {
  const said: unknown[] = [];
  const play = new MatchPlay(matchRoom(3, 9), [["a"], ["a"], ["b"]], {
    fromMember: (_, message) => {
      said.push(MemberMatchMessage.parse(message));
      return [message];
    },
  });
  play.begin().runSome(12);
  play.obey(1, play.members[1]?.held() ?? []);
  play.run();

  test("that honest members and the coordinator send have the form that is taken", () => {
    expect(play.counts).not.toBeNull();
    const types = said.map((message) => (message as MemberMatchMessage).type);
    expect([...new Set(types)].sort()).toEqual(
      ["matchChunk", "matchCount", "matchHeld", "matchJoined", "matchReady", "matchTaken"].sort(),
    );
    for (const message of play.memberHeard.flat())
      expect(RelayMatchMessage.parse(message)).toEqual(message);
  });

  test.each([
    { type: "matchCount", masked: -1 },
    { type: "matchCount", masked: 0.5 },
    { type: "matchCount", masked: 2 ** 32 },
    { type: "matchHeld", held: [Number.NaN] },
    { type: "matchHeld", held: [-1] },
    { type: "matchTaken", owner: 32 },
    { type: "matchChunk", owner: 0, index: 0, bytes: new Uint8Array(131_089) },
    { type: "matchReady", signature: new Uint8Array(63) },
    { type: "matchReady", signature: new Uint8Array(64), more: 1 },
    { type: "matchFailed", code: "badLuck", member: null },
  ])("of another form are not: %o", (message) => {
    expect(MemberMatchMessage.safeParse(message).success).toBe(false);
  });
});

test("an operator's word ends it", () => {
  const play = new MatchPlay(matchRoom(3, 4), SETS).begin().runSome(10);
  play.follow(play.relay.cancel());
  expect(play.run().reason).toEqual({ code: "cancelled", member: null });
  expect(play.relay.tick(5000)).toEqual([]);
  expect(play.relay.left(1)).toEqual([]);
});
