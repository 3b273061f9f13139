/** Tests of `shared/secagg/channel.ts`: what two members share, and what nobody can make them share. */
import { expect, test } from "vitest";
import { toHex, utf8 } from "../../../shared/base/bytes.ts";
import { agreementKey } from "../../../shared/crypto/agreement.ts";
import { type Identity, identityFromSecret } from "../../../shared/crypto/identity.ts";
import type { Kem, KemKeyPair } from "../../../shared/crypto/kem.ts";
import { osKem } from "../../../shared/edge/os.ts";
import {
  agreeChannel,
  authenticate,
  type Channel,
  type ChannelEnd,
  decapsulate,
  encapsulate,
  isAuthentic,
  isSignedJoin,
  type Join,
  plainChannel,
  type SessionSecrets,
  signJoin,
} from "../../../shared/secagg/channel.ts";
import { groupRules, type SumParams } from "../../../shared/secagg/params.ts";
import { pick, unsafeSecret, upTo } from "../../support/group.ts";

const identities = upTo(4).map((i) => identityFromSecret(unsafeSecret(`identity ${i}`)));
const sum: SumParams = {
  ...groupRules(4),
  runId: "run",
  roster: identities.map(({ publicKey }, i) => ({
    memberId: `member-${i}`,
    identityKey: publicKey,
  })),
  coordinatorKey: new Uint8Array(32),
  survivorsMin: 3,
};

interface Member {
  readonly index: number;
  readonly identity: Identity;
  readonly secrets: SessionSecrets;
  readonly join: Join;
}

function member(index: number, kem: KemKeyPair | null, session = ""): Member {
  const identity = pick(identities, index);
  const agreement = agreementKey(unsafeSecret(`session ${index}${session}`));
  const kemKey = kem?.publicKey ?? new Uint8Array();
  const keys = { channelKey: agreement.publicKey, kemKey, nonceRoot: new Uint8Array() };
  const join = signJoin(sum.runId, pick(sum.roster, index).memberId, keys, identity);
  return { index, identity, secrets: { agreement, kem }, join };
}

function endOf(own: Member, peer: Pick<Member, "index" | "join">): ChannelEnd {
  const end = agreeChannel(sum, own.secrets, own, peer);
  if (!end) throw new Error("no agreement");
  return end;
}

/** Stands in for ML-KEM: a ciphertext carries the secret in the open. Good for bookkeeping only. */
function unsafeKem(name: string): Kem {
  const keyPair: KemKeyPair = {
    publicKey: utf8(`key of ${name}`),
    decapsulate: (ciphertext) => ciphertext.slice(0, 32),
  };
  const secret = unsafeSecret(`secret ${name}`);
  return { keyPair: () => keyPair, encapsulate: () => ({ ciphertext: secret, secret }) };
}

/** Everything that the two have in common, each key seen from the lower end. */
const keysOf = (lower: Channel): string[] => [
  ...[lower.confirming, lower.checking].map(({ inner }) => toHex(inner)),
  toHex(lower.pairSecret),
];
const mirrored = (higher: Channel): Channel => ({
  confirming: higher.checking,
  checking: higher.confirming,
  pairSecret: higher.pairSecret,
});

function expectShared(low: Channel, high: Channel): void {
  expect(keysOf(mirrored(high))).toEqual(keysOf(low));
  expect(new Set(keysOf(low)).size).toBe(3);
}

test("without ML-KEM both ends have the same keys, one for each direction and use", () => {
  const [low, high] = [member(1, null), member(3, null)];
  const ends = [endOf(low, high), endOf(high, low)] as const;
  expect(ends.map(({ hybrid }) => hybrid)).toEqual([false, false]);
  expectShared(plainChannel(ends[0]), plainChannel(ends[1]));
});

test("what one end authenticates the other checks, and never the sender itself", () => {
  const [low, high] = [member(1, null), member(3, null)];
  const [up, down] = [plainChannel(endOf(low, high)), plainChannel(endOf(high, low))];
  const tag = authenticate(up, utf8("statement"));
  expect(tag.length).toBe(16);
  expect(isAuthentic(down, utf8("statement"), tag)).toBe(true);
  expect(isAuthentic(up, utf8("statement"), tag)).toBe(false); // Sent back to us.
  expect(isAuthentic(down, utf8("another"), tag)).toBe(false);
  expect(isAuthentic(down, utf8("statement"), tag.subarray(0, 15))).toBe(false);
  expect(isAuthentic(down, utf8("statement"), new Uint8Array())).toBe(false);
});

test.skipIf(!osKem)(
  "with ML-KEM at both ends both have the same keys, and other ones than without",
  () => {
    if (!osKem) return;
    const [low, high] = [member(0, osKem.keyPair()), member(2, osKem.keyPair())];
    const ends = [endOf(low, high), endOf(high, low)] as const;
    expect(ends.map(({ hybrid }) => hybrid)).toEqual([true, true]);
    const made = encapsulate(ends[0], high.join.kemKey, osKem);
    const opened =
      made && high.secrets.kem && decapsulate(ends[1], high.secrets.kem, made.encapsulation);
    if (!made || !opened) throw new Error("no channel");
    expectShared(made.channel, opened);
    const plain = keysOf(plainChannel(ends[0]));
    expect(keysOf(made.channel).filter((key) => plain.includes(key))).toEqual([]);
  },
);

test("the channel is hybrid where both offer ML-KEM, and only there", () => {
  const kem = unsafeKem("both").keyPair();
  for (const [own, peer, hybrid] of [
    [kem, kem, true],
    [kem, null, false],
    [null, kem, false],
    [null, null, false],
  ] as const) {
    const [low, high] = [member(0, own), member(1, peer)];
    expect(endOf(low, high).hybrid).toBe(hybrid);
    expect(endOf(high, low).hybrid).toBe(hybrid);
  }
});

/** A hybrid channel with a stand-in for ML-KEM, up to its ciphertext. */
function halfway() {
  const kem = unsafeKem("pair");
  const [low, high] = [member(0, kem.keyPair()), member(1, kem.keyPair())];
  const highEnd = endOf(high, low);
  const made = encapsulate(endOf(low, high), high.join.kemKey, kem);
  if (!made) throw new Error("nothing encapsulated");
  const taken = (encapsulation: typeof made.encapsulation, end = highEnd): Channel | null =>
    decapsulate(end, kem.keyPair(), encapsulation);
  return { kem, low, high, highEnd, made, taken };
}

test("a ciphertext or tag that was changed on the way is refused", () => {
  const { made, taken } = halfway();
  const { ciphertext, tag } = made.encapsulation;
  expect(taken({ ciphertext, tag })).not.toBeNull();
  for (const place of [0, 31]) {
    const changed = ciphertext.slice();
    changed[place] = (changed[place] ?? 0) ^ 1;
    expect(taken({ ciphertext: changed, tag })).toBeNull();
  }
  const wrong = tag.slice();
  wrong[15] = (wrong[15] ?? 0) ^ 0x80;
  expect(taken({ ciphertext, tag: wrong })).toBeNull();
  expect(taken({ ciphertext, tag: tag.subarray(0, 8) })).toBeNull();
  expect(taken({ ciphertext, tag: new Uint8Array() })).toBeNull();
  expect(taken({ ciphertext: new Uint8Array(), tag: new Uint8Array() })).toBeNull();
});

test("a ciphertext that another member made, or the coordinator, is refused", () => {
  const { kem, low, high, highEnd, made, taken } = halfway();
  const third = member(2, kem.keyPair());
  const theirs = encapsulate(endOf(low, third), third.join.kemKey, kem);
  const forThird = encapsulate(endOf(third, high), high.join.kemKey, kem);
  if (!theirs || !forThird) throw new Error("nothing encapsulated");
  expect(taken(theirs.encapsulation)).toBeNull();
  expect(taken(forThird.encapsulation)).toBeNull();
  const again = member(0, kem.keyPair(), " after a restart");
  const earlier = encapsulate(endOf(again, high), high.join.kemKey, kem);
  expect(earlier && taken(earlier.encapsulation)).toBeNull();
  expect(taken(made.encapsulation, highEnd)).not.toBeNull();
});

test("an unreadable ciphertext gives no channel, and an unusable key nothing to send", () => {
  const { made, highEnd, low, high } = halfway();
  const broken: KemKeyPair = { publicKey: high.join.kemKey, decapsulate: () => null };
  expect(decapsulate(highEnd, broken, made.encapsulation)).toBeNull();
  const refusing: Kem = { keyPair: () => broken, encapsulate: () => null };
  expect(encapsulate(endOf(low, high), high.join.kemKey, refusing)).toBeNull();
});

test("the secret of ML-KEM is in every key", () => {
  const { made, highEnd } = halfway();
  const other: KemKeyPair = { publicKey: new Uint8Array(), decapsulate: () => unsafeSecret("x") };
  const opened = decapsulate(highEnd, other, made.encapsulation);
  if (!opened) throw new Error("no channel");
  const theirs = keysOf(made.channel);
  expect(keysOf(mirrored(opened)).filter((key) => theirs.includes(key))).toEqual([]);
});

test("a key of zeros, of low order or of the wrong length, and our own key, make no channel", () => {
  const [own, peer] = [member(0, null), member(1, null)];
  const keys = [
    new Uint8Array(32),
    Uint8Array.of(1, ...new Uint8Array(31)),
    new Uint8Array([0xec, ...new Array<number>(30).fill(0xff), 0x7f]), // p − 1.
    peer.join.channelKey.subarray(0, 31),
    own.join.channelKey,
  ];
  for (const channelKey of keys)
    expect(
      agreeChannel(sum, own.secrets, own, { index: 1, join: { ...peer.join, channelKey } }),
    ).toBeNull();
  expect(agreeChannel(sum, own.secrets, own, peer)).not.toBeNull();
});

test("a join holds for its run, its member and exactly these keys", () => {
  const { join } = member(1, unsafeKem("x").keyPair());
  const signed = { ...join, nonceRoot: new Uint8Array(32) };
  expect(isSignedJoin(sum, 1, join)).toBe(true);
  expect(isSignedJoin(sum, 1, signed)).toBe(false);
  expect(isSignedJoin(sum, 1, { ...join, channelKey: new Uint8Array(32) })).toBe(false);
  expect(isSignedJoin(sum, 0, join)).toBe(false);
  expect(isSignedJoin(sum, 4, join)).toBe(false);
  expect(isSignedJoin(sum, -1, join)).toBe(false);
  expect(isSignedJoin({ ...sum, runId: "another run" }, 1, join)).toBe(false);
  const renamed = sum.roster.map((one) => ({ ...one, memberId: `${one.memberId}0` }));
  expect(isSignedJoin({ ...sum, roster: renamed }, 1, join)).toBe(false);
});

test("a key for ML-KEM cannot be taken out of a join, nor put in, nor moved to another field", () => {
  const { join } = member(1, unsafeKem("x").keyPair());
  const { kemKey, nonceRoot } = join;
  expect(isSignedJoin(sum, 1, { ...join, kemKey: new Uint8Array() })).toBe(false);
  expect(isSignedJoin(sum, 1, { ...join, kemKey: nonceRoot, nonceRoot: kemKey })).toBe(false);
  const plain = member(1, null).join;
  expect(isSignedJoin(sum, 1, { ...plain, kemKey })).toBe(false);
  expect(isSignedJoin(sum, 1, plain)).toBe(true);
});

test("ends that were shown different joins have nothing in common", () => {
  const kem = unsafeKem("pair");
  const [low, high] = [member(0, kem.keyPair()), member(1, kem.keyPair())];
  const stripped = { index: 1, join: { ...high.join, kemKey: new Uint8Array() } };
  const deceived = plainChannel(endOf(low, stripped));
  const other = keysOf(mirrored(plainChannel(endOf(high, low))));
  expect(keysOf(deceived).filter((key) => other.includes(key))).toEqual([]);
});

test("another run, another pair and another session have other keys", () => {
  const [low, high, third] = [member(0, null), member(1, null), member(2, null)];
  const run = agreeChannel({ ...sum, runId: "another" }, low.secrets, low, high);
  if (!run) throw new Error("no agreement");
  const again = member(1, null, " again");
  const all = [endOf(low, high), endOf(low, third), endOf(low, again), run].flatMap((end) =>
    keysOf(plainChannel(end)),
  );
  expect(new Set(all).size).toBe(all.length);
});
