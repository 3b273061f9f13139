/** Vectors of hashing, derivation, channels between members, and prekeys. Pure. */
import { interpolate, shareAt } from "./second/field.ts";
import {
  at,
  fixedBytes,
  frame,
  frameHash,
  hex,
  hkdfKey,
  identityKeyOf,
  join,
  oneStepKey,
  type Part,
  shortMac,
  signed,
  utf8,
} from "./second/primitives.ts";
import * as protocol from "./second/protocol.ts";
import { type Vector, type VectorFields, type VectorValue, vector } from "./vector.ts";

const FRAMING = "shared/crypto/hash.ts: each part behind its length";
const CHANNEL = "shared/secagg/channel.ts; RFC 7748; RFC 5869; FIPS 203 for the secret given";
const PREKEYS = "Bonawitz et al., CCS 2017, §4, round 1; shared/secagg/prekeys.ts";
export const RUN_ID = hex(fixedBytes("run", 32));

const FRAMES: readonly (readonly [name: string, label: string, parts: readonly Part[]])[] = [
  ["label-alone", "cloister/3/ask", []],
  ["empty-parts", "cloister/3/ask", ["", new Uint8Array()]],
  ["text-and-numbers", "cloister/3/context", ["Zürich €", 0, 1, 0x0102_0304, 0xffff_ffff]],
  ["bytes", "cloister/3/inclusion", [fixedBytes("frame", 300), "x", 7]],
];

/** A part by its kind, for bytes and text look alike in a file. */
function partText(part: Part): VectorValue {
  if (typeof part === "number") return { number: part };
  return typeof part === "string" ? { text: part } : { bytes: hex(part) };
}

function hashing(): Vector[] {
  const frames = FRAMES.map(([name, label, parts]) =>
    vector(
      `frame/${name}`,
      FRAMING,
      { label, parts: parts.map(partText) },
      { framed: hex(frame(label, ...parts)), hash: hex(frameHash(label, ...parts)) },
    ),
  );
  // Lengths of three bytes: too long to be spelled out here.
  const [label, byte, length] = ["cloister/3/prekeys", 7, 70_000] as const;
  const long = vector(
    "frame/long",
    FRAMING,
    { label, byte, length },
    { hash: hex(frameHash(label, new Uint8Array(length).fill(byte))) },
  );
  const secret = fixedBytes("derive", 32);
  const context = fixedBytes("derive-context", 32);
  const oneStep = vector(
    "derive/one-step",
    "NIST SP 800-56C rev. 2, §4.1, option 1, SHA-256",
    {
      secret: hex(secret),
      label: "cloister/3/pair-mask",
      context: hex(context),
      first: 3,
      second: 70_000,
    },
    { key: hex(oneStepKey(secret, "cloister/3/pair-mask", context, 3, 70_000)) },
  );
  // RFC 5869, A.1, whose first 32 bytes of output are these.
  const material = new Uint8Array(22).fill(0x0b);
  const salt = Uint8Array.from({ length: 13 }, (_, i) => i);
  const info = Uint8Array.from({ length: 10 }, (_, i) => 0xf0 + i);
  const extracted = vector(
    "derive/hkdf",
    "RFC 5869, test case A.1, first 32 bytes",
    { material: hex(material), salt: hex(salt), info: hex(info) },
    { key: hex(hkdfKey(material, salt, info)) },
  );
  // RFC 4231, test case 2: both give the same key and text.
  const macKey = utf8("Jefe");
  const message = utf8("what do ya want for nothing?");
  const mac = vector(
    "derive/mac",
    "RFC 4231, test case 2, first 16 bytes",
    { key: hex(macKey), message: hex(message) },
    { mac: hex(shortMac(macKey, message)) },
  );
  return [...frames, long, oneStep, extracted, mac];
}

/** Two members of a roster of nine, at indices 2 and 5. */
const LOWER = { index: 2, memberId: "bank-2", secret: fixedBytes("channel-lower", 32) };
const HIGHER = { index: 5, memberId: "bank-5", secret: fixedBytes("channel-higher", 32) };

function joinVector(id: string, joining: protocol.Joining, secret: Uint8Array): Vector {
  const identitySecret = fixedBytes(`identity ${joining.memberId}`, 32);
  const statement = protocol.joinStatement(RUN_ID, joining);
  return vector(
    id,
    CHANNEL,
    {
      runId: RUN_ID,
      memberId: joining.memberId,
      identitySecret: hex(identitySecret),
      channelSecret: hex(secret),
      kemKey: hex(joining.kemKey),
      nonceRoot: hex(joining.nonceRoot),
    },
    {
      identityKey: hex(identityKeyOf(identitySecret)),
      channelKey: hex(joining.channelKey),
      statement: hex(statement),
      signature: hex(signed(identitySecret, statement)),
    },
  );
}

function channelVector(
  id: string,
  kemKeys: readonly [Uint8Array, Uint8Array],
  kem: boolean,
): Vector {
  const meeting: protocol.Meeting = {
    runId: RUN_ID,
    lower: LOWER.index,
    higher: HIGHER.index,
    lowerJoin: protocol.joining(LOWER.memberId, LOWER.secret, kemKeys[0]),
    higherJoin: protocol.joining(HIGHER.memberId, HIGHER.secret, kemKeys[1]),
    lowerSecret: LOWER.secret,
    kemCiphertext: kem ? fixedBytes("kem-ciphertext", 1088) : new Uint8Array(),
    kemSecret: kem ? fixedBytes("kem-secret", 32) : new Uint8Array(),
  };
  const keys = protocol.channelKeys(meeting);
  const message = utf8("a statement");
  const outputs: VectorFields = Object.fromEntries(
    Object.entries(keys).map(([name, bytes]: [string, Uint8Array]) => [name, hex(bytes)]),
  );
  return vector(
    id,
    CHANNEL,
    {
      runId: RUN_ID,
      lower: {
        index: LOWER.index,
        memberId: LOWER.memberId,
        channelSecret: hex(LOWER.secret),
        kemKey: hex(kemKeys[0]),
      },
      higher: {
        index: HIGHER.index,
        memberId: HIGHER.memberId,
        channelSecret: hex(HIGHER.secret),
        kemKey: hex(kemKeys[1]),
      },
      kemCiphertext: hex(meeting.kemCiphertext),
      kemSecret: hex(meeting.kemSecret),
      message: hex(message),
    },
    {
      ...outputs,
      macUpOfMessage: hex(shortMac(keys.macUp, message)),
      macDownOfMessage: hex(shortMac(keys.macDown, message)),
    },
  );
}

function channels(): Vector[] {
  const none = new Uint8Array();
  const kemKeys = [fixedBytes("kem-key-lower", 1184), fixedBytes("kem-key-higher", 1184)] as const;
  const { memberId, secret } = LOWER;
  const nonceRoot = fixedBytes("nonce-root", 32);
  return [
    joinVector("join/plain", protocol.joining(memberId, secret), secret),
    joinVector("join/full", protocol.joining(memberId, secret, kemKeys[0], nonceRoot), secret),
    channelVector("channel/plain", [none, none], false),
    channelVector("channel/one-has-no-kem", [kemKeys[0], none], false),
    channelVector("channel/hybrid", kemKeys, true),
  ];
}

function prekeys(): Vector[] {
  const pairSecret = fixedBytes("pair-secret", 32);
  const selfSeed = fixedBytes("self-seed", 32);
  const recoveryKey = fixedBytes("recovery-key", 32);
  const boxed = fixedBytes("boxed-seeds", 5 * 32);
  const shares = fixedBytes("shares", 3 * 64);
  const opening = fixedBytes("opening", 32);
  const pieces = protocol.pairPieces(pairSecret, opening, 3);
  const [from, sealedTo, derivedBy] = [6, 5, 3];
  const tagsOf = (row: Uint8Array, holder: number): Uint8Array =>
    join(
      ...Array.from({ length: row.length / 32 }, (_, i) =>
        protocol.shareTag(
          i % 2 === 0 ? "self" : "recovery",
          row.slice(32 * i, 32 * i + 32),
          from,
          holder,
        ),
      ),
    );
  const derived = join(...pieces.sharesDown);
  return [
    vector(
      "prekeys/pair-stream",
      PREKEYS,
      { pairSecret: hex(pairSecret), opening: hex(opening), count: 3 },
      {
        sealUp: hex(pieces.sealUp),
        sealDown: hex(pieces.sealDown),
        seeds: pieces.seeds.map(hex),
        tags: pieces.seeds.map((seed) => hex(protocol.pairTag(seed))),
        sharesUp: pieces.sharesUp.map(hex),
        sharesDown: pieces.sharesDown.map(hex),
      },
    ),
    vector(
      "prekeys/commitments",
      PREKEYS,
      { selfSeed: hex(selfSeed), recoveryKey: hex(recoveryKey) },
      {
        selfCommitment: hex(protocol.selfCommitment(selfSeed)),
        recoveryCommitment: hex(protocol.recoveryCommitment(recoveryKey)),
      },
    ),
    vector(
      "prekeys/recovery-box",
      "NIST SP 800-38A, §6.5, AES-256 in counter mode from 0",
      { recoveryKey: hex(recoveryKey), seeds: hex(boxed) },
      { box: hex(protocol.recoveryBox(recoveryKey, boxed)) },
    ),
    vector(
      "prekeys/share-tags",
      PREKEYS,
      { share: hex(shares.slice(0, 32)), from, holder: derivedBy },
      {
        self: hex(protocol.shareTag("self", shares.slice(0, 32), from, derivedBy)),
        recovery: hex(protocol.shareTag("recovery", shares.slice(0, 32), from, derivedBy)),
      },
    ),
    vector(
      "prekeys/forwarded",
      "NIST SP 800-38D, AES-256-GCM; the same nine members hold, seven are needed",
      {
        pairSecret: hex(pairSecret),
        opening: hex(opening),
        from,
        sealedTo,
        derivedBy,
        shares: hex(shares),
      },
      {
        sealed: hex(
          join(
            protocol.sealedShares(pieces.sealDown, shares),
            protocol.heldTagsHash(tagsOf(shares, sealedTo)),
          ),
        ),
        derived: hex(protocol.heldTagsHash(tagsOf(derived, derivedBy))),
      },
    ),
  ];
}

function sharingVector(
  id: string,
  threshold: number,
  shareCount: number,
  points: readonly number[],
): Vector {
  const secret = fixedBytes(`${id} secret`, 32);
  const coefficients = Array.from({ length: threshold - 1 }, (_, k) =>
    fixedBytes(`${id} coefficient ${k}`, 32),
  );
  const shares = Array.from({ length: shareCount }, (_, i) => shareAt(secret, coefficients, i + 1));
  const rebuilt = interpolate(
    points,
    points.map((point) => at(shares, point - 1)),
    0,
  );
  if (hex(rebuilt) !== hex(secret)) throw new Error("sharing does not give the secret back");
  return vector(
    id,
    "Shamir, CACM 1979, over GF(2^8) of FIPS 197, §4",
    {
      secret: hex(secret),
      threshold,
      points,
    },
    { shares: shares.map(hex), rebuilt: hex(rebuilt) },
  );
}

export function keyVectors(): Vector[] {
  return [
    ...hashing(),
    ...channels(),
    ...prekeys(),
    sharingVector("shamir/3-of-3", 3, 3, [3, 1, 2]),
    sharingVector("shamir/4-of-5", 4, 5, [2, 5, 3, 1]),
    sharingVector(
      "shamir/33-holders",
      21,
      33,
      Array.from({ length: 21 }, (_, i) => 33 - i),
    ),
    sharingVector("shamir/255-holders", 2, 255, [255, 254]),
  ];
}
