/** EDGE: frames on a socket, whose memory is given back as soon as nobody needs it. */
import type { WebSocket } from "ws";
import { giveBack } from "../base/bytes.ts";

const LONG_BYTES = 64 * 1024;

/** Sends a frame that the caller does not use again. */
export function sendFrame(socket: WebSocket, frame: Uint8Array): void {
  if (frame.length < LONG_BYTES) socket.send(frame);
  else socket.send(frame, () => giveBack(frame));
}

/** To be called when a received chunk's bytes were taken in. */
export function chunkTaken(frame: Uint8Array): void {
  if (frame.length >= LONG_BYTES) giveBack(frame);
}
