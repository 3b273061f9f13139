/** Bytes from a peer become a message of the list, or nothing. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode } from "../../../shared/protocol/codec.ts";
import { AgentHandshake, CoordinatorHandshake } from "../../../shared/protocol/handshake.ts";
import { LIMITS } from "../../../shared/protocol/limits.ts";
import { AgentMessage, CoordinatorMessage } from "../../../shared/protocol/messages.ts";
import { readValue } from "../../../shared/protocol/read-value.ts";

const key = new Uint8Array(32).fill(200);
const signature = new Uint8Array(64).fill(7);
const tag = new Uint8Array(16).fill(9);
const none = new Uint8Array();
const members = Uint8Array.of(0b101);
const decided = {
  decision: "vetoed" as const,
  reasons: [{ code: "veto", message: "no" }],
  atMs: 5,
  signature: new Uint8Array(64).fill(9),
};
const runId = "0f".repeat(32);
const at = { runId, attempt: 0xffff_ffff };
const reason = { code: "x", message: "é ∑ 🔒" };
const vector = { byteLength: 3_000_000, sha256: key };
const join = { channelKey: key, kemKey: new Uint8Array(1184).fill(3), nonceRoot: none, signature };
const encapsulated = { ciphertext: new Uint8Array(1088).fill(4), tag };
const transcript = { head: key, last: { inclusion: key, resultHash: key }, signature };

const AGENT = [
  { type: "runDecided", runId, ...decided },
  { type: "roomHeld", size: 12 },
  { type: "headCosigned", size: 12, signature },
  { type: "runJoined", runId, ...join, engine: "wasm-relaxed-simd" },
  { type: "runDeclined", runId, reasons: [reason] },
  { type: "channelSecrets", runId, nonce: key, secrets: [{ to: 7, ...encapsulated }] },
  { type: "prekeys", runId, batch: 4, nonce: none, entries: new Uint8Array(70_000), signature },
  { type: "ready", ...at, holds: members },
  { type: "masked", ...at, signature, vector },
  { type: "confirmed", ...at, confirmation: tag },
  { type: "shares", ...at, seed: key, of: members, shares: new Uint8Array(64).fill(1), signature },
  { type: "withdrawn", ...at, reason },
  { type: "matching", runId, body: new Uint8Array(64 * 1024) },
];
const COORDINATOR = [
  { type: "runProposed", runId, manifest: "m" },
  { type: "proposalClosed", runId, code: "begun" },
  {
    type: "runOffered",
    runId,
    manifest: "m".repeat(70_000),
    decisions: [{ memberId: "bank-1", ...decided }],
  },
  { type: "membersJoined", runId, members: [{ member: 1, ...join, kemKey: none }] },
  { type: "channelSecret", runId, from: 2, ...encapsulated },
  { type: "batchOpened", runId, batch: 4, firstAttempt: 64, count: 16, members, nonces: none },
  { type: "batchDealt", runId, batch: 4, dealers: members, hashes: key, shares: none },
  {
    type: "roundOpened",
    ...{ ...at, round: 3, askKind: "gradient", cohort: members },
    ...{ ...transcript, vector },
  },
  { type: "committed", ...at, cohort: members },
  { type: "included", ...at, survivors: members, path: new Uint8Array(64), signature },
  { type: "certified", ...at, confirmers: members, proofs: tag },
  { type: "sharesAsked", ...at, of: members },
  { type: "runEnded", ...at, outcome: "completed", round: 3, ...transcript, last: null },
  { type: "matching", runId, body: tag },
  { type: "rejected", code: "x" },
  { type: "roomExtended", from: 3, lines: "é ∑ 🔒\n".repeat(9000), size: 9 },
];
const FIRST = [
  { type: "auth", version: 1, room: "r", memberId: "b", nonce: key, resume: null, signature },
  { type: "enrol", version: 1, token: "t", identityKey: key, nonce: key },
  { type: "accept", signature },
];
const ANSWERS = [
  { type: "challenge", version: 1, nonce: key, coordinatorKey: key },
  { type: "welcome", sessionId: "s", received: 4, signature },
  { type: "offer", memberId: "b", charter: "{}", signature },
  { type: "enrolled" },
  { type: "denied", code: "c", message: "m" },
];
const cases = [
  ...AGENT.map((message) => [message.type, AgentMessage, message] as const),
  ...COORDINATOR.map((message) => [message.type, CoordinatorMessage, message] as const),
  ...FIRST.map((message) => [message.type, AgentHandshake, message] as const),
  ...ANSWERS.map((message) => [message.type, CoordinatorHandshake, message] as const),
];

const read = (schema: (typeof cases)[number][1], bytes: Uint8Array) =>
  decode<unknown>(schema, bytes, LIMITS.controlBytesMax);
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? [...item] : item)));

test("there is a sample of every message", () => {
  const count = (schema: { options: readonly unknown[] }): number => schema.options.length;
  expect(AGENT).toHaveLength(count(AgentMessage));
  expect(COORDINATOR).toHaveLength(count(CoordinatorMessage));
  expect(FIRST).toHaveLength(count(AgentHandshake));
  expect(ANSWERS).toHaveLength(count(CoordinatorHandshake));
});

test.each(
  cases,
)("%s survives the wire; cut short, lengthened or with a field more it does not", (_, schema, message) => {
  const bytes = encode(message);
  const decoded = read(schema, bytes);
  expect(decoded.ok && plain(decoded.message)).toEqual(plain(message));
  const stride = Math.max(1, Math.floor(bytes.length / 500));
  for (let length = 0; length < bytes.length; length += stride) {
    expect(read(schema, bytes.subarray(0, length))).toEqual({ ok: false, code: "malformed" });
  }
  expect(read(schema, Uint8Array.of(...bytes, 0xc0))).toEqual({ ok: false, code: "malformed" });
  expect(read(schema, encode({ ...message, extra: 1 }))).toEqual({
    ok: false,
    code: "unknownMessage",
  });
});

test("a message above its limit is not looked at", () => {
  expect(decode(AgentMessage, new Uint8Array(11), 10)).toEqual({ ok: false, code: "tooLarge" });
});

test("text goes out packed, and unpacks to no more than the limit", () => {
  const lines = `{"memberId":"bank-1","signature":"${"0f".repeat(64)}"}\n`.repeat(1000);
  const message = { type: "roomExtended", from: 0, lines, size: 1000 };
  const bytes = encode(message);
  expect(bytes.length).toBeLessThan(lines.length / 50);
  expect(read(CoordinatorMessage, bytes)).toEqual({ ok: true, message });
  const tooFew = decode(CoordinatorMessage, bytes, lines.length);
  expect(tooFew).toEqual({ ok: false, code: "malformed" });
  expect(decode(CoordinatorMessage, bytes, lines.length + 100).ok).toBe(true);
});

const nested = (depth: number): Uint8Array => Uint8Array.of(...Array(depth).fill(0x91), 0xc0);
const a = 0xa1; // The header of a one-letter text.
/** Pairs of a key of three bytes and nothing. */
function manyPairs(count: number): number[] {
  const digit = (i: number, power: number): number => 0x21 + (Math.floor(i / 64 ** power) % 64);
  const pair = (i: number): number[] => [0xa3, digit(i, 2), digit(i, 1), digit(i, 0), 0xc0];
  return Array.from({ length: count }, (_, i) => pair(i)).flat();
}

test.each([
  ["an extension type", [0xd4, 1, 0]],
  ["an extension of a stated length", [0xc7, 1, 1, 0]],
  ["the reserved byte", [0xc1]],
  ["a repeated key", [0x82, a, 97, 1, a, 97, 2]],
  ["a key that is a number", [0x81, 1, 1]],
  ["a key that is not ASCII", [0x81, 0xa2, 0xc3, 0xa9, 1]],
  ["text that is not UTF-8", [0xa2, 0xc3, 0x28]],
  ["an integer of 64 bits", [0xcf, 0, 0, 0, 0, 0, 0, 0, 1]],
  ["a map of more than forty thousand items", [0xde, 0x4e, 0x21, ...manyPairs(20_001)]],
  ["the key __proto__", [0x81, 0xa9, ...Buffer.from("__proto__"), 1]],
  ["nothing", []],
  ["two values", [0xc0, 0xc0]],
  ["text of four gigabytes", [0xdb, 0xff, 0xff, 0xff, 0xff]],
  ["bytes of four gigabytes", [0xc6, 0xff, 0xff, 0xff, 0xff]],
  ["an array of four thousand million", [0xdd, 0xff, 0xff, 0xff, 0xff]],
  ["a map of four thousand million", [0xdf, 0xff, 0xff, 0xff, 0xff]],
])("%s is malformed", (_, bytes) => {
  expect(readValue(Uint8Array.from(bytes))).toBeUndefined();
});

test("values nest eight deep and no deeper", () => {
  expect(readValue(nested(8))).toEqual([[[[[[[[null]]]]]]]]);
  expect(readValue(nested(9))).toBeUndefined();
  expect(readValue(nested(10_000))).toBeUndefined();
});

const names = () => fc.string({ maxLength: 40 }).filter((text) => text !== "__proto__");

test("what another encoder wrote is read to the same value, whatever it is", () => {
  const leaf = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer({ min: -0x8000_0000, max: 0xffff_ffff }),
    fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.uint8Array({ maxLength: 300 }),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value")),
      fc.dictionary(names(), tie("value")),
    ),
  }));
  fc.assert(
    fc.property(value, (sent) => {
      expect(readValue(encode({ sent }))).toEqual({ sent });
    }),
  );
});

test("no bytes at all make decoding throw, and damaged messages neither", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => read(AgentMessage, bytes)).not.toThrow();
    }),
  );
  const whole = encode(AGENT[2] ?? {});
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (place, value) => {
      const damaged = whole.slice();
      damaged[place] = value;
      expect(() => read(AgentMessage, damaged)).not.toThrow();
    }),
  );
});
