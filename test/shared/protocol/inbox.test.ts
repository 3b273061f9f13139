/** An inbox delivers a message with its vector, whole and checked, or a fault. */
import { expect, test } from "vitest";
import { sha256 } from "../../../shared/crypto/hash.ts";
import { encode } from "../../../shared/protocol/codec.ts";
import { Inbox, type Taken } from "../../../shared/protocol/inbox.ts";
import { LIMITS } from "../../../shared/protocol/limits.ts";
import { AgentMessage } from "../../../shared/protocol/messages.ts";
import { Session } from "../../../shared/protocol/session.ts";

function masked(byteLength: number, hash: Uint8Array): Uint8Array {
  const vector = { byteLength, sha256: hash };
  const signature = new Uint8Array(64);
  return encode({ type: "masked", runId: "a".repeat(64), attempt: 1, signature, vector });
}

const control = (body: Uint8Array) => ({ type: "control", body }) as const;
const chunk = (index: number, payload: Uint8Array) =>
  ({ type: "chunk", index, count: 2, payload }) as const;

function takeAll(
  ...received: Parameters<Inbox<AgentMessage>["take"]>[0][]
): Taken<AgentMessage> | undefined {
  const inbox = new Inbox<AgentMessage>(AgentMessage, "whole");
  return received.map((one) => inbox.take(one)).at(-1);
}

const VECTOR = Uint8Array.of(1, 2, 3, 4);
const together = (vector: Uint8Array, body = HEAD) => ({ type: "together", body, vector }) as const;
const HEAD = masked(4, sha256(VECTOR));
const [A, B] = [VECTOR.subarray(0, 2), VECTOR.subarray(2)];

test("a vector of several frames arrives whole behind its message", () => {
  const vector = Uint8Array.from({ length: 2 * LIMITS.chunkBytesMax + 5 }, (_, i) => i % 251);
  const [sender, receiver] = [new Session("s"), new Session("s")];
  const inbox = new Inbox<AgentMessage>(AgentMessage, "whole");
  const frames = [
    sender.sendControl(masked(vector.length, sha256(vector))),
    ...sender.sendVector(vector),
  ];
  const taken = frames.map((frame) => inbox.take(receiver.receive(frame)));
  expect(taken.map(({ type }) => type)).toEqual(["nothing", "nothing", "nothing", "delivery"]);
  const last = taken.at(-1);
  expect(last?.type === "delivery" && Buffer.compare(last.delivery.vector, vector)).toBe(0);
});

test("a short vector comes in one frame with its message, and is held against what the message says", () => {
  const [sender, receiver] = [new Session("s"), new Session("s")];
  const [frame, ...more] = sender.sendMessage(HEAD, VECTOR);
  expect(more).toEqual([]);
  const received = receiver.receive(frame ?? new Uint8Array());
  expect(received).toEqual(together(VECTOR));
  const taken = takeAll(received);
  expect(taken?.type === "delivery" && taken.delivery.vector).toEqual(VECTOR);
  const fault = (code: string) => ({ type: "fault", code });
  expect(takeAll(together(A))).toEqual(fault("vectorIncomplete"));
  expect(takeAll(together(Uint8Array.of(...VECTOR, 5)))).toEqual(fault("vectorTooLong"));
  expect(takeAll(together(VECTOR.toReversed()))).toEqual(fault("vectorHashMismatch"));
  expect(takeAll(control(HEAD), together(VECTOR))).toEqual(fault("vectorIncomplete"));
  const plain = encode({ type: "ready", runId: "a".repeat(64), attempt: 1, holds: A });
  expect(takeAll(together(VECTOR, plain))).toEqual(fault("unexpectedChunk"));
});

test("an empty vector is delivered with its message", () => {
  expect(takeAll(control(masked(0, sha256(new Uint8Array()))))?.type).toBe("delivery");
});

test("chunks out of order, in excess, unannounced or altered are faults", () => {
  const fault = (code: string) => ({ type: "fault", code });
  expect(takeAll(control(HEAD), chunk(0, A), chunk(1, B))?.type).toBe("delivery");
  expect(takeAll(control(HEAD), chunk(1, B))).toEqual(fault("chunkOutOfOrder"));
  expect(takeAll(control(HEAD), chunk(0, A), chunk(0, A))).toEqual(fault("chunkOutOfOrder"));
  expect(takeAll(control(HEAD), chunk(0, A), chunk(1, VECTOR))).toEqual(fault("vectorTooLong"));
  expect(takeAll(control(HEAD), chunk(0, B), chunk(1, A))).toEqual(fault("vectorHashMismatch"));
  expect(takeAll(control(HEAD), chunk(0, A), control(HEAD))).toEqual(fault("vectorIncomplete"));
  expect(takeAll(chunk(0, A))).toEqual(fault("unexpectedChunk"));
  expect(takeAll(control(Uint8Array.of(0xc1)))).toEqual(fault("malformed"));
});
