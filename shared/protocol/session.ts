/**
 * A session: an ordered, exactly-once stream of messages in each direction that survives its socket.
 * Every frame has a sequence number and acknowledges the other side's; what is not acknowledged is
 * kept and sent again after a reconnect. Pure: frames go in and come out; sockets are elsewhere.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "./limits.ts";

const HEADER_BYTES = 9;
const CHUNK_HEADER_BYTES = 8;
/** Of the message, before a message and its vector. */
const LENGTH_BYTES = 4;
export const FRAME_BYTES_MAX =
  HEADER_BYTES + Math.max(LIMITS.controlBytesMax, CHUNK_HEADER_BYTES + LIMITS.chunkBytesMax);

const KIND = { ack: 0, control: 1, chunk: 2, together: 3 } as const;

/** A vector up to so long goes in one frame with the message that announces it: one frame less to send, wake up for and take. */
const TOGETHER_BYTES_MAX = 48 * 1024;

/** What a received frame means. A duplicate is normal after a reconnect; a fault ends the connection. */
export type Received =
  | { readonly type: "control"; readonly body: Uint8Array }
  /** A message and the whole vector behind it. */
  | { readonly type: "together"; readonly body: Uint8Array; readonly vector: Uint8Array }
  | {
      readonly type: "chunk";
      readonly index: number;
      readonly count: number;
      readonly payload: Uint8Array;
    }
  | { readonly type: "nothing" }
  | {
      readonly type: "fault";
      readonly code: "frameTooShort" | "unknownFrame" | "sequenceGap" | "badAck";
    };

/** A frame that may have to be sent again. The payload is the sender's own, not a copy. */
interface Sent {
  readonly seq: number;
  readonly kind: number;
  readonly head: Uint8Array;
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array();

/** One side of a session. Holds what was sent and not yet acknowledged. */
export class Session {
  readonly id: string;
  #sent: Sent[] = [];
  #nextSeq = 1;
  #received = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** Last sequence number received in order. */
  get received(): number {
    return this.#received;
  }

  /** Bytes kept to be sent again. */
  get unacknowledgedBytes(): number {
    return this.#sent.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** The frames that carry a message, and the vector that it announces, if any. */
  sendMessage(body: Uint8Array, vector: Uint8Array): Uint8Array[] {
    const isShort = vector.length > 0 && vector.length <= TOGETHER_BYTES_MAX;
    if (!isShort) return [this.sendControl(body), ...this.sendVector(vector)];
    assert(body.length <= LIMITS.controlBytesMax, "control message too large");
    const head = new Uint8Array(LENGTH_BYTES + body.length);
    writeU32(head, 0, body.length);
    head.set(body, LENGTH_BYTES);
    return [this.#send(KIND.together, head, vector)];
  }

  sendControl(body: Uint8Array): Uint8Array {
    assert(body.length <= LIMITS.controlBytesMax, "control message too large");
    return this.#send(KIND.control, NOTHING, body);
  }

  /** The frames that carry `vector`, one per chunk. */
  sendVector(vector: Uint8Array): Uint8Array[] {
    const count = Math.ceil(vector.length / LIMITS.chunkBytesMax);
    return Array.from({ length: count }, (_, index) => {
      const start = index * LIMITS.chunkBytesMax;
      const payload = vector.subarray(start, start + LIMITS.chunkBytesMax);
      return this.#send(KIND.chunk, chunkHead(index, count), payload);
    });
  }

  /** A frame that only acknowledges. */
  acknowledgement(): Uint8Array {
    return this.#frame({ kind: KIND.ack, seq: 0, head: NOTHING, payload: NOTHING });
  }

  /** Frames to send again to a peer that has everything up to `received`. */
  replay(received: number): Uint8Array[] {
    this.#drop(received);
    return this.#sent.map((sent) => this.#frame(sent));
  }

  receive(frame: Uint8Array): Received {
    if (frame.length < HEADER_BYTES) return { type: "fault", code: "frameTooShort" };
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const kind = view.getUint8(0);
    const seq = view.getUint32(1, true);
    const ack = view.getUint32(5, true);
    if (ack >= this.#nextSeq) return { type: "fault", code: "badAck" };
    this.#drop(ack);
    if (kind === KIND.ack) return { type: "nothing" };
    if (kind > KIND.together) return { type: "fault", code: "unknownFrame" };
    if (seq <= this.#received) return { type: "nothing" };
    if (seq !== this.#received + 1) return { type: "fault", code: "sequenceGap" };
    this.#received = seq;
    const body = frame.subarray(HEADER_BYTES);
    if (kind === KIND.control) return { type: "control", body };
    return kind === KIND.chunk ? readChunk(body) : readTogether(body);
  }

  #send(kind: number, head: Uint8Array, payload: Uint8Array): Uint8Array {
    const sent = { seq: this.#nextSeq++, kind, head, payload };
    this.#sent.push(sent);
    return this.#frame(sent);
  }

  #frame({ seq, kind, head, payload }: Sent): Uint8Array {
    const frame = new Uint8Array(HEADER_BYTES + head.length + payload.length);
    frame[0] = kind;
    writeU32(frame, 1, seq);
    writeU32(frame, 5, this.#received);
    frame.set(head, HEADER_BYTES);
    frame.set(payload, HEADER_BYTES + head.length);
    return frame;
  }

  #drop(acknowledged: number): void {
    if ((this.#sent[0]?.seq ?? Number.POSITIVE_INFINITY) > acknowledged) return;
    this.#sent = this.#sent.filter(({ seq }) => seq > acknowledged);
  }
}

function chunkHead(index: number, count: number): Uint8Array {
  const head = new Uint8Array(CHUNK_HEADER_BYTES);
  writeU32(head, 0, index);
  writeU32(head, 4, count);
  return head;
}

function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

function readChunk(body: Uint8Array): Received {
  if (body.length < CHUNK_HEADER_BYTES) return { type: "fault", code: "frameTooShort" };
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const payload = body.subarray(CHUNK_HEADER_BYTES);
  return { type: "chunk", index: view.getUint32(0, true), count: view.getUint32(4, true), payload };
}

function readTogether(frame: Uint8Array): Received {
  if (frame.length < LENGTH_BYTES) return { type: "fault", code: "frameTooShort" };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const end = LENGTH_BYTES + view.getUint32(0, true);
  if (end >= frame.length) return { type: "fault", code: "frameTooShort" };
  return { type: "together", body: frame.subarray(LENGTH_BYTES, end), vector: frame.subarray(end) };
}
