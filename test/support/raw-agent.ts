/**
 * EDGE: an agent that has proved who it is and then sends whatever a test wants: the real handshake, and
 * no agent behind it.
 */
import { once } from "node:events";
import { WebSocket } from "ws";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { decode, encode } from "../../shared/protocol/codec.ts";
import {
  type AgentHandshake,
  authStatement,
  CoordinatorHandshake,
  enrolmentStatement,
} from "../../shared/protocol/handshake.ts";
import { LIMITS, PROTOCOL_VERSION } from "../../shared/protocol/limits.ts";
import { Session } from "../../shared/protocol/session.ts";

/** How a connection ended. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export interface RawConnection {
  /** Frames of its own session, to be sent as they are or spoilt. */
  readonly session: Session;
  readonly closed: Promise<Closing>;
  send(...frames: readonly Uint8Array[]): void;
  /** Breaks off without a closing handshake. */
  terminate(): void;
}

type Said<T extends CoordinatorHandshake["type"]> = Extract<CoordinatorHandshake, { type: T }>;

export class RawAgent {
  readonly #url: string;
  readonly #identity: Identity;
  readonly #room: string;
  readonly memberId: string;

  private constructor(url: string, identity: Identity, room: string, memberId: string) {
    this.#url = url;
    this.#identity = identity;
    this.#room = room;
    this.memberId = memberId;
  }

  /** @param token As `room invite` prints it. */
  static async enrol(url: string, token: string): Promise<RawAgent> {
    const identity = identityFromSecret(randomBytes(reproducibleRng(token), 32));
    const line = await Line.open(url);
    await line.expect("challenge");
    const [secret = ""] = token.split(".");
    const nonce = randomBytes(reproducibleRng(url), 32);
    const { publicKey: identityKey } = identity;
    line.say({ type: "enrol", version: PROTOCOL_VERSION, token: secret, identityKey, nonce });
    const { memberId, charter: text } = await line.expect("offer");
    const charter = Charter.parse(JSON.parse(text));
    const statement = enrolmentStatement(charterHash(charter), memberId, identityKey);
    line.say({ type: "accept", signature: identity.sign(statement) });
    await line.expect("enrolled");
    line.socket.terminate();
    return new RawAgent(url, identity, charter.room, memberId);
  }

  /** Authenticates; a new session every time. */
  async connect(): Promise<RawConnection> {
    const line = await Line.open(this.#url);
    const { socket } = line;
    const { nonce: theirs, coordinatorKey } = await line.expect("challenge");
    const nonce = randomBytes(reproducibleRng("agent"), 32);
    const room = this.#room;
    const { memberId } = this;
    const nonces = { coordinator: theirs, agent: nonce };
    const signature = this.#identity.sign(authStatement(nonces, coordinatorKey, room, memberId));
    const version = PROTOCOL_VERSION;
    line.say({ type: "auth", version, room, memberId, nonce, resume: null, signature });
    const { sessionId } = await line.expect("welcome");
    const closed = once(socket, "close").then(
      ([code, reason]: unknown[]): Closing => ({ code: Number(code), reason: String(reason) }),
    );
    return {
      session: new Session(sessionId),
      closed,
      send: (...frames) => {
        for (const frame of frames) socket.send(frame);
      },
      terminate: () => socket.terminate(),
    };
  }
}

/** A socket's messages, one after the other. */
class Line {
  readonly socket: WebSocket;
  readonly #inbox: Uint8Array[] = [];
  #wake = (): void => undefined;

  private constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    this.socket.on("error", () => undefined).on("close", () => this.#wake());
    this.socket.on("message", (data: Buffer) => {
      this.#inbox.push(new Uint8Array(data));
      this.#wake();
    });
  }

  static async open(url: string): Promise<Line> {
    const line = new Line(url);
    await once(line.socket, "open");
    return line;
  }

  say(message: AgentHandshake): void {
    this.socket.send(encode(message));
  }

  async expect<T extends CoordinatorHandshake["type"]>(type: T): Promise<Said<T>> {
    while (this.#inbox.length === 0 && this.socket.readyState === 1) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const bytes = this.#inbox.shift() ?? new Uint8Array();
    const decoded = decode(CoordinatorHandshake, bytes, LIMITS.controlBytesMax);
    if (decoded.ok && is(decoded.message, type)) return decoded.message;
    throw new Error(`expected ${type}, got ${decoded.ok ? decoded.message.type : decoded.code}`);
  }
}

const is = <T extends CoordinatorHandshake["type"]>(
  message: CoordinatorHandshake,
  type: T,
): message is Said<T> => message.type === type;
