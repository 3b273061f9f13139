/** Joins a message to the vector that follows it, whole and checked, or hands its parts on as they come. Pure. */
import type { z } from "zod";
import { equalBytes } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import { decode } from "./codec.ts";
import { LIMITS } from "./limits.ts";
import { type AgentMessage, type CoordinatorMessage, vectorHeader } from "./messages.ts";
import type { Received } from "./session.ts";

export interface Delivery<T> {
  readonly message: T;
  /** Empty where the message announces none, or its parts follow; unchecked where parts are handed on. */
  readonly vector: Uint8Array;
}

export type Taken<T> =
  | { readonly type: "delivery"; readonly delivery: Delivery<T> }
  /** A part of the vector that `message` announced; whoever takes parts checks the hash of the whole. */
  | { readonly type: "part"; readonly message: T; readonly bytes: Uint8Array }
  | { readonly type: "nothing" }
  | { readonly type: "fault"; readonly code: string };

interface Pending<T> {
  readonly message: T;
  readonly byteLength: number;
  readonly sha256: Uint8Array;
  /** Null where parts are handed on. */
  readonly vector: Uint8Array | null;
  filled: number;
  nextIndex: number;
}

/** Takes a session's frames in order and yields messages. One vector at a time is under way. */
export class Inbox<T extends AgentMessage | CoordinatorMessage> {
  readonly #schema: z.ZodType<T>;
  readonly #vectors: "whole" | "parts";
  #pending: Pending<T> | null = null;

  constructor(schema: z.ZodType<T>, vectors: "whole" | "parts") {
    this.#schema = schema;
    this.#vectors = vectors;
  }

  take(received: Received): Taken<T> {
    switch (received.type) {
      case "nothing":
        return received;
      case "fault":
        return received;
      case "control":
        return this.#takeControl(received.body);
      case "together":
        return this.#takeTogether(received.body, received.vector);
      case "chunk":
        return this.#takeChunk(received.index, received.payload);
    }
  }

  #takeControl(body: Uint8Array): Taken<T> {
    if (this.#pending) return { type: "fault", code: "vectorIncomplete" };
    const decoded = decode(this.#schema, body, LIMITS.controlBytesMax);
    if (!decoded.ok) return { type: "fault", code: decoded.code };
    const { message } = decoded;
    const header = vectorHeader(message);
    const delivery = { message, vector: new Uint8Array() };
    if (!header) return { type: "delivery", delivery };
    const { byteLength, sha256: hash } = header;
    const vector = this.#vectors === "whole" ? new Uint8Array(byteLength) : null;
    const pending = { message, byteLength, sha256: hash, vector, filled: 0, nextIndex: 0 };
    if (!vector) {
      this.#pending = byteLength > 0 ? pending : null;
      return { type: "delivery", delivery };
    }
    this.#pending = pending;
    return byteLength > 0 ? { type: "nothing" } : this.#deliver(pending, vector);
  }

  /** No more is made of it than of a vector in chunks: it is as long as announced, and has the hash. */
  #takeTogether(body: Uint8Array, vector: Uint8Array): Taken<T> {
    if (this.#pending) return { type: "fault", code: "vectorIncomplete" };
    const decoded = decode(this.#schema, body, LIMITS.controlBytesMax);
    if (!decoded.ok) return { type: "fault", code: decoded.code };
    const { message } = decoded;
    const header = vectorHeader(message);
    if (!header) return { type: "fault", code: "unexpectedChunk" };
    const { byteLength, sha256: hash } = header;
    if (vector.length > byteLength) return { type: "fault", code: "vectorTooLong" };
    if (vector.length < byteLength) return { type: "fault", code: "vectorIncomplete" };
    if (this.#vectors === "whole" && !equalBytes(sha256(vector), hash))
      return { type: "fault", code: "vectorHashMismatch" };
    return { type: "delivery", delivery: { message, vector } };
  }

  #takeChunk(index: number, payload: Uint8Array): Taken<T> {
    const pending = this.#pending;
    if (!pending) return { type: "fault", code: "unexpectedChunk" };
    if (index !== pending.nextIndex) return { type: "fault", code: "chunkOutOfOrder" };
    if (pending.filled + payload.length > pending.byteLength)
      return { type: "fault", code: "vectorTooLong" };
    pending.vector?.set(payload, pending.filled);
    pending.filled += payload.length;
    pending.nextIndex += 1;
    const whole = pending.filled === pending.byteLength;
    if (!pending.vector) {
      if (whole) this.#pending = null;
      return { type: "part", message: pending.message, bytes: payload };
    }
    return whole ? this.#deliver(pending, pending.vector) : { type: "nothing" };
  }

  #deliver({ message, sha256: hash }: Pending<T>, vector: Uint8Array): Taken<T> {
    this.#pending = null;
    if (!equalBytes(sha256(vector), hash)) return { type: "fault", code: "vectorHashMismatch" };
    return { type: "delivery", delivery: { message, vector } };
  }
}
