/**
 * The virtual wire between one agent and the coordinator: connections that break and come back, real
 * sessions that survive them, real frames and real parsing. Behaves as `agent/connection.ts` and
 * `coordinator/gateway.ts` do between them, handshake left out.
 */
import { encode } from "../../shared/protocol/codec.ts";
import { type Delivery, Inbox, type Taken } from "../../shared/protocol/inbox.ts";
import { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { Session } from "../../shared/protocol/session.ts";
import type { Conditions } from "./conditions.ts";
import type { VirtualTime } from "./virtual-time.ts";

const BACKOFF_MS = 40;
const NOTICE_MS = 15;
const ACK_MS = 25;
const KEPT_FRAMES = 6;

/** The agent's side of the wire. */
export interface AgentSide {
  onDelivery(delivery: Delivery<CoordinatorMessage>): void;
  onNewSession(): void;
}

/** The coordinator's side of the wires. */
export interface GatewaySide {
  onConnected(memberId: string, resumed: boolean): void;
  onDisconnected(memberId: string): void;
  onDelivery(memberId: string, delivery: Delivery<AgentMessage>): void;
  onPart(memberId: string, message: AgentMessage, bytes: Uint8Array): void;
}

interface Socket {
  open: boolean;
  readonly lastArrivalMs: { agent: number; gateway: number };
  readonly sent: { agent: Uint8Array[]; gateway: Uint8Array[] };
}
interface End<T extends AgentMessage | CoordinatorMessage> {
  readonly session: Session;
  readonly inbox: Inbox<T>;
  ackDue: boolean;
}
type Side = "agent" | "gateway";

export interface LinkParams {
  readonly memberId: string;
  readonly time: VirtualTime;
  readonly conditions: () => Conditions;
  readonly trace: (text: string) => void;
}

export class VirtualLink {
  readonly #params: LinkParams;
  #agent: AgentSide | null = null;
  #gateway: GatewaySide | null = null;
  #agentEnd: End<CoordinatorMessage> | null = null;
  #gatewayEnd: End<AgentMessage> | null = null;
  #agentSocket: Socket | null = null;
  #gatewaySocket: Socket | null = null;
  #sessions = 0;
  #dials = 0;
  #vectors = 0;

  constructor(params: LinkParams) {
    this.#params = params;
  }

  get isConnected(): boolean {
    return this.#gatewaySocket !== null;
  }

  /** A process starts, or ends and forgets all that it had in memory. */
  setAgent(agent: AgentSide | null): void {
    this.#agent = agent;
    this.#agentEnd = null;
    this.#cut(this.#agentSocket);
    this.#agentSocket = null;
    if (agent) this.#dial();
  }

  setGateway(gateway: GatewaySide | null): void {
    this.#gateway = gateway;
    this.#gatewayEnd = null;
    this.#cut(this.#gatewaySocket);
    this.#gatewaySocket = null;
  }

  agentSend(message: AgentMessage, vector: Uint8Array = new Uint8Array()): void {
    this.#sendFrom("agent", this.#agentEnd, message, vector);
  }

  gatewaySend(message: CoordinatorMessage, vector: Uint8Array = new Uint8Array()): void {
    this.#sendFrom("gateway", this.#gatewayEnd, message, vector);
  }

  /** The connection is gone; both ends notice a little later. */
  breakConnection(): void {
    this.#cut(this.#agentSocket ?? this.#gatewaySocket);
  }

  #sendFrom<T extends AgentMessage | CoordinatorMessage>(
    side: Side,
    end: End<T> | null,
    message: object,
    vector: Uint8Array,
  ): void {
    if (!end) return;
    for (const frame of this.#framesOf(end.session, encode(message), vector))
      this.#transmit(side, frame);
  }

  /** By turns as short vectors travel, with their message, and as long ones do, in frames of their own. */
  #framesOf(session: Session, body: Uint8Array, vector: Uint8Array): Uint8Array[] {
    if (vector.length > 0) this.#vectors += 1;
    if (this.#vectors % 2 === 0) return session.sendMessage(body, vector);
    return [session.sendControl(body), ...session.sendVector(vector)];
  }

  #dial(): void {
    this.#dials += 1;
    const dial = this.#dials;
    const { memberId, time, conditions } = this.#params;
    const delayMs = BACKOFF_MS + 2 * conditions().delayMs(memberId);
    time.after(delayMs, () => {
      if (dial !== this.#dials || !this.#agent) return;
      if (this.#gateway && conditions().isReachable(memberId)) this.#connect();
      else this.#dial();
    });
  }

  #connect(): void {
    const { memberId, trace } = this.#params;
    const known = this.#gatewayEnd;
    const resumed = known !== null && known.session.id === this.#agentEnd?.session.id;
    this.#cut(this.#gatewaySocket); // An old one that nobody has missed yet.
    const lastArrivalMs = { agent: 0, gateway: 0 };
    const socket: Socket = { open: true, lastArrivalMs, sent: { agent: [], gateway: [] } };
    this.#agentSocket = socket;
    this.#gatewaySocket = socket;
    trace(resumed ? "connects again, session resumed" : "connects, new session");
    if (!resumed || !this.#agentEnd || !known) {
      this.#sessions += 1;
      const id = `${memberId}/${this.#sessions}`;
      this.#gatewayEnd = newEnd<AgentMessage>(id, new Inbox<AgentMessage>(AgentMessage, "parts"));
      const inbox = new Inbox<CoordinatorMessage>(CoordinatorMessage, "whole");
      this.#agentEnd = newEnd<CoordinatorMessage>(id, inbox);
      this.#agent?.onNewSession();
    } else {
      const { received } = this.#agentEnd.session;
      for (const frame of this.#agentEnd.session.replay(known.session.received))
        this.#transmit("agent", frame);
      for (const frame of known.session.replay(received)) this.#transmit("gateway", frame);
    }
    this.#gateway?.onConnected(memberId, resumed);
  }

  #transmit(from: Side, frame: Uint8Array): void {
    const socket = from === "agent" ? this.#agentSocket : this.#gatewaySocket;
    const end = from === "agent" ? this.#agentEnd : this.#gatewayEnd;
    if (!socket?.open) return;
    if (end) end.ackDue = false;
    const { memberId, time, conditions } = this.#params;
    const now = conditions();
    const fault = now.frameFault(memberId);
    const earliestMs = time.nowMs() + now.delayMs(memberId);
    if (fault) this.#params.trace(`${from === "agent" ? "to" : "from"} coordinator: ${fault}`);
    if (fault === "loss") return time.at(earliestMs, () => this.#cut(socket));
    if (fault === "late") return this.#arriveAt(earliestMs + 30, from, socket, frame);
    const atMs = Math.max(socket.lastArrivalMs[from], earliestMs);
    socket.lastArrivalMs[from] = atMs;
    this.#arriveAt(atMs, from, socket, frame);
    if (fault === "duplicate") this.#arriveAt(atMs, from, socket, frame);
    if (fault === "garbage") this.#arriveAt(atMs, from, socket, now.garbage());
    const sent = socket.sent[from];
    if (fault === "replay") this.#arriveAt(atMs, from, socket, sent[0] ?? frame);
    sent.push(frame);
    if (sent.length > KEPT_FRAMES) sent.shift();
  }

  #arriveAt(atMs: number, from: Side, socket: Socket, frame: Uint8Array): void {
    this.#params.time.at(atMs, () => {
      if (!socket.open) return;
      if (from === "agent") this.#atGateway(socket, frame);
      else this.#atAgent(socket, frame);
    });
  }

  #atAgent(socket: Socket, frame: Uint8Array): void {
    const end = this.#agentEnd;
    if (!end || this.#agentSocket !== socket) return;
    const taken = this.#take("agent", end, frame);
    if (taken.type === "delivery") this.#agent?.onDelivery(taken.delivery);
    if (taken.type !== "fault") return;
    this.#params.trace(`drops its session: ${taken.code}`);
    this.#agentEnd = null;
    this.#cut(socket);
  }

  #atGateway(socket: Socket, frame: Uint8Array): void {
    const end = this.#gatewayEnd;
    const { memberId } = this.#params;
    if (!end || this.#gatewaySocket !== socket) return;
    const taken = this.#take("gateway", end, frame);
    if (taken.type === "delivery") {
      const { message, vector } = taken.delivery;
      this.#gateway?.onDelivery(memberId, { message, vector: new Uint8Array() });
      if (vector.length > 0) this.#gateway?.onPart(memberId, message, vector);
    }
    if (taken.type === "part") this.#gateway?.onPart(memberId, taken.message, taken.bytes);
    if (taken.type !== "fault") return;
    this.#params.trace(`the coordinator drops the session: ${taken.code}`);
    this.#gatewayEnd = null;
    this.#gatewaySocket = null;
    this.#cut(socket);
    this.#gateway?.onDisconnected(memberId);
  }

  #take<T extends AgentMessage | CoordinatorMessage>(
    side: Side,
    end: End<T>,
    frame: Uint8Array,
  ): Taken<T> {
    const received = end.session.receive(frame);
    const taken = end.inbox.take(received);
    if (received.type === "nothing" || taken.type === "fault" || end.ackDue) return taken;
    end.ackDue = true;
    this.#params.time.after(ACK_MS, () => {
      const current = side === "agent" ? this.#agentEnd : this.#gatewayEnd;
      if (current?.session === end.session && end.ackDue)
        this.#transmit(side, end.session.acknowledgement());
      end.ackDue = false;
    });
    return taken;
  }

  #cut(socket: Socket | null): void {
    if (!socket?.open) return;
    socket.open = false;
    const { memberId, time } = this.#params;
    time.after(NOTICE_MS, () => {
      if (this.#agentSocket === socket) {
        this.#agentSocket = null;
        this.#params.trace("connection lost");
        if (this.#agent) this.#dial();
      }
      if (this.#gatewaySocket === socket) {
        this.#gatewaySocket = null;
        this.#gateway?.onDisconnected(memberId);
      }
    });
  }
}

function newEnd<T extends AgentMessage | CoordinatorMessage>(id: string, inbox: Inbox<T>): End<T> {
  return { session: new Session(id), inbox, ackDue: false };
}
