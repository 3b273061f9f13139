/** Frames that no honest peer sends, and the code that each is refused with. Pure. */
import type { z } from "zod";
import { concatBytes, u32le, utf8 } from "../../shared/base/bytes.ts";
import { encode } from "../../shared/protocol/codec.ts";
import {
  type AgentMessage,
  type CoordinatorMessage,
  vectorHeader,
} from "../../shared/protocol/messages.ts";
import { FRAME_BYTES_MAX, type Session } from "../../shared/protocol/session.ts";
import { exampleMessages } from "./examples.ts";

type Message = AgentMessage | CoordinatorMessage;

export interface BadFrames {
  readonly what: string;
  /** The session's own fault, the inbox's or the WebSocket's. */
  readonly code: string;
  /** What to send, in order, as the first frames of a new session. */
  frames(session: Session): Uint8Array[];
}

/** A frame by hand: kind (0 ack, 1 control, 2 chunk), sequence number, acknowledgement, body. */
const frame = (kind: number, seq: number, ack: number, body: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(kind), u32le(seq), u32le(ack), body);

/** Control messages whose bytes are wrong, by hand in msgpack. */
const BODIES: readonly (readonly [what: string, code: string, body: Uint8Array])[] = [
  ["a message with a repeated key", "malformed", repeatedKey()],
  ["an extension type", "malformed", Uint8Array.of(0x81, 0xa4, ...utf8("type"), 0xd4, 1, 2)],
  ["a list that claims four thousand million items", "malformed", list(0xffff_ffff)],
  ["twenty lists in one another", "malformed", new Uint8Array(21).fill(0x91).fill(0xc0, 20)],
  ["bytes after the message", "malformed", concatBytes(encode({ type: "x" }), utf8("more"))],
  ["a number where a message belongs", "unknownMessage", Uint8Array.of(7)],
  ["an unknown message type", "unknownMessage", encode({ type: "surprise", attempt: 1 })],
];

function repeatedKey(): Uint8Array {
  const type = concatBytes(Uint8Array.of(0xa4), utf8("type"), Uint8Array.of(0xa1), utf8("x"));
  return concatBytes(Uint8Array.of(0x82), type, type);
}

function list(count: number): Uint8Array {
  return concatBytes(Uint8Array.of(0xdd), u32le(count).toReversed());
}

/** @param schema Of the messages that the receiver takes: their kinds come from it, not from here. */
export function badFrames<T extends Message>(schema: z.ZodType<T>): BadFrames[] {
  const messages = exampleMessages(schema, {});
  const announcing = exampleMessages(schema, { byteLength: 100 }).find(
    (message) => vectorHeader(message)?.byteLength === 100,
  );
  const [plain] = messages.filter((message) => !vectorHeader(message));
  if (!plain || !announcing) throw new Error("no message without, or none with a vector");
  const announced = (session: Session): Uint8Array => session.sendControl(encode(announcing));
  const garbage = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff);
  const whole = encode(plain);
  return [
    bad("garbage", "badAck", () => [garbage]),
    bad("an empty frame", "frameTooShort", () => [new Uint8Array()]),
    bad("half a header", "frameTooShort", () => [garbage.subarray(0, 5)]),
    bad("an unknown kind of frame", "unknownFrame", () => [frame(9, 1, 0, whole)]),
    bad("a sequence gap", "sequenceGap", () => [frame(1, 2, 0, whole)]),
    bad("an acknowledgement of what was never sent", "badAck", () => [frame(0, 0, 1e6, whole)]),
    bad("a truncated message", "malformed", () => [frame(1, 1, 0, whole.subarray(0, -3))]),
    bad("a message with an unknown field", "unknownMessage", () => [
      frame(1, 1, 0, encode({ ...plain, surprise: 1 })),
    ]),
    ...BODIES.map(([what, code, body]) => bad(what, code, () => [frame(1, 1, 0, body)])),
    bad("an oversized message", "frameTooLarge", () => [
      frame(1, 1, 0, new Uint8Array(FRAME_BYTES_MAX)),
    ]),
    bad("a chunk that nobody announced", "unexpectedChunk", (s) => s.sendVector(garbage)),
    bad("a chunk without its header", "frameTooShort", () => [frame(2, 1, 0, utf8("abc"))]),
    bad("a vector with a message that announces none", "unexpectedChunk", (session) =>
      session.sendMessage(whole, garbage),
    ),
    bad("a vector with a message that announces more", "vectorIncomplete", (session) =>
      session.sendMessage(encode(announcing), garbage),
    ),
    bad("a message longer than its frame", "frameTooShort", () => [
      frame(3, 1, 0, concatBytes(u32le(64), garbage)),
    ]),
    bad("a message within a vector", "vectorIncomplete", (session) => [
      announced(session),
      session.sendControl(whole),
    ]),
    bad("chunks out of order", "chunkOutOfOrder", (session) => [
      announced(session),
      frame(2, 2, 0, concatBytes(u32le(1), u32le(2), garbage)),
    ]),
    bad("a vector longer than announced", "vectorTooLong", (session) => [
      announced(session),
      ...session.sendVector(new Uint8Array(101)),
    ]),
  ];
}

const bad = (what: string, code: string, frames: BadFrames["frames"]): BadFrames => ({
  what,
  code,
  frames,
});
