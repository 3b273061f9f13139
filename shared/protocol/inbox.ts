/** Joins a message to the vector that follows it: delivered together, whole and checked, or not at all. Pure. */
import type { z } from "zod";
import { equalBytes } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import { decode } from "./codec.ts";
import { LIMITS } from "./limits.ts";
import { type AgentMessage, type CoordinatorMessage, vectorHeader } from "./messages.ts";
import type { Received } from "./session.ts";

export interface Delivery<T> {
  readonly message: T;
  /** Empty where the message announces none. */
  readonly vector: Uint8Array;
}

export type Taken<T> =
  | { readonly type: "delivery"; readonly delivery: Delivery<T> }
  | { readonly type: "nothing" }
  | { readonly type: "fault"; readonly code: string };

interface Pending<T> {
  readonly message: T;
  readonly vector: Uint8Array;
  readonly sha256: Uint8Array;
  filled: number;
  nextIndex: number;
}

/** Takes a session's frames in order and yields messages. One vector at a time is under way. */
export class Inbox<T extends AgentMessage | CoordinatorMessage> {
  readonly #schema: z.ZodType<T>;
  #pending: Pending<T> | null = null;

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
  }

  take(received: Received): Taken<T> {
    switch (received.type) {
      case "nothing":
        return received;
      case "fault":
        return received;
      case "control":
        return this.#takeControl(received.body);
      case "chunk":
        return this.#takeChunk(received.index, received.payload);
    }
  }

  #takeControl(body: Uint8Array): Taken<T> {
    if (this.#pending) return { type: "fault", code: "vectorIncomplete" };
    const decoded = decode(this.#schema, body, LIMITS.controlBytesMax);
    if (!decoded.ok) return { type: "fault", code: decoded.code };
    const header = vectorHeader(decoded.message);
    if (!header)
      return { type: "delivery", delivery: { message: decoded.message, vector: new Uint8Array() } };
    this.#pending = {
      message: decoded.message,
      vector: new Uint8Array(header.byteLength),
      sha256: header.sha256,
      filled: 0,
      nextIndex: 0,
    };
    return this.#deliverIfWhole(this.#pending);
  }

  #takeChunk(index: number, payload: Uint8Array): Taken<T> {
    const pending = this.#pending;
    if (!pending) return { type: "fault", code: "unexpectedChunk" };
    if (index !== pending.nextIndex) return { type: "fault", code: "chunkOutOfOrder" };
    if (pending.filled + payload.length > pending.vector.length)
      return { type: "fault", code: "vectorTooLong" };
    pending.vector.set(payload, pending.filled);
    pending.filled += payload.length;
    pending.nextIndex += 1;
    return this.#deliverIfWhole(pending);
  }

  #deliverIfWhole(pending: Pending<T>): Taken<T> {
    if (pending.filled < pending.vector.length) return { type: "nothing" };
    this.#pending = null;
    if (!equalBytes(sha256(pending.vector), pending.sha256))
      return { type: "fault", code: "vectorHashMismatch" };
    return { type: "delivery", delivery: { message: pending.message, vector: pending.vector } };
  }
}
