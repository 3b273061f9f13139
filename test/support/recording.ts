/** EDGE: a TCP proxy on loopback that records both directions, and readers of the frames in what it recorded. */
import { connect, createServer, type Socket } from "node:net";
import type { z } from "zod";
import { concatBytes } from "../../shared/base/bytes.ts";
import { decode } from "../../shared/protocol/codec.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";

export interface Recording {
  readonly port: number;
  /** Every byte, per connection. */
  readonly connections: readonly { readonly sent: Buffer[]; readonly received: Buffer[] }[];
  close(): Promise<void>;
}

export async function recordingProxy(targetPort: number): Promise<Recording> {
  const connections: { sent: Buffer[]; received: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const record = { sent: [] as Buffer[], received: [] as Buffer[] };
    connections.push(record);
    const far = connect(targetPort, "127.0.0.1");
    for (const [from, to, into] of [
      [near, far, record.sent],
      [far, near, record.received],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk: Buffer) => {
        into.push(chunk);
        to.write(chunk);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the proxy has no port");
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { port: address.port, connections, close };
}

export interface WireParts {
  /** The HTTP upgrade. */
  readonly head: Buffer;
  /** Payloads of all frames, unmasked, in order. */
  readonly frames: Buffer[];
  /** Payloads of binary frames only. */
  readonly binary: Buffer[];
}

/** RFC 6455, section 5.2; messages are not fragmented here (that is checked). */
export function parseWire(chunks: readonly Buffer[]): WireParts {
  const bytes = Buffer.concat(chunks);
  let at = bytes.indexOf("\r\n\r\n") + 4;
  const parts: WireParts = { head: bytes.subarray(0, at), frames: [], binary: [] };
  while (at + 2 <= bytes.length) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    if ((first & 0x80) === 0) throw new Error("a fragmented message");
    at += 2;
    let length = second & 0x7f;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const key = (second & 0x80) !== 0 ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
    if ((second & 0x80) !== 0) at += 4;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i % 4] ?? 0);
    at += length;
    parts.frames.push(payload);
    if ((first & 0x0f) === 2) parts.binary.push(payload);
  }
  return parts;
}

export interface Heard<T> {
  readonly message: T;
  /** What came with the message, or in chunks behind it. */
  readonly vector: Uint8Array;
}

/** The messages of a connection after its handshake, with their vectors. @param binary As `parseWire` gives them. */
export function messagesIn<T>(schema: z.ZodType<T>, binary: readonly Buffer[]): Heard<T>[] {
  const heard: Heard<T>[] = [];
  for (const frame of binary) {
    // Kind (0 acknowledges, 1 control, 2 chunk, 3 control and vector together), sequence number, acknowledgement; a
    // chunk: index, count; together: the length of the control.
    const body = frame.subarray(9);
    const end = frame[0] === 3 ? 4 + body.readUInt32LE(0) : body.length;
    if (frame[0] === 1 || frame[0] === 3) {
      const control = body.subarray(frame[0] === 3 ? 4 : 0, end);
      const decoded = decode(schema, control, LIMITS.controlBytesMax);
      const vector = new Uint8Array(body.subarray(end));
      if (decoded.ok) heard.push({ message: decoded.message, vector });
    }
    const last = heard.at(-1);
    if (frame[0] !== 2 || !last) continue;
    heard[heard.length - 1] = { ...last, vector: concatBytes(last.vector, frame.subarray(17)) };
  }
  return heard;
}
