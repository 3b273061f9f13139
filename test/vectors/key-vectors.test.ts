/** The product reproduces the vectors of hashing, channels, prekeys and sharing. */
import { expect, test } from "vitest";
import { z } from "zod";
import { concatBytes, toHex } from "../../shared/base/bytes.ts";
import { agreementKey, extractKey, seal } from "../../shared/crypto/agreement.ts";
import { deriveKey, framed, framedHash, mac, macKey, secretKey } from "../../shared/crypto/hash.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import { type Batch, openBatch } from "../../shared/secagg/batch.ts";
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
import { pairStream } from "../../shared/secagg/pair-stream.ts";
import * as prekeys from "../../shared/secagg/prekeys.ts";
import { combineShares, lagrangeWeights, weightedSum } from "../../shared/secagg/shamir.ts";
import { Bytes, channelWith, Int, sumOf, Text, unusedOf, vectorIds, vectorOf } from "./load.ts";
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
  expect(toHex(mac(macKey(code.inputs.key), code.inputs.message))).toBe(code.outputs.mac);
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
  ...["binding", "base", "ciphertextTag", "root", "macUp", "macDown"],
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
  // RFC 2104: the first block begins with the key under this pad.
  const raw = ({ inner }: Channel["checking"]): string =>
    toHex(inner.subarray(0, 32).map((byte) => byte ^ 0x36));
  expect([low, high].map(({ pairSecret }) => toHex(pairSecret))).toEqual(
    [0, 1].map(() => outputs["pairSecret"]),
  );
  expect([low.confirming, high.checking].map(raw)).toEqual([0, 1].map(() => outputs["macUp"]));
  expect([high.confirming, low.checking].map(raw)).toEqual([0, 1].map(() => outputs["macDown"]));
  expect(toHex(mac(low.confirming, message))).toBe(outputs["macUpOfMessage"]);
  expect(toHex(mac(high.confirming, message))).toBe(outputs["macDownOfMessage"]);
  // The root itself never leaves the product's channel: what hangs on it is checked from it.
  const root = unhex(String(outputs["root"]));
  expect(toHex(deriveKey(root, LABELS.channelPair))).toBe(outputs["pairSecret"]);
});

test("prekeys: seeds of pairs, commitments, tags, boxes", () => {
  const Texts = z.array(Text);
  const pair = vectorOf(
    "prekeys/pair-stream",
    { pairSecret: Bytes, opening: Bytes, count: Int },
    {
      ...{ sealUp: Text, sealDown: Text, seeds: Texts, tags: Texts },
      ...{ sharesUp: Texts, sharesDown: Texts },
    },
  );
  const { pairSecret, opening, count } = pair.inputs;
  const channel = channelWith({ pairSecret });
  const batch = batchOf(opening, count);
  const up = pairStream(channel, batch, 3, 6);
  const down = pairStream(channel, batch, 6, 3);
  const { sealUp, sealDown, seeds, tags: pairTags, sharesUp, sharesDown } = pair.outputs;
  expect([up.sealing, down.opening].map(toHex)).toEqual([sealUp, sealUp]);
  expect([down.sealing, up.opening].map(toHex)).toEqual([sealDown, sealDown]);
  expect([up.dealt, down.held].map(toHex)).toEqual([sharesUp.join(""), sharesUp.join("")]);
  expect([down.dealt, up.held].map(toHex)).toEqual([sharesDown.join(""), sharesDown.join("")]);
  expect([up.seeds, down.seeds].map(toHex)).toEqual([seeds.join(""), seeds.join("")]);
  expect(toHex(prekeys.pairTags(up.seeds))).toBe(pairTags.join(""));
  const committed = vectorOf(
    "prekeys/commitments",
    { selfSeed: Bytes, recoveryKey: Bytes },
    { selfCommitment: Bytes, recoveryCommitment: Bytes },
  );
  const { selfCommitment, recoveryCommitment } = committed.outputs;
  const none = { count: 1, boxes: EMPTY, sealed: EMPTY, shareTags: EMPTY, pairTags: EMPTY };
  const dealt = { ...none, commitments: concatBytes(selfCommitment, recoveryCommitment) };
  const { selfSeed, recoveryKey } = committed.inputs;
  expect(prekeys.isCommitted(dealt, 0, "self", selfSeed)).toBe(true);
  expect(prekeys.isCommitted(dealt, 0, "recovery", recoveryKey)).toBe(true);
  expect(prekeys.isCommitted(dealt, 0, "self", recoveryKey)).toBe(false);
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

/** Nine members, seven of whom rebuild a secret, under an opening that is given. */
function batchOf(opening: Uint8Array, count: number): Batch {
  const members = Array.from({ length: 9 }, (_, i) => i);
  const place = { number: 0, firstAttempt: 0, count, members };
  return { ...openBatch(sumOf("run", 9, new Map()), place, []), opening };
}

test("shares are sealed for one holder, or derived by it, and taken there", () => {
  const { inputs, outputs } = vectorOf(
    "prekeys/forwarded",
    { pairSecret: Bytes, opening: Bytes, from: Int, sealedTo: Int, derivedBy: Int, shares: Bytes },
    { sealed: Bytes, derived: Bytes },
  );
  const { pairSecret, opening, from, sealedTo, derivedBy, shares } = inputs;
  const batch = batchOf(opening, 3);
  const taken = (index: number, bytes: Uint8Array): string => {
    const stream = pairStream(channelWith({ pairSecret }), batch, index, from);
    const held = prekeys.takeForwarded(batch, from, { index, stream }, bytes) ?? [];
    return toHex(concatBytes(...held.flatMap(({ self, recovery }) => [self, recovery])));
  };
  expect(taken(sealedTo, outputs.sealed)).toBe(toHex(shares));
  const { dealt, sealing } = pairStream(channelWith({ pairSecret }), batch, from, derivedBy);
  expect(taken(derivedBy, outputs.derived)).toBe(toHex(dealt));
  // The same bytes from the product's own sealing.
  const sealed = seal(secretKey(sealing), new Uint8Array(12), EMPTY, shares);
  expect(toHex(sealed)).toBe(toHex(outputs.sealed.subarray(0, -32)));
});

test.each(
  vectorIds.filter((id) => id.startsWith("shamir/")),
)("%s: secrets are shared and rebuilt", (id) => {
  const { inputs, outputs } = vectorOf(
    id,
    { secret: Bytes, threshold: Int, points: z.array(Int) },
    { shares: z.array(Bytes), rebuilt: Text },
  );
  const { secret, threshold, points } = inputs;
  const { shares } = outputs;
  // The secret and the first shares fix the others.
  const given = [secret, ...shares.slice(0, threshold - 1)];
  const targets = shares.map((_, i) => i + 1).slice(threshold - 1);
  const weights = lagrangeWeights([...given.keys()], targets);
  const others = weights.map((row) => weightedSum(row, given));
  expect(others.map(toHex)).toEqual(shares.slice(threshold - 1).map(toHex));
  const chosen = points.map((point) => ({ point, share: outputs.shares[point - 1] ?? EMPTY }));
  expect(toHex(combineShares(chosen))).toBe(outputs.rebuilt);
  expect(outputs.rebuilt).toBe(toHex(secret));
});

test("every vector of this group is asked for", () => {
  expect(unusedOf("keys")).toEqual([]);
});
