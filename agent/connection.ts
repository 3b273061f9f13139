/**
 * EDGE: the agent's one connection: authenticates, keeps the session over lost sockets, reconnects with
 * jittered back-off, for ever. Sends `AgentMessage`s and sealed vectors; knows nothing of records.
 */
import type { WebSocket } from "ws";
import { equalBytes, fromHex } from "../shared/base/bytes.ts";
import { randomBytes } from "../shared/base/env.ts";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import { UniformSource } from "../shared/base/uniform.ts";
import { type Identity, verifySignature } from "../shared/crypto/identity.ts";
import { DelayedAck } from "../shared/edge/delayed-ack.ts";
import { chunkTaken, sendFrame } from "../shared/edge/frames.ts";
import { osRng } from "../shared/edge/os.ts";
import { encode } from "../shared/protocol/codec.ts";
import { authStatement, coordinatorStatement } from "../shared/protocol/handshake.ts";
import { type Delivery, Inbox } from "../shared/protocol/inbox.ts";
import { PROTOCOL_VERSION, REPLACED } from "../shared/protocol/limits.ts";
import { type AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import { Session } from "../shared/protocol/session.ts";
import { type Address, dial } from "./link.ts";

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** Nothing heard for so long (the coordinator pings): the path is dead, whatever the socket says. */
const SILENCE_MS = 30_000;

export interface ConnectionOptions extends Address {
  readonly room: string;
  readonly memberId: string;
  readonly identity: Identity;
  /** Pinned on enrolment, hexadecimal. */
  readonly coordinatorKey: string;
  readonly onDelivery: (delivery: Delivery<CoordinatorMessage>) => void;
  readonly onState: (state: "connected" | "lost" | "waiting", detail: string) => void;
  /** The coordinator knows nothing of our old session: what was under way in it is void. */
  readonly onNewSession: () => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #jitter = new UniformSource(osRng);
  #session: Session | null = null;
  #inbox = new Inbox<CoordinatorMessage>(CoordinatorMessage, "whole");
  #socket: WebSocket | null = null;
  #closed = false;
  #bytesSent = 0;
  #bytesReceived = 0;
  readonly #ack = new DelayedAck(() => {
    if (this.#session) this.#transmit(this.#session.acknowledgement());
  });

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Runs until `close`. @throws {CloisterError} Only for what a retry cannot mend (a refusal). */
  async run(): Promise<void> {
    let backoffMs = BACKOFF_FIRST_MS;
    while (!this.#closed) {
      try {
        const { lost } = await this.#connect();
        backoffMs = BACKOFF_FIRST_MS;
        this.#options.onState("connected", this.#options.url);
        await lost;
        this.#options.onState("lost", "connection lost");
      } catch (error) {
        if (
          error instanceof CloisterError &&
          (error.exitCode === EXIT.refused || error.exitCode === EXIT.usage)
        )
          throw error;
        this.#options.onState(
          "waiting",
          error instanceof CloisterError ? error.message : "cannot connect",
        );
      }
      if (this.#closed) return;
      await sleep(backoffMs * (0.5 + this.#jitter.unit()));
      backoffMs = Math.min(2 * backoffMs, BACKOFF_MAX_MS);
    }
  }

  /** Queues a message, and the sealed vector that it announces; sent now, or after the next reconnect. */
  send(message: AgentMessage, sealed: Uint8Array = new Uint8Array()): void {
    const session = this.#session;
    if (!session) return; // No session yet: there is nothing that this could answer.
    for (const frame of session.sendMessage(encode(message), sealed)) this.#transmit(frame);
  }

  /** Payload bytes sent since this object was made, frames of retries included. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close(1000);
  }

  #transmit(frame: Uint8Array): void {
    if (this.#socket?.readyState !== 1) return;
    this.#ack.settled();
    this.#bytesSent += frame.length;
    sendFrame(this.#socket, frame);
  }

  /** Boxed, for a promise inside a promise would be awaited with it. */
  async #connect(): Promise<{ lost: Promise<void> }> {
    const { room, memberId, identity, coordinatorKey } = this.#options;
    const { socket, handshake } = await dial(this.#options);
    try {
      const challenge = await handshake.expect("challenge");
      if (!equalBytes(challenge.coordinatorKey, fromHex(coordinatorKey))) {
        throw new CloisterError(
          "coordinator.impostor",
          "the coordinator's key is not the one pinned on enrolment",
          EXIT.refused,
        );
      }
      const nonces = { coordinator: challenge.nonce, agent: randomBytes(osRng, 32) };
      const signature = identity.sign(
        authStatement(nonces, challenge.coordinatorKey, room, memberId),
      );
      const resume = this.#session && {
        sessionId: this.#session.id,
        received: this.#session.received,
      };
      handshake.send({
        type: "auth",
        version: PROTOCOL_VERSION,
        room,
        memberId,
        nonce: nonces.agent,
        resume,
        signature,
      });
      const welcome = await handshake.expect("welcome");
      if (
        !verifySignature(
          challenge.coordinatorKey,
          coordinatorStatement(nonces, memberId, welcome.sessionId),
          welcome.signature,
        )
      ) {
        throw new CloisterError(
          "coordinator.impostor",
          "the coordinator did not prove its key",
          EXIT.refused,
        );
      }
      return {
        lost: this.#begin(socket, welcome.sessionId, welcome.received, handshake.release()),
      };
    } catch (error) {
      socket.terminate();
      throw error;
    }
  }

  #begin(
    socket: WebSocket,
    sessionId: string,
    received: number | null,
    early: readonly Uint8Array[],
  ): Promise<void> {
    this.#socket = socket;
    if (received === null || this.#session?.id !== sessionId) {
      this.#session = new Session(sessionId);
      this.#inbox = new Inbox<CoordinatorMessage>(CoordinatorMessage, "whole");
      this.#options.onNewSession();
    } else {
      for (const frame of this.#session.replay(received)) this.#transmit(frame);
    }
    const silence = setTimeout(() => socket.terminate(), SILENCE_MS);
    const lost = new Promise<void>((resolve, reject) => {
      socket.on("error", () => socket.terminate());
      socket.once("close", (code) => {
        clearTimeout(silence);
        this.#ack.settled();
        if (this.#socket === socket) this.#socket = null;
        if (code === REPLACED) reject(replaced(this.#options.memberId));
        else resolve();
      });
    });
    socket.on("ping", () => silence.refresh());
    socket.on("message", (data: Buffer) => {
      silence.refresh();
      this.#receive(socket, data);
    });
    for (const frame of early) this.#receive(socket, frame);
    return lost;
  }

  #receive(socket: WebSocket, frame: Uint8Array): void {
    const session = this.#session;
    if (!session || this.#socket !== socket) return;
    this.#bytesReceived += frame.length;
    const received = session.receive(frame);
    const taken = this.#inbox.take(received);
    if (received.type === "chunk") chunkTaken(frame);
    if (received.type !== "nothing" && taken.type !== "fault") this.#ack.received();
    if (taken.type === "delivery") this.#options.onDelivery(taken.delivery);
    if (taken.type !== "fault") return;
    // The stream is broken: drop it whole, and begin a new session.
    this.#session = null;
    socket.close(1002, taken.code);
  }
}

/** Were both to come back, each would end the other's session for ever, and every attempt that breaks off is paid for. */
function replaced(memberId: string): CloisterError {
  return new CloisterError(
    "agent.replaced",
    `another agent has connected as ${memberId}, so this one stops: one agent runs for a member; if you started no other, its key may be stolen`,
    EXIT.refused,
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
