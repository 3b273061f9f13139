/** EDGE: one WebSocket to the coordinator, up to the end of the handshake. Outbound only. */
import { WebSocket } from "ws";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import { readSmallFile } from "../shared/edge/files.ts";
import { decode, encode } from "../shared/protocol/codec.ts";
import { type AgentHandshake, CoordinatorHandshake } from "../shared/protocol/handshake.ts";
import { LIMITS } from "../shared/protocol/limits.ts";
import { FRAME_BYTES_MAX } from "../shared/protocol/session.ts";

const HANDSHAKE_MS = 20_000;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

export interface Address {
  readonly url: string;
  /** PEM file of the authority that signed the coordinator's certificate, if it is not a public one. */
  readonly caPath?: string | undefined;
  /** Allow ws:// to somewhere else than this machine. */
  readonly allowPlain?: boolean | undefined;
}

/** @throws {CloisterError} If the address would send in the clear over a network. */
export function checkAddress({ url, allowPlain }: Address): void {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new CloisterError(
      "link.bad-url",
      `${url}: not an address; expected wss://host:port`,
      EXIT.usage,
      cause,
    );
  }
  const loopback = LOOPBACK.includes(parsed.hostname);
  if (parsed.protocol === "wss:" || (parsed.protocol === "ws:" && (loopback || allowPlain))) return;
  if (parsed.protocol !== "ws:") {
    const expected = "expected wss://host:port (ws:// on this machine)";
    throw new CloisterError("link.bad-url", `${url}: not an address; ${expected}`, EXIT.usage);
  }
  throw new CloisterError(
    "link.plain",
    `${url}: refused, not encrypted; use wss:// (or --allow-plain on a network that you trust)`,
    EXIT.usage,
  );
}

/** An open socket whose every message, from the first, goes to the handshake. */
export interface Dialled {
  readonly socket: WebSocket;
  readonly handshake: Handshake;
}

/** Connects, or rejects with one line. */
export function dial(address: Address): Promise<Dialled> {
  checkAddress(address);
  // Masking guards proxies on the way against being made to cache what a page sends. Inside TLS and on this
  // machine there are none, and it would cost as much as twenty masks of ours.
  const { protocol, hostname } = new URL(address.url);
  const unmasked = protocol === "wss:" || LOOPBACK.includes(hostname);
  const ca = address.caPath === undefined ? {} : { ca: readSmallFile(address.caPath) };
  const socket = new WebSocket(address.url, {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: HANDSHAKE_MS,
    ...(unmasked ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
    ...ca,
  });
  const handshake = new Handshake(socket); // Listens from now on: the challenge may come with the opening.
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve({ socket, handshake }));
    socket.once("error", (cause) => {
      reject(
        new CloisterError(
          "link.unreachable",
          `${address.url}: ${unreachable(cause)}`,
          EXIT.unreachable,
          cause,
        ),
      );
    });
  });
}

/** By Node's and OpenSSL's codes; `ws` gives none where something answers that is no coordinator. */
function unreachable(cause: Error): string {
  const code = "code" in cause ? String(cause.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return "the coordinator cannot be reached: nothing listens there; is it running, and is the port right?";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the coordinator cannot be reached: the host's name is not known; check the address";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "EPROTO":
      return "what answers there does not speak TLS; check the port, or a proxy on the way";
    case "CERT_HAS_EXPIRED":
      return "the coordinator's certificate has expired (or this machine's clock is wrong)";
    case "CERT_NOT_YET_VALID":
      return "the coordinator's certificate is not valid yet; check this machine's clock";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "the coordinator's certificate is for another host; use the address that it names";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "the coordinator's certificate is not of an authority that this machine knows; name it with --ca FILE";
    case "":
      return "no coordinator answers there; check address and port, or a proxy on the way";
    default:
      return `the coordinator cannot be reached (${code}); is it running?`;
  }
}

/** The two-way conversation before a session. Buffers, so that no message is lost between steps. */
export class Handshake {
  readonly #socket: WebSocket;
  readonly #inbox: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #closed = false;
  readonly #onMessage = (data: Buffer): void => {
    this.#inbox.push(new Uint8Array(data));
    this.#wake?.();
  };
  readonly #onClose = (): void => {
    this.#closed = true;
    this.#wake?.();
  };

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", this.#onMessage).on("close", this.#onClose);
  }

  send(message: AgentHandshake): void {
    this.#socket.send(encode(message));
  }

  /** @throws {CloisterError} If the coordinator denies, says something else, or hangs up. */
  async expect<T extends CoordinatorHandshake["type"]>(
    type: T,
  ): Promise<Extract<CoordinatorHandshake, { type: T }>> {
    const timer = setTimeout(() => this.#onClose(), HANDSHAKE_MS);
    while (this.#inbox.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
    const bytes = this.#inbox.shift();
    if (!bytes)
      throw new CloisterError(
        "link.closed",
        "the coordinator hung up during the handshake; try again",
        EXIT.unreachable,
      );
    const decoded = decode(CoordinatorHandshake, bytes, LIMITS.controlBytesMax);
    if (!decoded.ok)
      throw new CloisterError(
        "link.protocol",
        `the coordinator sent a ${decoded.code} message; is it a Cloister coordinator of this version?`,
      );
    const { message } = decoded;
    if (message.type === "denied")
      throw new CloisterError(`denied.${message.code}`, message.message, EXIT.refused);
    if (!hasType(message, type))
      throw new CloisterError(
        "link.protocol",
        `the coordinator sent ${message.type} where ${type} was expected`,
      );
    return message;
  }

  /** Hands the socket over; returns what arrived already. */
  release(): Uint8Array[] {
    this.#socket.off("message", this.#onMessage).off("close", this.#onClose);
    return this.#inbox.splice(0);
  }
}

function hasType<T extends CoordinatorHandshake["type"]>(
  message: CoordinatorHandshake,
  type: T,
): message is Extract<CoordinatorHandshake, { type: T }> {
  return message.type === type;
}
