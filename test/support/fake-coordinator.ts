/**
 * EDGE: a coordinator that shakes hands as the real one does, with a key of its own that the agent has
 * pinned, and then sends whatever a test wants.
 */
import { once } from "node:events";
import { type WebSocket, WebSocketServer } from "ws";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { fingerprint, identityFromSecret } from "../../shared/crypto/identity.ts";
import { decode, encode } from "../../shared/protocol/codec.ts";
import {
  AgentHandshake,
  type CoordinatorHandshake,
  coordinatorStatement,
} from "../../shared/protocol/handshake.ts";
import { LIMITS, PROTOCOL_VERSION } from "../../shared/protocol/limits.ts";
import { Session } from "../../shared/protocol/session.ts";
import type { Closing } from "./raw-agent.ts";

/** An agent that has authenticated; nothing was sent to it yet. */
export interface Caller {
  readonly session: Session;
  readonly closed: Promise<Closing>;
  send(...frames: readonly Uint8Array[]): void;
  /** The next binary message from the agent. */
  next(): Promise<Uint8Array>;
}

interface Enrolment {
  identityKey: Uint8Array;
  signature: Uint8Array;
}

export interface FakeCoordinator {
  readonly url: string;
  /** What an invitation would print. */
  readonly token: string;
  readonly publicKey: Uint8Array;
  /** The key and the signature that the agent gave on enrolment. */
  readonly enrolment: Enrolment;
  /** The next agent that connects and authenticates. */
  caller(): Promise<Caller>;
  /** Bytes for the next connection instead of a challenge; it is closed then. */
  readonly greetWith: (bytes: Uint8Array) => void;
  close(): void;
}

/** @param charter The text that is offered on enrolment. */
export async function fakeCoordinator(charter: string, memberId: string): Promise<FakeCoordinator> {
  const identity = identityFromSecret(randomBytes(reproducibleRng("liar"), 32));
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  const callers = queue<Caller>();
  const nonce = randomBytes(reproducibleRng("nonce"), 32);
  const greetings: Uint8Array[] = [];
  const enrolment: Enrolment = { identityKey: new Uint8Array(), signature: new Uint8Array() };
  let sessions = 0;
  server.on("connection", (socket) => {
    const messages = messagesOf(socket);
    const [greeting] = greetings.splice(0, 1);
    if (greeting) {
      socket.send(greeting);
      return socket.close();
    }
    const say = (message: CoordinatorHandshake): void => socket.send(encode(message));
    const { publicKey: coordinatorKey } = identity;
    say({ type: "challenge", version: PROTOCOL_VERSION, nonce, coordinatorKey });
    const answer = async (): Promise<void> => {
      const first = decode(AgentHandshake, await messages.next(), LIMITS.unauthenticatedBytesMax);
      if (!first.ok || first.message.type === "accept") throw new Error("not a handshake");
      const nonces = { coordinator: nonce, agent: first.message.nonce };
      const sign = (subject: string): Uint8Array =>
        identity.sign(coordinatorStatement(nonces, memberId, subject));
      if (first.message.type === "enrol") {
        say({ type: "offer", memberId, charter, signature: sign(charter) });
        const last = decode(AgentHandshake, await messages.next(), LIMITS.unauthenticatedBytesMax);
        enrolment.identityKey = first.message.identityKey;
        if (last.ok && last.message.type === "accept") enrolment.signature = last.message.signature;
        return say({ type: "enrolled" });
      }
      const sessionId = `session-${++sessions}`;
      say({ type: "welcome", sessionId, received: null, signature: sign(sessionId) });
      callers.add({
        session: new Session(sessionId),
        closed: closingOf(socket),
        send: (...frames) => {
          for (const frame of frames) socket.send(frame);
        },
        next: messages.next,
      });
    };
    void answer();
  });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `ws://127.0.0.1:${port}`,
    token: `${"x".repeat(32)}.${fingerprint(identity.publicKey)}`,
    publicKey: identity.publicKey,
    enrolment,
    caller: callers.next,
    greetWith: (bytes) => greetings.push(bytes),
    close: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

async function closingOf(socket: WebSocket): Promise<Closing> {
  const [code, reason] = (await once(socket, "close")) as unknown[];
  return { code: Number(code), reason: String(reason) };
}

function messagesOf(socket: WebSocket): { next(): Promise<Uint8Array> } {
  const messages = queue<Uint8Array>();
  socket.on("error", () => undefined);
  socket.on("message", (data: Buffer) => messages.add(new Uint8Array(data)));
  return messages;
}

/** What comes, for whoever waits: in order, none lost. */
function queue<T>(): { add(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    add(item) {
      const first = waiting.shift();
      if (first) first(item);
      else items.push(item);
    },
    next: () =>
      new Promise((resolve) => {
        const [item] = items.splice(0, 1);
        if (item !== undefined) resolve(item);
        else waiting.push(resolve);
      }),
  };
}
