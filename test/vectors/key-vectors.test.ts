/** The product reproduces the vectors of hashing, channels, prekeys and sharing. */
import { expect, test } from "vitest";
import { z } from "zod";
import { concatBytes, toHex, u32le } from "../../shared/base/bytes.ts";
import { agreementKey, extractKey, open, seal } from "../../shared/crypto/agreement.ts";
import { deriveKey, framed, framedHash, mac, secretKey } from "../../shared/crypto/hash.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import { openBatch } from "../../shared/secagg/batch.ts";
import {
  agreeChannel,
  type Channel,
  decapsulate,
  encapsulate,
  isSignedJoin,
  joinStatement,
  plainChannel,
  signJoin,
} from "../../shared/secagg/channel.ts";
import { pairSeed } from "../../shared/secagg/keys.ts";
import * as prekeys from "../../shared/secagg/prekeys.ts";
import { combineShares, splitSecret } from "../../shared/secagg/shamir.ts";
import {
  Bytes,
  channelWith,
  Int,
  scriptedRng,
  sumOf,
  Text,
  unusedOf,
  vectorIds,
  vectorOf,
} from "./load.ts";
import { unhex } from "./second/primitives.ts";

const LABEL = z.enum(LABELS);
const EMPTY = new Uint8Array();

const Part = z.union([
  z.strictObject({ text: Text }).transform(({ text }) => text),
  z.strictObject({ number: Int }).transform(({ number }) => number),
  z.strictObject({ bytes: Bytes }).transform(({ bytes }) => bytes),
]);

test.each(
  vectorIds.filter((id) => id.startsWith("frame/") && id !== "frame/long"),
)("%s: a list is framed and hashed", (id) => {
  const { inputs, outputs } = vectorOf(
    id,
    { label: LABEL, parts: z.array(Part) },
    { framed: Text, hash: Text },
  );
  expect(toHex(framed(inputs.label, ...inputs.parts))).toBe(outputs.framed);
  expect(toHex(framedHash(inputs.label, ...inputs.parts))).toBe(outputs.hash);
});

test("a part longer than 65 535 bytes is framed too", () => {
  const fields = { label: LABEL, byte: Int, length: Int };
  const { inputs, outputs } = vectorOf("frame/long", fields, { hash: Text });
  const { label, byte, length } = inputs;
  expect(toHex(framedHash(label, new Uint8Array(length).fill(byte)))).toBe(outputs.hash);
});

test("keys are derived in one step, extracted, and MACs cut to 16 bytes", () => {
  const context = { secret: Bytes, label: LABEL, context: Bytes, first: Int, second: Int };
  const oneStep = vectorOf("derive/one-step", context, { key: Text });
  const { secret, label, first, second } = oneStep.inputs;
  const derived = deriveKey(secret, label, oneStep.inputs.context, first, second);
  expect(toHex(derived)).toBe(oneStep.outputs.key);
  const extract = { material: Bytes, salt: Bytes, info: Bytes };
  const hkdf = vectorOf("derive/hkdf", extract, { key: Text });
  const { material, salt, info } = hkdf.inputs;
  expect(toHex(extractKey(material, salt, info))).toBe(hkdf.outputs.key);
  const code = vectorOf("derive/mac", { key: Bytes, message: Bytes }, { mac: Text });
  expect(toHex(mac(secretKey(code.inputs.key), code.inputs.message))).toBe(code.outputs.mac);
});

test.each(["join/plain", "join/full"])("%s: a member signs its session's keys", (id) => {
  const { inputs, outputs } = vectorOf(
    id,
    {
      runId: Text,
      memberId: Text,
      identitySecret: Bytes,
      channelSecret: Bytes,
      kemKey: Bytes,
      nonceRoot: Bytes,
    },
    { identityKey: Text, channelKey: Text, statement: Text, signature: Text },
  );
  const { runId, memberId, kemKey, nonceRoot } = inputs;
  const identity = identityFromSecret(inputs.identitySecret);
  const channelKey = agreementKey(inputs.channelSecret).publicKey;
  const signed = signJoin(runId, memberId, { channelKey, kemKey, nonceRoot }, identity);
  expect(toHex(identity.publicKey)).toBe(outputs.identityKey);
  expect(toHex(channelKey)).toBe(outputs.channelKey);
  expect(toHex(joinStatement(runId, memberId, signed))).toBe(outputs.statement);
  expect(toHex(signed.signature)).toBe(outputs.signature);
  const sum = sumOf(runId, 3, new Map([[1, memberId]]));
  const roster = [...sum.roster];
  roster[1] = { memberId, identityKey: identity.publicKey };
  expect(isSignedJoin({ ...sum, roster }, 1, signed)).toBe(true);
});

const End = z.strictObject({ index: Int, memberId: Text, channelSecret: Bytes, kemKey: Bytes });
const ends = { runId: Text, lower: End, higher: End };
const CHANNEL_OUTPUTS = [
  ...["binding", "base", "ciphertextTag", "root", "sealUp", "sealDown", "macUp", "macDown"],
  ...["pairSecret", "macUpOfMessage", "macDownOfMessage"],
] as const;

/** Both ends of a vector's channel, as the product makes them. */
function bothEnds(
  inputs: z.infer<z.ZodObject<typeof ends>>,
  ciphertext: Uint8Array,
  secret: Uint8Array,
) {
  const { runId, lower, higher } = inputs;
  const sum = sumOf(
    runId,
    9,
    new Map([lower, higher].map(({ index, memberId }) => [index, memberId])),
  );
  const sideOf = ({ index, channelSecret, kemKey }: z.infer<typeof End>) => {
    const agreement = agreementKey(channelSecret);
    const publicKey = kemKey;
    const kem = kemKey.length > 0 ? { publicKey, decapsulate: () => secret } : null;
    const channelKey = agreement.publicKey;
    const join = { channelKey, kemKey, nonceRoot: EMPTY, signature: EMPTY };
    return { index, join, secrets: { agreement, kem } };
  };
  const low = sideOf(lower);
  const high = sideOf(higher);
  const lowEnd = agreeChannel(sum, low.secrets, low, high);
  const highEnd = agreeChannel(sum, high.secrets, high, low);
  if (!lowEnd || !highEnd) throw new Error("no agreement");
  expect([lowEnd.hybrid, highEnd.hybrid]).toEqual([ciphertext.length > 0, ciphertext.length > 0]);
  if (!high.secrets.kem || !lowEnd.hybrid)
    return { lowEnd, highEnd, low: plainChannel(lowEnd), high: plainChannel(highEnd), tag: null };
  const made = encapsulate(lowEnd, higher.kemKey, {
    keyPair: () => ({ publicKey: EMPTY, decapsulate: () => null }),
    encapsulate: () => ({ ciphertext, secret }),
  });
  const opened = made && decapsulate(highEnd, high.secrets.kem, made.encapsulation);
  if (!made || !opened) throw new Error("no channel");
  return { lowEnd, highEnd, low: made.channel, high: opened, tag: made.encapsulation.tag };
}

test.each([
  "channel/plain",
  "channel/one-has-no-kem",
  "channel/hybrid",
])("%s: both ends have the vector's keys", (id) => {
  const { inputs, outputs } = vectorOf(
    id,
    { ...ends, kemCiphertext: Bytes, kemSecret: Bytes, message: Bytes },
    Object.fromEntries(CHANNEL_OUTPUTS.map((name) => [name, Text])),
  );
  const { kemCiphertext, kemSecret, message } = inputs;
  const { lowEnd, highEnd, low, high, tag } = bothEnds(inputs, kemCiphertext, kemSecret);
  for (const end of [lowEnd, highEnd]) {
    expect(toHex(end.binding)).toBe(outputs["binding"]);
    expect(toHex(end.base)).toBe(outputs["base"]);
  }
  if (tag) expect(toHex(tag)).toBe(outputs["ciphertextTag"]);
  const raw = (key: Channel["sealing"]): string => key.export().toString("hex");
  expect([low, high].map(({ pairSecret }) => toHex(pairSecret))).toEqual(
    [0, 1].map(() => outputs["pairSecret"]),
  );
  expect([low.sealing, high.opening].map(raw)).toEqual([0, 1].map(() => outputs["sealUp"]));
  expect([high.sealing, low.opening].map(raw)).toEqual([0, 1].map(() => outputs["sealDown"]));
  expect([low.confirming, high.checking].map(raw)).toEqual([0, 1].map(() => outputs["macUp"]));
  expect([high.confirming, low.checking].map(raw)).toEqual([0, 1].map(() => outputs["macDown"]));
  expect(toHex(mac(low.confirming, message))).toBe(outputs["macUpOfMessage"]);
  expect(toHex(mac(high.confirming, message))).toBe(outputs["macDownOfMessage"]);
  // The root itself never leaves the product's channel: what hangs on it is checked from it.
  const root = unhex(String(outputs["root"]));
  expect(toHex(deriveKey(root, LABELS.channelPair))).toBe(outputs["pairSecret"]);
});

test("prekeys: seeds of pairs, commitments, tags, boxes", () => {
  const pairs = vectorOf(
    "prekeys/pair-seeds",
    { pairSecret: Bytes, attempts: z.array(Int) },
    { seeds: z.array(Text), tags: z.array(Text) },
  );
  const channel = channelWith({ pairSecret: pairs.inputs.pairSecret });
  const seeds = pairs.inputs.attempts.map((attempt) => pairSeed(channel, attempt));
  expect(seeds.map(toHex)).toEqual(pairs.outputs.seeds);
  expect(seeds.map((seed) => toHex(prekeys.pairTag(seed)))).toEqual(pairs.outputs.tags);
  const committed = vectorOf(
    "prekeys/commitments",
    { selfSeed: Bytes, recoveryKey: Bytes },
    { selfCommitment: Bytes, recoveryCommitment: Bytes },
  );
  const none = { box: EMPTY, sealed: [], shareTags: [], pairTags: [] };
  const dealt = { ...none, ...committed.outputs };
  const { selfSeed, recoveryKey } = committed.inputs;
  expect(prekeys.isCommittedSelfSeed(dealt, selfSeed)).toBe(true);
  expect(prekeys.isCommittedRecoveryKey(dealt, recoveryKey)).toBe(true);
  expect(prekeys.isCommittedSelfSeed(dealt, recoveryKey)).toBe(false);
  const box = vectorOf("prekeys/recovery-box", { recoveryKey: Bytes, seeds: Bytes }, { box: Text });
  expect(toHex(prekeys.recoveryBox(box.inputs.recoveryKey, box.inputs.seeds))).toBe(
    box.outputs.box,
  );
  const tags = vectorOf(
    "prekeys/share-tags",
    { share: Bytes, from: Int, holder: Int },
    { self: Text, recovery: Text },
  );
  const { share, from, holder } = tags.inputs;
  for (const kind of ["self", "recovery"] as const)
    expect(toHex(prekeys.shareTag(kind, share, from, holder))).toBe(tags.outputs[kind]);
});

test("shares are sealed for one holder and attempt, and open there", () => {
  const { inputs, outputs } = vectorOf(
    "prekeys/sealed-shares",
    { sealingKey: Bytes, opening: Bytes, attempt: Int, from: Int, to: Int, shares: Bytes },
    { sealed: Bytes },
  );
  const { sealingKey, opening, attempt, from, to, shares } = inputs;
  const sum = sumOf("run", 9, new Map());
  const members = Array.from({ length: 9 }, (_, i) => i);
  const opened = openBatch(sum, { number: 0, firstAttempt: attempt, count: 1, members }, []);
  const batch = { ...opened, opening };
  const self = { index: to, channel: channelWith({ opening: secretKey(sealingKey) }) };
  const tags = (["self", "recovery"] as const).map((kind, i) =>
    prekeys.shareTag(kind, shares.subarray(32 * i, 32 * i + 32), from, to),
  );
  const forwarded = concatBytes(outputs.sealed, ...tags);
  const held = prekeys.openForwarded(batch, attempt, from, self, forwarded);
  expect(held && toHex(concatBytes(held.self, held.recovery))).toBe(toHex(shares));
  // The same bytes from the product's own sealing.
  const nonce = concatBytes(u32le(attempt), new Uint8Array(8));
  const aad = framed(LABELS.sealedShare, opening, attempt, from, to);
  expect(toHex(seal(secretKey(sealingKey), nonce, aad, shares))).toBe(toHex(outputs.sealed));
  expect(open(secretKey(sealingKey), nonce, aad, outputs.sealed)).toEqual(shares);
});

test.each(
  vectorIds.filter((id) => id.startsWith("shamir/")),
)("%s: secrets are shared and rebuilt", (id) => {
  const { inputs, outputs } = vectorOf(
    id,
    { secret: Bytes, coefficients: Bytes, threshold: Int, shareCount: Int, points: z.array(Int) },
    { shares: z.array(Bytes), rebuilt: Text },
  );
  const { secret, coefficients, threshold, shareCount, points } = inputs;
  const shares = splitSecret(secret, threshold, shareCount, scriptedRng(coefficients));
  expect(shares.map(toHex)).toEqual(outputs.shares.map(toHex));
  const chosen = points.map((point) => ({ point, share: outputs.shares[point - 1] ?? EMPTY }));
  expect(toHex(combineShares(chosen))).toBe(outputs.rebuilt);
  expect(outputs.rebuilt).toBe(toHex(secret));
});

test("every vector of this group is asked for", () => {
  expect(unusedOf("keys")).toEqual([]);
});
