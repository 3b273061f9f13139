/** EDGE: the coordinator's port: plain or TLS, one line when it cannot be had. */
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { badInput } from "../shared/base/errors.ts";
import { readSmallFile } from "../shared/edge/files.ts";
import { isLoopback, listenOn } from "../shared/edge/listen.ts";
import type { CoordinatorConfig } from "./config.ts";

/** @throws {CloisterError} If the configured files are not a certificate and its key. */
export function createServer({ tls }: CoordinatorConfig, listener: RequestListener): Server {
  if (!tls) return createHttpServer(listener);
  const cert = readSmallFile(tls.certPath);
  const key = readSmallFile(tls.keyPath);
  try {
    return createHttpsServer({ cert, key, minVersion: "TLSv1.3" }, listener);
  } catch (cause) {
    const reason = "not a certificate and the key that belongs to it, both in PEM";
    throw badInput("tls.unusable", `${tls.certPath}, ${tls.keyPath}: ${reason}`, cause);
  }
}

/** @returns The port. @throws {CloisterError} If the port is taken, or plain traffic would leave this machine. */
export async function listen(
  server: Server,
  { listen: { host, port }, tls, allowPlain }: CoordinatorConfig,
): Promise<number> {
  if (!tls && !isLoopback(host) && !allowPlain) {
    throw badInput(
      "coordinator.plain",
      `listen.host ${host}: refused without TLS; configure tls, or set allowPlain behind a proxy that speaks TLS`,
    );
  }
  return listenOn(server, { host, port }, { code: "coordinator.listen", portName: "listen.port" });
}
