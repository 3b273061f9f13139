/** EDGE: a member's end of the network as the coordinator holds it: one session over however many sockets. */
import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import { DelayedAck } from "../shared/edge/delayed-ack.ts";
import { sendFrame } from "../shared/edge/frames.ts";
import { Inbox } from "../shared/protocol/inbox.ts";
import { AgentMessage } from "../shared/protocol/messages.ts";
import { Session } from "../shared/protocol/session.ts";

export interface MemberAddress {
  readonly room: string;
  readonly memberId: string;
}

export interface Peer {
  readonly member: MemberAddress;
  readonly session: Session;
  readonly inbox: Inbox<AgentMessage>;
  readonly ack: DelayedAck;
  socket: WebSocket | null;
  /** Pings since it was last heard. */
  unanswered: number;
}

export const keyOf = ({ room, memberId }: MemberAddress): string => `${room}/${memberId}`;

export function newPeer(member: MemberAddress): Peer {
  const session = new Session(randomUUID());
  const ack = new DelayedAck(() => transmit(peer, session.acknowledgement()));
  const inbox = new Inbox<AgentMessage>(AgentMessage, "parts");
  const peer: Peer = { member, session, inbox, ack, socket: null, unanswered: 0 };
  return peer;
}

export function transmit(peer: Peer, frame: Uint8Array): void {
  if (peer.socket?.readyState !== 1) return;
  peer.ack.settled();
  sendFrame(peer.socket, frame);
}
