/**
 * EDGE: the agents' end of the network: upgrades, authenticates, keeps sessions over lost sockets.
 * Holds no decision about rooms or rounds; it asks, and hands messages on.
 */
import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { randomBytes } from "../shared/base/env.ts";
import { type Identity, verifySignature } from "../shared/crypto/identity.ts";
import { chunkTaken } from "../shared/edge/frames.ts";
import { osRng } from "../shared/edge/os.ts";
import { decode, encode } from "../shared/protocol/codec.ts";
import {
  AgentHandshake,
  authStatement,
  type CoordinatorHandshake,
  coordinatorStatement,
  enrolmentStatement,
  type Nonces,
} from "../shared/protocol/handshake.ts";
import type { Delivery } from "../shared/protocol/inbox.ts";
import { LIMITS, PROTOCOL_VERSION, REPLACED } from "../shared/protocol/limits.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import { FRAME_BYTES_MAX } from "../shared/protocol/session.ts";
import { keyOf, type MemberAddress, newPeer, type Peer, transmit } from "./peer.ts";

const HANDSHAKE_MS = 20_000;
/** With a good token: time for the agent to check its data against the charter. */
const ENROLMENT_MS = 30 * 60_000;
const PING_MS = 10_000;
/** What is kept to be sent again to one peer. */
const UNACKNOWLEDGED_BYTES_MAX = 1024 * 1024 * 1024;
/** A reader this far behind is dropped; it may come back and resume. */
const BUFFERED_BYTES_MAX = 512 * 1024 * 1024;
const NONE = new Uint8Array();

export interface GatewayOptions {
  readonly identity: Identity;
  /** The enrolled identity key, or null. */
  readonly identityKeyOf: (member: MemberAddress) => Uint8Array | null;
  /** What a token is good for, and the charter to sign; a string is the reason to deny. */
  readonly offer: (
    token: string,
    identityKey: Uint8Array,
  ) =>
    | { readonly member: MemberAddress; readonly charter: string; readonly charterHash: string }
    | string;
  readonly enrol: (
    token: string,
    member: MemberAddress,
    identityKey: Uint8Array,
    signature: Uint8Array,
  ) => boolean;
  readonly onConnected: (member: MemberAddress, resumed: boolean) => void;
  readonly onDisconnected: (member: MemberAddress) => void;
  readonly onDelivery: (member: MemberAddress, delivery: Delivery<AgentMessage>) => void;
  /** A part of the vector that a delivered message announced. */
  readonly onPart: (member: MemberAddress, message: AgentMessage, bytes: Uint8Array) => void;
  /** A peer's fault, by code. */
  readonly onFault: (member: MemberAddress | null, code: string) => void;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #sockets: WebSocketServer;
  readonly #pings: NodeJS.Timeout;

  constructor(server: Server, options: GatewayOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: FRAME_BYTES_MAX,
    });
    server.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#greet(webSocket));
    });
    this.#pings = setInterval(() => this.#pingAll(), PING_MS);
  }

  /** The same to every member of a room that has a session; encoded once. */
  send(
    room: string,
    memberIds: readonly string[],
    message: CoordinatorMessage,
    vector: Uint8Array = NONE,
  ): void {
    const body = encode(message);
    for (const memberId of memberIds) {
      const peer = this.#peers.get(keyOf({ room, memberId }));
      if (!peer) continue;
      for (const frame of peer.session.sendMessage(body, vector)) transmit(peer, frame);
    }
  }

  /** The key that began the member's session is none any more: it may begin another with the new one. */
  end(member: MemberAddress): void {
    const peer = this.#peers.get(keyOf(member));
    if (peer) this.#drop(peer, peer.socket, "keyGone");
  }

  isConnected(member: MemberAddress): boolean {
    return this.#peers.get(keyOf(member))?.socket != null;
  }

  close(): void {
    clearInterval(this.#pings);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  /** A peer that let two pings pass unanswered is gone, whatever its socket says. */
  #pingAll(): void {
    for (const peer of this.#peers.values()) {
      const { socket, session } = peer;
      if (session.unacknowledgedBytes > UNACKNOWLEDGED_BYTES_MAX) this.#forget(peer);
      if (!socket) continue;
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX || peer.unanswered >= 2) socket.terminate();
      else socket.ping();
      // While bytes for it wait, so does the ping behind them.
      if (socket.bufferedAmount === 0) peer.unanswered += 1;
    }
  }

  /** It acknowledges nothing, or has been away too long: its session ends, and it may begin another. */
  #forget(peer: Peer): void {
    this.#peers.delete(keyOf(peer.member));
    peer.socket?.terminate();
    this.#options.onFault(peer.member, "unacknowledged");
  }

  /** Challenge first; what comes back decides between a session and an enrolment. */
  #greet(socket: WebSocket): void {
    const nonce = randomBytes(osRng, 32);
    const timer = setTimeout(() => socket.terminate(), HANDSHAKE_MS);
    const say = (message: CoordinatorHandshake): void => socket.send(encode(message));
    const deny = (code: string, message: string): void => {
      say({ type: "denied", code, message });
      socket.close(1008, code);
      this.#options.onFault(null, code);
    };
    socket.on("error", () => socket.terminate());
    socket.once("close", () => clearTimeout(timer));
    say({
      type: "challenge",
      version: PROTOCOL_VERSION,
      nonce,
      coordinatorKey: this.#options.identity.publicKey,
    });
    socket.once("message", (data: Buffer) => {
      const decoded = decode(AgentHandshake, new Uint8Array(data), LIMITS.unauthenticatedBytesMax);
      if (!decoded.ok)
        return deny(decoded.code, "the first message is not one that this coordinator knows");
      const { message } = decoded;
      if (message.type === "accept") return deny("wrongPhase", "nothing was offered yet");
      if (message.version !== PROTOCOL_VERSION)
        return deny(
          "version",
          `this coordinator speaks protocol ${PROTOCOL_VERSION}; update the agent or the coordinator`,
        );
      const nonces = { coordinator: nonce, agent: message.nonce };
      clearTimeout(timer);
      if (message.type === "enrol") return this.#enrol(socket, message, nonces, say, deny);
      this.#authenticate(socket, message, nonces, say, deny);
    });
  }

  #enrol(
    socket: WebSocket,
    { token, identityKey }: Extract<AgentHandshake, { type: "enrol" }>,
    nonces: Nonces,
    say: (message: CoordinatorHandshake) => void,
    deny: (code: string, message: string) => void,
  ): void {
    const offered = this.#options.offer(token, identityKey);
    if (typeof offered === "string")
      return deny("token", `the token ${offered}; ask for a new one ("cloister room invite")`);
    const { member, charter, charterHash } = offered;
    const timer = setTimeout(() => socket.terminate(), ENROLMENT_MS);
    socket.once("close", () => clearTimeout(timer));
    const signature = this.#options.identity.sign(
      coordinatorStatement(nonces, member.memberId, charter),
    );
    say({ type: "offer", memberId: member.memberId, charter, signature });
    socket.once("message", (data: Buffer) => {
      const decoded = decode(AgentHandshake, new Uint8Array(data), LIMITS.unauthenticatedBytesMax);
      if (!decoded.ok || decoded.message.type !== "accept")
        return deny("wrongPhase", "expected the signature under the charter");
      const statement = enrolmentStatement(charterHash, member.memberId, identityKey);
      if (!verifySignature(identityKey, statement, decoded.message.signature))
        return deny("badSignature", "the signature under the charter does not hold");
      if (!this.#options.enrol(token, member, identityKey, decoded.message.signature))
        return deny(
          "token",
          "the token was used already, or the key was revoked: ask for a new one, and enrol in a new folder",
        );
      say({ type: "enrolled" });
      socket.close(1000);
    });
  }

  #authenticate(
    socket: WebSocket,
    message: Extract<AgentHandshake, { type: "auth" }>,
    nonces: Nonces,
    say: (message: CoordinatorHandshake) => void,
    deny: (code: string, message: string) => void,
  ): void {
    const member = { room: message.room, memberId: message.memberId };
    const identityKey = this.#options.identityKeyOf(member);
    const statement = authStatement(
      nonces,
      this.#options.identity.publicKey,
      member.room,
      member.memberId,
    );
    if (!identityKey || !verifySignature(identityKey, statement, message.signature)) {
      return deny(
        "notEnrolled",
        'this identity is not enrolled in the room; run "cloister agent init" with a new token',
      );
    }
    const known = this.#peers.get(keyOf(member));
    const resumed = known !== undefined && message.resume?.sessionId === known.session.id;
    const peer = resumed ? known : newPeer(member);
    const replaced = known?.socket;
    if (known) known.socket = null; // Its end is not the member's: the member is here.
    // A lost connection is taken up again; who begins anew while another one listens is a second agent.
    if (resumed) replaced?.terminate();
    else replaced?.close(REPLACED, "replaced");
    this.#peers.set(keyOf(member), peer);
    peer.socket = socket;
    peer.unanswered = 0;
    socket.on("pong", () => {
      peer.unanswered = 0;
    });
    const signature = this.#options.identity.sign(
      coordinatorStatement(nonces, member.memberId, peer.session.id),
    );
    say({
      type: "welcome",
      sessionId: peer.session.id,
      received: resumed ? peer.session.received : null,
      signature,
    });
    if (resumed)
      for (const frame of peer.session.replay(message.resume?.received ?? 0)) transmit(peer, frame);
    socket.on("message", (data: Buffer) => this.#receive(peer, socket, data));
    socket.on("error", (error) => {
      const code = frameFault(error);
      if (code && peer.socket === socket) this.#fault(peer, socket, code);
    });
    socket.once("close", () => {
      if (peer.socket !== socket) return;
      peer.socket = null;
      peer.ack.settled();
      this.#options.onDisconnected(member);
    });
    this.#options.onConnected(member, resumed);
  }

  #receive(peer: Peer, socket: WebSocket, frame: Uint8Array): void {
    if (peer.socket !== socket) return;
    peer.unanswered = 0; // Its pong may be behind a long vector on a slow line.
    const received = peer.session.receive(frame);
    const taken = peer.inbox.take(received);
    if (received.type !== "nothing" && taken.type !== "fault") peer.ack.received();
    if (taken.type === "delivery") this.#deliver(peer, taken.delivery);
    if (taken.type === "part") this.#options.onPart(peer.member, taken.message, taken.bytes);
    if (taken.type === "fault") this.#fault(peer, socket, taken.code);
    if (received.type === "chunk") chunkTaken(frame);
  }

  /** A vector that came along is one part. */
  #deliver({ member }: Peer, { message, vector }: Delivery<AgentMessage>): void {
    this.#options.onDelivery(member, { message, vector: NONE });
    if (vector.length > 0) this.#options.onPart(member, message, vector);
  }

  /** The stream is broken: it is dropped whole, and the member may begin a new session. */
  #fault(peer: Peer, socket: WebSocket, code: string): void {
    this.#options.onFault(peer.member, code);
    this.#drop(peer, socket, code);
  }

  #drop(peer: Peer, socket: WebSocket | null, code: string): void {
    this.#peers.delete(keyOf(peer.member));
    peer.socket = null;
    socket?.close(1002, code);
    this.#options.onDisconnected(peer.member);
  }
}

/** What the WebSocket layer itself holds against a peer; null where the network is at fault. */
function frameFault(error: Error & { readonly code?: unknown }): string | null {
  const code = String(error.code ?? "");
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "frameTooLarge";
  return code.startsWith("WS_ERR_") ? "badFrame" : null;
}
